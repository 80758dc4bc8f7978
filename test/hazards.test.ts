/** What can go wrong around a peer is listed in ARCHITECTURE.md, each with the test that shows what happens then. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test('every hazard of a host has a test of that name', () => {
  const [, section = ''] = read('ARCHITECTURE.md').split('## Hazards of a host');
  const rows = [...section.matchAll(/^\| [^|]*\| `([^`]+)`: “([^”]+)” \|$/gm)];
  assert.ok(rows.length > 40, 'the table was not found');
  const missing = rows.filter(([, file = '', name = '']) => !read(file).includes(name));
  assert.deepEqual(
    missing.map(([row]) => row),
    [],
  );
});
