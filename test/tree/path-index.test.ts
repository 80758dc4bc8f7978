import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashText } from '../../lib/base/hash.ts';
import { pathFault } from '../../lib/base/path.ts';
import { Prng } from '../../lib/testing/prng.ts';
import { PathIndex } from '../../lib/tree/path-index.ts';

const ONE = '\u4e00'.repeat(8);
/** Hashed to the same under every seed: the top bit of a lane passes the multiplication unchanged, and the next block takes it back. */
const OTHER = '\u4e00\uce00\u4e00\u4e00\u4e00\uce00\u4e00\u4e04';

/** One of 2^16 valid paths that all have one hash. */
function colliding(number: number): string {
  let path = '/abc';
  for (let bit = 0; bit < 16; bit += 1) path += (number >> bit) & 1 ? OTHER : ONE;
  return path;
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1000;
}

function fill(paths: readonly string[]): PathIndex {
  const index = new PathIndex();
  paths.forEach((path, row) => {
    index.insert(path, row, hashText(0, path));
  });
  return index;
}

test('paths that were chosen to have one hash cost no more than a few times what others do', () => {
  assert.equal(pathFault(colliding(0xffff)), undefined);
  assert.equal(hashText(0, colliding(0)), hashText(0, colliding(0xffff)));
  const chosen = Array.from({ length: 32_000 }, (_, at) => colliding(at));
  const common = chosen.map((_, at) => `/common/${'x'.repeat(120)}${at}`);
  const usual = cpuMs(() => fill(common));
  const taken = cpuMs(() => {
    const index = fill(chosen);
    for (const [row, path] of chosen.entries()) assert.equal(index.find(path), row);
  });
  // Eight seconds of it, where each was compared with all before it.
  assert.ok(taken < 2000 + 20 * usual, `${taken} ms for chosen paths, ${usual} ms for others`);
});

test('an index finds what is in it, however crowded it is', () => {
  const prng = new Prng(4711);
  const index = new PathIndex();
  const rows = new Map<string, number>();
  const free: number[] = [];
  const pathOf = (number: number): string =>
    number < 1500 ? colliding(number) : `/abc/${(number * 7919) % 3000}`;
  for (let step = 0; step < 60_000; step += 1) {
    const path = pathOf(prng.below(3000));
    const row = rows.get(path);
    assert.equal(index.find(path), row ?? -1);
    assert.equal(index.findParent(`${path}/below`), row ?? -1);
    const isGrowing = step % 20_000 < 12_000;
    if (row !== undefined && prng.below(4) < (isGrowing ? 1 : 3)) {
      index.remove(row);
      rows.delete(path);
      free.push(row);
    } else if (row === undefined && prng.below(4) < (isGrowing ? 3 : 1)) {
      const next = free.pop() ?? rows.size;
      index.insert(path, next, hashText(0, path));
      rows.set(path, next);
    }
    assert.equal(index.size, rows.size);
  }
  for (const [path, row] of rows) assert.equal(index.pathOf(row), path);
});

test('an index to which many are added at once finds each of them meanwhile', () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const prng = new Prng(seed);
    const index = new PathIndex();
    const rows = new Map<string, number>();
    const free: number[] = [];
    const pathOf = (number: number): string =>
      number % 3 === 0 ? colliding(number) : `/abc/${(number * 7919) % 5000}`;
    for (let step = 0; step < 6_000; step += 1) {
      // Most are added unseen, as those of a checkpoint are.
      const isSeen = prng.chance(0.1);
      const path = pathOf(prng.below(3000));
      const row = rows.get(path);
      if (isSeen) {
        assert.equal(index.find(path), row ?? -1);
        assert.equal(index.findParent(`${path}/below`), row ?? -1);
      }
      if (row === undefined) {
        const next = free.pop() ?? rows.size;
        index.insert(path, next, hashText(0, path));
        rows.set(path, next);
      } else if (prng.chance(0.1)) {
        index.remove(row);
        rows.delete(path);
        free.push(row);
      }
      if (prng.chance(0.0005)) index.reserve(prng.below(20_000));
      if (prng.chance(0.0005)) index.settle();
    }
    index.settle();
    assert.equal(index.size, rows.size);
    for (const [path, row] of rows) assert.equal(index.find(path), row);
    for (let number = 3000; number < 3100; number += 1)
      assert.equal(index.find(pathOf(number)), rows.get(pathOf(number)) ?? -1);
  }
});

test('a path that is added twice at once is refused, whether or not the first has its place', () => {
  for (const paths of [
    ['/a', '/a'],
    [colliding(1), colliding(2), colliding(1)],
  ]) {
    const index = new PathIndex();
    index.reserve(10);
    const add = (): void => {
      for (const [row, path] of paths.entries()) index.insert(path, row, hashText(0, path));
      index.settle();
    };
    assert.throws(add, { name: 'InvariantError' });
  }
});
