/**
 * What the package shows to applications changes on purpose only: `REWRITE=1 node --import tsx --test
 * test/client/surface.test.ts` writes it down anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { surfaceOf } from './surface.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(dirname(HERE));

for (const [name, entry, known] of [
  ['quorate', 'index.ts', undefined],
  ['quorate-recipes', 'recipes/index.ts', 'index.ts'],
  ['quorate-testing', 'testing/index.ts', 'index.ts'],
] as const) {
  test(`the declarations of ${name.replace('-', '/')} are those that were written down`, () => {
    const file = join(HERE, 'testdata', `${name}.txt`);
    const surface = surfaceOf(ROOT, entry, known);
    if (process.env.REWRITE !== undefined) writeFileSync(file, surface);
    assert.equal(surface, readFileSync(file, 'utf8'), 'REWRITE=1 writes the new surface down');
  });
}
