import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '../lib/base/errors.ts';
import {
  documentedErrors,
  namedFiles,
  namedSymbols,
  type Sources,
  strangers,
  violations,
} from './house-rules.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Named by guides; only a build makes them, or they are yet to come. */
const NOT_IN_GIT: ReadonlySet<string> = new Set(['dist/', 'docs/', 'lib/gateway/']);

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function sourcesOf(folder: string): Sources {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  const paths = names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
  return Object.fromEntries(paths.map((path) => [path.split(sep).join('/'), read(path)]));
}

describe('the house is in order', () => {
  test('imports run down, pure rooms are pure, nothing is left half done', () => {
    const sources = sourcesOf('lib');
    assert.ok(Object.keys(sources).length > 10, 'the sources were not found');
    assert.deepEqual(violations(sources), []);
  });

  test('every error is documented with its number and its outcome', () => {
    const documented = documentedErrors(read('lib/errors.md'));
    assert.deepEqual([...documented.keys()].sort(), Object.keys(ERRORS).sort());
    for (const [code, { errno, outcome }] of Object.entries(ERRORS)) {
      const expected = { errno: errno === undefined ? '' : String(errno), outcome };
      assert.deepEqual(documented.get(code), expected, code);
    }
  });

  test('every file that a guide names is there', () => {
    const guides = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md'];
    const missing = guides.flatMap((guide) =>
      namedFiles(read(guide))
        .filter((path) => !NOT_IN_GIT.has(path) && !existsSync(join(ROOT, path)))
        .map((path) => `${guide} names ${path}`),
    );
    assert.deepEqual(missing, []);
  });

  test('every name of code in ARCHITECTURE.md is one', () => {
    const words = new Set(Object.values(sourcesOf('lib')).join('\n').match(/\w+/g));
    const symbols = namedSymbols(read('ARCHITECTURE.md'));
    assert.ok(symbols.length > 30, 'the names were not found');
    assert.deepEqual(
      symbols.filter((symbol) => !words.has(symbol)),
      [],
    );
  });

  test('nothing stands at the top level that a reader would not expect there', () => {
    const names = readdirSync(ROOT);
    const ignored = names.filter((name) => ignoredByGit(name));
    assert.deepEqual(strangers(names, new Set(ignored)), []);
  });
});

/** Enough of the language of .gitignore for ours: plain names, folders, and `*.ending`. */
function ignoredByGit(name: string): boolean {
  const patterns = read('.gitignore').split('\n').filter(Boolean);
  return patterns.some((pattern) => {
    const plain = pattern.replace(/^\/|\/$/g, '');
    return plain.startsWith('*') ? name.endsWith(plain.slice(1)) : name === plain;
  });
}

describe('each rule can be broken', () => {
  const breaks: readonly (readonly [path: string, source: string, expected: RegExp])[] = [
    ['lib/zab/a.ts', `import { x } from '../wire/x.ts';`, /zab\/ imports up: wire\//],
    ['lib/zab/a.ts', `import type { X } from '../tree/x.ts';`, /zab\/ imports sideways: tree\//],
    ['lib/base/a.ts', `export { x } from '../zab/x.ts';`, /base\/ imports up: zab\//],
    ['lib/storage/a.ts', `import '../transport/x.ts';`, /storage\/ imports sideways: transport\//],
    ['lib/peer/a.ts', `const x = import('../client/x.ts');`, /peer\/ imports up: client\//],
    ['lib/tree/a.ts', `type X = import('../session/x.ts').X;`, /tree\/ imports sideways: session/],
    ['lib/client/a.ts', `import { x } from '../testing/x.ts';`, /lib imports testing\//],
    ['lib/index.ts', `export { x } from './testing/x.ts';`, /lib imports testing\//],
    ['lib/index.ts', `import { x } from '../test/x.ts';`, /not shipped/],
    ['lib/peer/a.ts', `import { x } from '../index.ts';`, /imports the public list/],
    [
      'lib/recipes/a.ts',
      `import { x } from '../peer/x.ts';`,
      /recipes\/ stands on client\/ and base\//,
    ],
    ['lib/peer/a.ts', `import { x } from '../cellar/x.ts';`, /stands on no floor/],
    ['lib/peer/a.ts', `import { WebSocket } from 'ws';`, /only transport may import ws/],
    ['lib/peer/a.ts', `import leftPad from 'left-pad';`, /left-pad is not a dependency/],
    ['lib/wire/a.ts', `import { crc32 } from 'node:zlib';`, /pure but imports node:zlib/],
    ['lib/zab/a.ts', 'const now = Date.now();', /uses a clock/],
    ['lib/zab/a.ts', 'const now = performance.now();', /uses a clock/],
    ['lib/session/a.ts', 'setTimeout(f, 1);', /uses a timer/],
    ['lib/tree/a.ts', 'const x = Math.random();', /uses random/],
    ['lib/tree/a.ts', 'const x = crypto.randomUUID();', /uses random/],
    ['lib/tree/a.ts', 'names.sort((a, b) => a.localeCompare(b));', /uses localeCompare/],
    ['lib/wire/a.ts', 'const b: Buffer = f();', /uses Buffer/],
    ['lib/replica/a.ts', 'async function f() {}', /uses async/],
    ['lib/replica/a.ts', 'const f = async () => 1;', /uses async/],
    ['lib/replica/a.ts', 'class A { async f() {} }', /uses async/],
    ['lib/replica/a.ts', 'await f();', /uses await/],
    ['lib/replica/a.ts', 'let p: Promise<void>;', /uses a promise/],
    ['lib/base/a.ts', 'if (process.env.DEBUG) f();', /uses the process/],
    ['lib/base/a.ts', 'f({ process });', /uses the process/],
    ['lib/recipes/a.ts', 'const s = AbortSignal.any([a, b]);', /use abortWith/],
    ['lib/peer/a.ts', '// TO' + 'DO: later', /lib\/peer\/a\.ts:1: TO/],
    ['lib/peer/a.ts', '\n// @ts' + '-ignore', /lib\/peer\/a\.ts:2: @ts/],
  ];
  for (const [path, source, expected] of breaks) {
    test(`${path}: ${source.trim()}`, () => {
      const found = violations({ [path]: source });
      assert.ok(found.length > 0, 'nothing was found');
      assert.match(found.join('\n'), expected);
    });
  }

  const keeps: Sources = {
    'lib/replica/a.ts': `import { x } from '../zab/x.ts'; import { y } from './y.ts';`,
    'lib/wire/a.ts': `import { Encoder } from 'cbor-x'; import { z } from '../tree/z.ts';`,
    'lib/testing/a.ts': `import { x } from '../client/x.ts'; import { y } from '../zab/y.ts';`,
    'lib/peer/a.ts': `import { x } from 'node:fs'; async function f() { await x(Date.now()); }`,
    'lib/zab/a.ts': `// Date.now() and await\nconst s = 'setTimeout'; const o = { process: 1 }; o.process;`,
    'lib/tree/a.ts': 'interface A { process: number; performance(): void }',
    'lib/base/errors.ts': 'interface Details { settled?: Promise<string> }',
    'lib/index.ts': `export { openPeer } from './client/open-peer.ts';`,
  };
  for (const [path, source] of Object.entries(keeps)) {
    test(`is kept by ${path}: ${source}`, () => {
      assert.deepEqual(violations({ [path]: source }), []);
    });
  }

  test('an error that no table knows, or with another number, is seen', () => {
    const rows = documentedErrors(
      '| code | number |\n|---|---|\n| `NO_NODE` | -101 | not-applied | x |',
    );
    assert.deepEqual([...rows], [['NO_NODE', { errno: '-101', outcome: 'not-applied' }]]);
  });

  test('a file that a guide names is found in its room', () => {
    const guide = 'in `zab/zab.ts` and `test/sim/` but not `npm test` or `Zab.step`';
    assert.deepEqual(namedFiles(guide), ['lib/zab/zab.ts', 'test/sim/']);
  });

  test('a name of code is told from a word', () => {
    const guide = '`planSync` and `Zab.elected`, not `currentepoch`, `zab/zab.ts`, `README.md`';
    assert.deepEqual(namedSymbols(guide), ['planSync', 'Zab']);
    assert.deepEqual(namedSymbols('`Zab.isElected`'), ['Zab', 'isElected']);
  });

  test('a stranger at the top level is seen, a dotfile or an ignored folder is not', () => {
    const names = ['lib', 'README.md', '.ci', 'dist', 'notes.md', 'scripts'];
    assert.deepEqual(strangers(names, new Set(['dist'])), ['notes.md', 'scripts']);
  });
});
