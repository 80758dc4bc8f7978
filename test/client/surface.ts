/** The public declarations as text: what the package exports, and what that refers to. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/**
 * The declarations of an entry of `lib/`, without comments, sorted by name.
 * @param known another entry, whose declarations are not repeated
 */
export function surfaceOf(root: string, entry: string, known?: string): string {
  const program = declarations(root);
  const checker = program.getTypeChecker();
  const texts = new Map<string, string>();
  const exported = exportsOf(root, entry);
  const waiting = exported.map((symbol) => ({ name: symbol.name, symbol, isExported: true }));
  const others = known === undefined ? [] : exportsOf(root, known);
  const seen = new Set(others.map((symbol) => resolve(checker, symbol)));
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const symbol = resolve(checker, next.symbol);
    if (seen.has(symbol) || (symbol.flags & ts.SymbolFlags.TypeParameter) !== 0) continue;
    seen.add(symbol);
    const own = (symbol.declarations ?? []).filter((node) => isOwn(root, node));
    if (own.length === 0) continue;
    const text = own.map((node) => textOf(node)).join('\n');
    texts.set(`${next.name}${next.isExported ? '' : ' (not exported)'}`, text);
    for (const name of own.flatMap((node) => namesIn(node))) {
      const referred = checker.getSymbolAtLocation(name);
      if (referred !== undefined)
        waiting.push({ name: name.text, symbol: referred, isExported: false });
    }
  }
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, text]) => `── ${name}\n${text}\n`).join('\n');
}

function exportsOf(root: string, entry: string): readonly ts.Symbol[] {
  const program = declarations(root);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(root, 'lib', entry.replace(/\.ts$/, '.d.ts')));
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`lib/${entry} is no module`);
  return checker.getExportsOfModule(module);
}

let built: ts.Program | undefined;

/** A program of the declarations that the package would ship, which are never written. */
function declarations(root: string): ts.Program {
  if (built !== undefined) return built;
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, 'lib', name));
  const files = new Map<string, string>();
  const compilerOptions = { ...options, removeComments: true };
  for (const path of sources) {
    const { outputText } = ts.transpileDeclaration(ts.sys.readFile(path) ?? '', {
      fileName: path,
      compilerOptions,
    });
    files.set(path.replace(/\.ts$/, '.d.ts'), outputText);
  }
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || (!isSource(root, path) && fileExists(path));
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, target) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, target, true);
  };
  built = ts.createProgram([...files.keys()], { ...options, noEmit: true }, host);
  return built;
}

function isSource(root: string, path: string): boolean {
  return path.startsWith(join(root, 'lib')) && !path.endsWith('.d.ts');
}

function isOwn(root: string, node: ts.Node): boolean {
  return node.getSourceFile().fileName.startsWith(join(root, 'lib'));
}

function resolve(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** On one line whatever does not need more, without what a move between files changes. */
function textOf(node: ts.Node): string {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return statement
    .getText()
    .replaceAll(/^export |^declare |^export declare /gm, '')
    .replaceAll(/^ {4}/gm, '  ');
}

/** Every name of a type that the declaration refers to. */
function namesIn(node: ts.Node): ts.Identifier[] {
  const names: ts.Identifier[] = [];
  const visit = (child: ts.Node): void => {
    const isName =
      ts.isIdentifier(child) &&
      (ts.isTypeReferenceNode(child.parent) ||
        ts.isExpressionWithTypeArguments(child.parent) ||
        ts.isTypeQueryNode(child.parent));
    if (isName) names.push(child);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return names;
}
