/** The programs that documents show, made files that import this checkout. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Guides outside of the recipes whose programs are whole. */
export const GUIDES: readonly string[] = [
  'README.md',
  'lib/client/guide.md',
  'lib/peer/deployment.md',
  'lib/peer/zoo-cfg.md',
  'lib/testing/guide.md',
];

/** The fenced programs of a Markdown file in one language, in their order. */
export function programsOf(path: string, language: 'ts' | 'js'): string[] {
  const text = readFileSync(path, 'utf8');
  const fences = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(fences)].map(([, source = '']) => source);
}

/** The examples in the comments of the sources that are whole programs: those that import quorate. */
export function examplesIn(folder: string): { readonly file: string; readonly source: string }[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const fences = text.matchAll(/^ *\* ```ts\n([\s\S]*?)^ *\* ```$/gm);
      return [...fences].map(([, lines = '']) => ({ file, source: uncommented(lines) }));
    })
    .filter(({ source }) => source.includes(`from 'quorate`));
}

/** Makes a program a file of its own in a folder, with the entries of this checkout. @returns its path */
export function writeProgram(folder: string, name: string, source: string): string {
  const path = join(folder, `${name}.mts`);
  const entry = (file: string) => JSON.stringify(join(ROOT, 'lib', file));
  const own = source
    .replaceAll(`'quorate'`, entry('index.ts'))
    .replaceAll(`'quorate/recipes'`, entry('recipes/index.ts'))
    .replaceAll(`'quorate/testing'`, entry('testing/index.ts'));
  writeFileSync(path, own);
  return path;
}

/** What the compiler says against programs, under the options of this checkout. */
export function typeErrors(programs: readonly string[]): string[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const program = ts.createProgram(programs, {
    ...options,
    typeRoots: [join(ROOT, 'node_modules', '@types')],
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
  });
  const wrong = programs.flatMap((path) => {
    const source = program.getSourceFile(path);
    if (source === undefined) throw new Error(`${path} is not in the program`);
    return [...program.getSemanticDiagnostics(source), ...program.getSyntacticDiagnostics(source)];
  });
  return wrong.map(({ file, messageText }) => {
    return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

function uncommented(lines: string): string {
  return lines.replaceAll(/^ *\* ?/gm, '');
}
