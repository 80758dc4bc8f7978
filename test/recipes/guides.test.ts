/** What the guides and the docstrings of the recipes show is right by its types, and runs. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ROOM = join(ROOT, 'lib', 'recipes');
const folder = mkdtempSync(join(tmpdir(), 'quorate-recipes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The programs of a file: fenced, in a guide or behind the stars of a docstring. */
function programsOf(file: string): string[] {
  const text = readFileSync(join(ROOM, file), 'utf8');
  const plain = file.endsWith('.md') ? text : text.replaceAll(/^ *\* ?/gm, '');
  return [...plain.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, source = '']) => source);
}

function write(file: string, at: number, source: string): string {
  const path = join(folder, `${file.replaceAll('.', '-')}-${at}.mts`);
  const entry = (name: string) => JSON.stringify(join(ROOT, 'lib', name));
  const own = source
    .replaceAll(`'quorate'`, entry('index.ts'))
    .replaceAll(`'quorate/recipes'`, entry('recipes/index.ts'));
  writeFileSync(path, own);
  return path;
}

const files = readdirSync(ROOM);
const programs = files.flatMap((file) => {
  return programsOf(file).map((source, at) => write(file, at, source));
});

test('every recipe has a guide with a program, and one in its docstring', () => {
  for (const file of readdirSync(ROOM).filter((one) => one.endsWith('.md'))) {
    const name = file.slice(0, -'.md'.length);
    assert.ok(programsOf(`${name}.md`).length > 0, name);
    assert.ok(programsOf(`${name}.ts`).length > 0, name);
  }
});

test('every program is right by its types', () => {
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
    return source === undefined ? [] : [...program.getSemanticDiagnostics(source)];
  });
  assert.deepEqual(
    wrong.map(({ file, messageText }) => {
      return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    }),
    [],
  );
});

for (const path of programs) {
  test(`${path.slice(folder.length + 1)} runs to its end`, async () => {
    await import(pathToFileURL(path).href);
  });
}
