/** What the guides and the docstrings of the recipes show is right by its types, and runs. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { typeErrors, writeProgram } from '../programs.ts';

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

const files = readdirSync(ROOM, { recursive: true, encoding: 'utf8' }).filter((file) => {
  return /\.(?:md|ts)$/.test(file);
});
const programs = files.flatMap((file) => {
  const name = file.replaceAll(/\W/g, '-');
  return programsOf(file).map((source, at) => writeProgram(folder, `${name}-${at}`, source));
});

test('every recipe has a guide with a program, and one in its docstring', () => {
  for (const file of readdirSync(ROOM).filter((one) => one.endsWith('.md'))) {
    const name = file.slice(0, -'.md'.length);
    assert.ok(programsOf(`${name}.md`).length > 0, name);
    assert.ok(programsOf(`${name}.ts`).length > 0, name);
  }
});

test('every program is right by its types', () => {
  assert.deepEqual(typeErrors(programs), []);
});

for (const path of programs) {
  test(`${path.slice(folder.length + 1)} runs to its end`, async () => {
    await import(pathToFileURL(path).href);
  });
}
