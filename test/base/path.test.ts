import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isBelow,
  isSystemPath,
  joinPath,
  nameOf,
  PATH_MAX,
  type PathFault,
  parentOf,
  pathFault,
  sequenceSuffix,
} from '../../lib/base/path.ts';

const faults: readonly (readonly [string, PathFault | undefined, (PathFault | undefined)?])[] = [
  ['/', undefined],
  ['/a', undefined],
  ['/a/b.c/...', undefined],
  ['/a..b/.x/..y', undefined],
  ['/grüße/日本', undefined],
  ['/a b', undefined],
  ['', 'empty', 'empty'],
  ['a', 'not absolute', 'not absolute'],
  ['/a/', 'trailing slash', undefined],
  ['//', 'empty name', 'empty name'],
  ['/a//b', 'empty name', 'empty name'],
  ['/.', 'relative name', undefined],
  ['/a/..', 'relative name', undefined],
  ['/./a', 'relative name', 'relative name'],
  ['/../a', 'relative name', 'relative name'],
  ['/a\0', 'null character', 'null character'],
  ['/a\u0001', 'forbidden character', 'forbidden character'],
  ['/a\u001f', 'forbidden character', 'forbidden character'],
  ['/a\u007f', 'forbidden character', 'forbidden character'],
  ['/a\u009f', 'forbidden character', 'forbidden character'],
  ['/a\u00a0', undefined],
  ['/a\ud83d\ude00', 'forbidden character', 'forbidden character'],
  ['/a\uf8ff', 'forbidden character', 'forbidden character'],
  ['/a\uf900', undefined],
  ['/a\ufff0', 'forbidden character', 'forbidden character'],
  [`/${'x'.repeat(PATH_MAX - 1)}`, undefined],
  [`/${'x'.repeat(PATH_MAX)}`, 'too long', 'too long'],
];

for (const [path, fault, sequential] of faults) {
  test(`${JSON.stringify(path.slice(0, 20))} is ${fault ?? 'a path'}`, () => {
    assert.equal(pathFault(path), fault);
    assert.equal(pathFault(path, true), sequential);
  });
}

test('paths come apart and together', () => {
  assert.deepEqual(['/a/b/c', '/a', '/'].map(parentOf), ['/a/b', '/', '/']);
  assert.deepEqual(['/a/b/c', '/a', '/'].map(nameOf), ['c', 'a', '']);
  assert.equal(joinPath('/', 'a'), '/a');
  assert.equal(joinPath('/a', 'b'), '/a/b');
});

test('below is not beside, and not the node itself', () => {
  assert(isBelow('/a/b', '/a') && isBelow('/a', '/') && isBelow('/a/b/c', '/a'));
  assert(
    !isBelow('/ab', '/a') && !isBelow('/a', '/a') && !isBelow('/', '/') && !isBelow('/a', '/a/b'),
  );
});

test('a sequential name has ten digits', () => {
  assert.equal(sequenceSuffix(0), '0000000000');
  assert.equal(sequenceSuffix(2_147_483_647), '2147483647');
});

test("four nodes are the system's", () => {
  assert(isSystemPath('/') && isSystemPath('/zookeeper/quota'));
  assert(!isSystemPath('/zookeeper/quota/a'));
});
