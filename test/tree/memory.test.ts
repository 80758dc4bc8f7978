/** The parts that hold a million nodes: sorted children, slabs, rows, index. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashText } from '../../lib/base/hash.ts';
import { BytePool } from '../../lib/tree/byte-pool.ts';
import { ChildList } from '../../lib/tree/child-list.ts';
import { PathIndex } from '../../lib/tree/path-index.ts';
import { TRUSTED } from '../../lib/tree/reader.ts';
import { RecentTexts } from '../../lib/tree/recent-texts.ts';
import { Slabs } from '../../lib/tree/slabs.ts';
import { bytes, create, outcome, remove, set, World } from './world.ts';

test('children are sorted and paged, in whatever order they come and go', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.nat(2000)), { maxLength: 1500, size: 'max' }),
      fc.nat(2000),
      (actions, from) => {
        const list = new ChildList();
        const model = new Set<string>();
        for (const [adding, number] of actions) {
          const path = `/p/${number}`;
          if (adding && !model.has(path)) list.insert(path);
          if (!adding && model.has(path)) list.remove(path);
          if (adding) model.add(path);
          else model.delete(path);
        }
        const sorted = [...model].sort();
        assert.deepEqual([...list.paths()], sorted);
        assert.equal(list.size, sorted.length);
        const after = `/p/${from}`;
        const expected = sorted.filter((path) => path > after).map((path) => path.slice(3));
        assert.deepEqual(list.names(3, after, 7), expected.slice(0, 7));
        assert.deepEqual(list.names(3, after, Number.POSITIVE_INFINITY), expected);
        assert.deepEqual(
          [...list.paths(after)].map((path) => path.slice(3)),
          expected,
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('many chunks of children split, fill up and join again', () => {
  const list = new ChildList();
  const names = Array.from(
    { length: 3000 },
    (_, index) => `/${String((index * 7919) % 3000).padStart(4, '0')}`,
  );
  for (const name of names) list.insert(name);
  const sorted = [...names].sort();
  assert.deepEqual([...list.paths()], sorted);
  for (const name of names.slice(0, 2900)) list.remove(name);
  assert.deepEqual([...list.paths()], names.slice(2900).sort());
  for (const name of names.slice(2900)) list.remove(name);
  assert.deepEqual([list.size, [...list.paths()], list.names(1, '', 10)], [0, [], []]);
});

test('children with numbers that rise, and have no leading zeros, are sorted', () => {
  const list = new ChildList();
  const names = Array.from({ length: 12_000 }, (_, number) => `/p/${number}`);
  for (const [at, name] of names.entries()) {
    list.insert(name);
    // Where the last one was put is another place now, or none.
    if (at % 500 === 499) {
      for (const gone of names.slice(at - 300, at + 1)) list.remove(gone);
      for (const again of names.slice(at - 300, at + 1)) list.insert(again);
    }
  }
  assert.deepEqual([...list.paths()], [...names].sort());
  assert.equal(list.size, names.length);
});

test('slabs keep what was put, give up what is dead, and move the living', () => {
  const put = fc.record({
    row: fc.nat(200),
    length: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 8000, max: 20_000 })),
  });
  fc.assert(
    fc.property(fc.array(put, { minLength: 100, maxLength: 900, size: 'max' }), (puts) => {
      const places = new Map<number, { slab: number; offset: number }>();
      const model = new Map<number, Uint8Array>();
      const pool = new BytePool();
      const slabs = new Slabs({ moved: (row, slab, offset) => places.set(row, { slab, offset }) });
      for (const [index, { row, length }] of puts.entries()) {
        const data = new Uint8Array(length).fill(index);
        const place = places.get(row);
        if (place === undefined) places.set(row, slabs.put(row, data));
        else if (!slabs.overwrite(place.slab, place.offset, data)) {
          slabs.free(place.slab, place.offset);
          places.set(row, slabs.put(row, data));
        }
        model.set(row, data);
      }
      for (const [row, { slab, offset }] of places)
        assert.deepEqual(slabs.copy(slab, offset, pool), model.get(row));
      const living = [...model.values()].reduce((sum, { length }) => sum + length, 0);
      assert(slabs.capacity < living * 3 + 1_000_000, `${slabs.capacity} bytes for ${living}`);
      for (const row of [...places.keys()]) {
        const { slab, offset } = places.get(row) ?? { slab: -1, offset: -1 };
        slabs.free(slab, offset);
      }
      assert(slabs.capacity <= 0x8_0000, `${slabs.capacity} bytes for nothing`);
    }),
    { numRuns: 40 },
  );
});

test('a byte string is freed once', () => {
  const slabs = new Slabs({ moved: () => undefined });
  const { slab, offset } = slabs.put(1, bytes('once'));
  slabs.free(slab, offset);
  assert.throws(() => slabs.free(slab, offset), { name: 'InvariantError' });
});

function insert(index: PathIndex, path: string, row: number): void {
  index.insert(path, row, hashText(0, path));
}

test('the index finds what was inserted and not what was removed', () => {
  const index = new PathIndex();
  const path = (row: number): string => `/some/where/${row % 7}/node-${row}`;
  for (let row = 0; row < 10_000; row += 1) insert(index, path(row), row);
  for (let row = 0; row < 10_000; row += 3) index.remove(row);
  for (let row = 0; row < 10_000; row += 1)
    assert.equal(index.find(path(row)), row % 3 === 0 ? -1 : row);
  assert.equal(index.pathOf(3), '');
  assert.equal(index.pathOf(4), path(4));
  assert.equal(index.size, 6666);
  insert(index, '/x', 3);
  assert.deepEqual([index.find('/x'), index.pathOf(3)], [3, '/x']);
  assert.throws(() => index.pathOf(50_000), { name: 'InvariantError' });
});

test('the index finds what waits for its place, and admits no path twice', () => {
  const index = new PathIndex();
  index.reserve(10_000);
  const path = (row: number): string => `/some/where/${row % 7}/node-${row}`;
  for (let row = 0; row < 50_000; row += 1) {
    insert(index, path(row), row);
    // Nothing else makes it find its place at once.
    if (row % 11 === 0) assert.equal(index.find(path(row)), row);
    if (row % 1_000 === 999) index.remove(row);
  }
  const twice = (): void => {
    insert(index, path(5), 49_999);
    index.settle();
  };
  assert.throws(twice, { name: 'InvariantError' });
  index.settle();
  for (let row = 0; row < 49_999; row += 1) {
    assert.equal(index.find(path(row)), row % 1_000 === 999 ? -1 : row);
  }
});

test('the index is a Map, whatever comes and goes', () => {
  const index = new PathIndex();
  const model = new Map<string, number>();
  const free: number[] = [];
  let random = 1;
  for (let step = 0; step < 60_000; step += 1) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    const path = `/a/${(random >>> 8) % 3000}`;
    const row = model.get(path);
    assert.equal(index.find(path), row ?? -1);
    assert.equal(index.findParent(`${path}/below`), row ?? -1);
    if (row === undefined) {
      const next = free.pop() ?? model.size;
      insert(index, path, next);
      model.set(path, next);
      // A phase in which it mostly grows, and one in which it mostly shrinks.
    } else if (random % 4 < 1 + 2 * (Math.floor(step / 10_000) % 2)) {
      index.remove(row);
      free.push(row);
      model.delete(path);
    }
  }
  assert.equal(index.size, model.size);
  for (const [path, row] of model)
    assert.deepEqual([index.find(path), index.pathOf(row)], [row, path]);
});

test('the index knows who is above, and refuses a path twice', () => {
  const index = new PathIndex();
  for (const [row, path] of ['/', '/a', '/a/b', '/ab'].entries()) insert(index, path, row);
  const above = ['/', '/a', '/a/b', '/ab', '/a/b/c', '/ab/c', '/abc/d'];
  assert.deepEqual(
    above.map((path) => index.findParent(path)),
    [0, 0, 1, 0, 2, 3, -1],
  );
  assert.throws(() => insert(index, '/a/b', 4), { name: 'InvariantError' });
});

test('a tree of many thousands grows, shrinks and gives its rows again', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/many'));
  const { tree } = world.state;
  const empty = tree.digest;
  const bytesBefore = tree.bytes;
  const names = Array.from({ length: 9000 }, (_, index) => `/many/${(index * 31) % 9000}`);
  for (const name of names)
    world.do(session, create(name, { data: name.repeat(1 + (name.length % 3)) }));
  assert.equal(world.state.nodeCount, 9005);
  const rows = tree.rows;
  for (const name of names) assert.equal(outcome(world.do(session, remove(name))), 'delete');
  assert.notEqual(tree.digest, empty);
  assert.equal(tree.bytes, bytesBefore);
  for (const name of names.slice(0, 100)) world.do(session, create(name));
  assert.equal(tree.rows, rows);
  const counted = world.state.countDescendants('/many', TRUSTED);
  assert.equal(counted.type === 'count' && counted.count, 100);
  const all = world.state.countDescendants('/', TRUSTED);
  assert.equal(all.type === 'count' && all.count, 104);
});

test('data of every size is what was set', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/a'));
  for (const length of [0, 1, 63, 64, 65, 1023, 1025, 8191, 8193, 100_000, 0x10_0000, 5, 0]) {
    const data = 'x'.repeat(length);
    assert.equal(outcome(world.do(session, set('/a', data))), 'set');
    const found = world.state.get('/a', TRUSTED);
    assert(found.type === 'get');
    assert.deepEqual(found.data, bytes(data));
    assert.equal(found.stat.dataLength, length);
  }
});

test('nodes that share a place of the recent texts are not taken for each other', () => {
  const texts = new RecentTexts();
  texts.keep(1, 'one');
  texts.keep(1 + 4096, 'other');
  assert.equal(texts.get(1), undefined);
  texts.forget(1);
  assert.equal(texts.get(1 + 4096), 'other');
  texts.forget(1 + 4096);
  assert.equal(texts.get(1 + 4096), undefined);
  texts.keep(2, 'x'.repeat(100_000));
  assert.equal(texts.get(2), undefined, 'a long text would fill the memory');
});

test('text is what the data says, however often it is read and whatever stood there before', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/a'));
  for (const text of ['', 'x', 'größer', '\ufeffa', 'y'.repeat(3000), '', 'x']) {
    world.do(session, set('/a', text));
    for (let time = 0; time < 2; time += 1) {
      const found = world.state.getText('/a', TRUSTED);
      assert.equal(found.type === 'get-text' && found.text, text);
    }
  }
  world.do(session, remove('/a'));
  world.do(session, create('/a', { data: Uint8Array.of(0xff, 0x61) }));
  const found = world.state.getText('/a', TRUSTED);
  assert.deepEqual(found.type === 'get-text' && [found.text, found.stat.dataLength], [
    undefined,
    2,
  ]);
});

test('a subtree comes parents first, siblings sorted; ephemerals by the text they begin with', () => {
  const world = new World();
  const session = world.open();
  for (const path of ['/r/b/x', '/r/a/y', '/r/a-b'])
    world.do(session, create(path, { parents: true }));
  for (const path of ['/r/e1', '/r/e2', '/e'])
    world.do(session, create(path, { mode: 'ephemeral' }));
  const found = world.state.subtree('/r', TRUSTED);
  assert(found.type === 'subtree');
  const paths = found.nodes.map(({ path }) => path);
  assert.deepEqual(paths, ['/r', '/r/a', '/r/a/y', '/r/a-b', '/r/b', '/r/b/x', '/r/e1', '/r/e2']);
  assert.deepEqual(world.state.ephemerals(session, '/r/e'), ['/r/e1', '/r/e2']);
  assert.deepEqual(world.state.ephemerals(session), ['/e', '/r/e1', '/r/e2']);
  assert.deepEqual(world.state.ephemerals(99n), []);
});

test('a node that the reader may not read is left out of a subtree, what is below it not', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/r/secret', { parents: true }));
  world.do(session, create('/r/secret/open'));
  world.do(session, {
    type: 'set-acl',
    path: '/r/secret',
    version: -1,
    acl: [{ scheme: 'digest', id: 'a:b', permissions: 31 }],
  });
  const found = world.state.subtree('/r', { identities: [] });
  assert(found.type === 'subtree');
  assert.deepEqual(
    found.nodes.map(({ path }) => path),
    ['/r', '/r/secret/open'],
  );
});
