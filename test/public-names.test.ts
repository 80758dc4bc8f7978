/** Whatever can be imported is shown by a program that is compiled, and says what it is. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { examplesIn, GUIDES, programsOf } from './programs.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LIB = join(ROOT, 'lib');
const ENTRIES = { quorate: 'index.ts', 'quorate/recipes': 'recipes/index.ts' } as const;
type Entry = keyof typeof ENTRIES;

const program = ts.createProgram(
  Object.values(ENTRIES).map((file) => join(LIB, file)),
  { allowImportingTsExtensions: true, noEmit: true, strict: true, target: ts.ScriptTarget.ES2023 },
);
const checker = program.getTypeChecker();

/** What an entry exports, behind its aliases. */
function exportsOf(entry: Entry): ts.Symbol[] {
  const file = program.getSourceFile(join(LIB, ENTRIES[entry]));
  const module = file && checker.getSymbolAtLocation(file);
  assert.ok(module, `${entry} is not to be read`);
  return checker.getExportsOfModule(module).map((symbol) => {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return isAlias ? checker.getAliasedSymbol(symbol) : symbol;
  });
}

/** All programs that other tests compile: those of the guides, and those in docstrings. */
function sources(): string[] {
  const room = join(LIB, 'recipes');
  const guides = readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(room, file));
  const all = [...GUIDES.map((guide) => join(ROOT, guide)), ...guides];
  return [
    ...all.flatMap((path) => programsOf(path, 'ts')),
    ...examplesIn(LIB).map(({ source }) => source),
  ];
}

/** What a program imports of an entry. */
function importsOf(source: string, entry: Entry): string[] {
  const file = ts.createSourceFile('program.mts', source, ts.ScriptTarget.ES2023);
  return file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement)) return [];
    const from = statement.moduleSpecifier;
    const names = statement.importClause?.namedBindings;
    if (!ts.isStringLiteral(from) || from.text !== entry) return [];
    if (names === undefined || !ts.isNamedImports(names)) return [];
    return names.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
  });
}

/** The types that whoever uses it sees: of its public members and parameters, never of what is inside. */
function typesIn(symbol: ts.Symbol): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node) || ts.isPrivateIdentifier(node)) return;
    if (ts.isClassElement(node) && node.name && ts.isPrivateIdentifier(node.name)) return;
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  for (const declaration of symbol.declarations ?? []) visit(declaration);
  return names;
}

/** Shown by a program, or a type of something that is. */
function shown(symbols: readonly ts.Symbol[], imported: ReadonlySet<string>): Set<ts.Symbol> {
  const found = new Set(symbols.filter(({ name }) => imported.has(name)));
  for (const symbol of found) {
    const types = typesIn(symbol);
    for (const one of symbols) {
      if ((one.flags & ts.SymbolFlags.Value) === 0 && types.has(one.name)) found.add(one);
    }
  }
  return found;
}

const all = sources();

for (const entry of ['quorate', 'quorate/recipes'] as const) {
  describe(`every name of ${entry}`, () => {
    const symbols = exportsOf(entry);

    test('is shown by a program that is compiled', () => {
      assert.ok(symbols.length > 10, 'the names were not found');
      const imported = new Set(all.flatMap((source) => importsOf(source, entry)));
      const found = shown(symbols, imported);
      const missing = symbols.filter((symbol) => !found.has(symbol)).map(({ name }) => name);
      assert.deepEqual(missing, []);
    });

    test('says what it is', () => {
      const mute = symbols.filter((symbol) => {
        return symbol.getDocumentationComment(checker).length === 0;
      });
      assert.deepEqual(
        mute.map(({ name }) => name),
        [],
      );
    });
  });
}
