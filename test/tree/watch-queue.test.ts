import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import { WatchLatest } from '../../lib/tree/watch-latest.ts';
import { type PathChange, WatchQueue, type WatchUpdate } from '../../lib/tree/watch-queue.ts';

function at(counter: number): Zxid {
  return makeZxid(1, counter);
}

function created(path: string, node: number): PathChange<number> {
  return { type: 'created', path, node };
}
function changed(path: string, node: number): PathChange<number> {
  return { type: 'changed', path, node };
}
function deleted(path: string): PathChange<number> {
  return { type: 'deleted', path };
}

describe('a queue of transactions', () => {
  it('hands them out one by one while the consumer keeps up', () => {
    const queue = new WatchQueue<number>(at(1), 3);
    queue.push(at(2), [created('/a', 2)]);
    queue.push(at(4), [changed('/a', 4), created('/a/b', 4)]);
    assert.equal(queue.size, 3);
    assert.deepEqual(queue.take(), {
      kind: 'transaction',
      zxid: at(2),
      changes: [created('/a', 2)],
    });
    assert.deepEqual(queue.take(), {
      kind: 'transaction',
      zxid: at(4),
      changes: [changed('/a', 4), created('/a/b', 4)],
    });
    assert.equal(queue.take(), undefined);
  });

  it('folds all that waits into one gap when one change too many waits', () => {
    const queue = new WatchQueue<number>(at(1), 2);
    queue.push(at(2), [created('/a', 2)]);
    queue.push(at(3), [created('/b', 3)]);
    queue.push(at(5), [changed('/a', 5)]);
    queue.push(at(6), [deleted('/b')]);
    assert.deepEqual(queue.take(), {
      kind: 'gap',
      from: at(1),
      zxid: at(6),
      changes: [created('/a', 5)],
    });
    queue.push(at(7), [deleted('/a')]);
    assert.deepEqual(queue.take(), { kind: 'transaction', zxid: at(7), changes: [deleted('/a')] });
  });

  it('says where a gap begins after some transactions were taken', () => {
    const queue = new WatchQueue<number>(at(1), 2);
    queue.push(at(2), [created('/a', 2)]);
    queue.push(at(3), [changed('/a', 3)]);
    queue.take();
    queue.push(at(4), [changed('/a', 4), created('/b', 4)]);
    const gap = queue.take();
    assert.deepEqual(gap, {
      kind: 'gap',
      from: at(2),
      zxid: at(4),
      changes: [changed('/a', 4), created('/b', 4)],
    });
  });

  it('tells a gap even if nothing is different after it', () => {
    const queue = new WatchQueue<number>(at(1), 1);
    queue.push(at(2), [created('/a', 2)]);
    queue.push(at(3), [deleted('/a')]);
    assert.deepEqual(queue.take(), { kind: 'gap', from: at(1), zxid: at(3), changes: [] });
    assert.equal(queue.take(), undefined);
  });

  it('folds a jump at once: its history is not known', () => {
    const queue = new WatchQueue<number>(at(1), 100);
    queue.push(at(2), [created('/a', 2)]);
    queue.jump(at(9), [changed('/a', 8), deleted('/b')]);
    assert.deepEqual(queue.take(), {
      kind: 'gap',
      from: at(1),
      zxid: at(9),
      changes: [deleted('/b'), created('/a', 8)],
    });
    queue.jump(at(12), []);
    assert.deepEqual(queue.take(), { kind: 'gap', from: at(9), zxid: at(12), changes: [] });
  });

  it('has nothing to tell of a transaction that changed nothing here', () => {
    const queue = new WatchQueue<number>(at(1), 1);
    queue.push(at(2), []);
    assert.equal(queue.take(), undefined);
  });

  it('refuses to go back in time', () => {
    const queue = new WatchQueue<number>(at(5), 1);
    assert.throws(() => queue.push(at(5), []), /in order/);
    assert.throws(() => queue.jump(at(4), []), /in order/);
  });
});

describe('two changes of one path as one', () => {
  const table: readonly [string, PathChange<number>[], PathChange<number>[]][] = [
    ['create, set', [created('/a', 1), changed('/a', 2)], [created('/a', 2)]],
    ['create, delete', [created('/a', 1), deleted('/a')], []],
    ['set, set', [changed('/a', 1), changed('/a', 2)], [changed('/a', 2)]],
    ['set, delete', [changed('/a', 1), deleted('/a')], [deleted('/a')]],
    ['delete, create', [deleted('/a'), created('/a', 2)], [changed('/a', 2)]],
    [
      'delete, create, set',
      [deleted('/a'), created('/a', 2), changed('/a', 3)],
      [changed('/a', 3)],
    ],
    ['delete, create, delete', [deleted('/a'), created('/a', 2), deleted('/a')], [deleted('/a')]],
    [
      'create, delete, create',
      [created('/a', 1), deleted('/a'), created('/a', 3)],
      [created('/a', 3)],
    ],
    ['create, (unseen) create', [created('/a', 1), created('/a', 2)], [created('/a', 2)]],
    ['delete, (unseen) set', [deleted('/a'), changed('/a', 2)], [changed('/a', 2)]],
    [
      'a subtree goes and another comes',
      [
        deleted('/a/b'),
        deleted('/a'),
        deleted('/c'),
        created('/b', 2),
        created('/b/a', 2),
        changed('/0', 2),
      ],
      [
        deleted('/c'),
        deleted('/a/b'),
        deleted('/a'),
        changed('/0', 2),
        created('/b', 2),
        created('/b/a', 2),
      ],
    ],
  ];
  for (const [name, changes, net] of table) {
    it(name, () => {
      const queue = new WatchQueue<number>(at(1), 0);
      for (const [index, change] of changes.entries()) queue.push(at(index + 2), [change]);
      assert.equal(queue.size, net.length);
      assert.deepEqual(queue.take()?.changes, net);
    });
  }
});

/** A consumer that keeps a copy of the tree, whatever it is told. */
class Copy {
  readonly nodes = new Map<string, number>([['/', 0]]);

  apply(update: WatchUpdate<number>): void {
    for (const change of update.changes) {
      const parent = change.path.slice(0, Math.max(1, change.path.lastIndexOf('/')));
      if (change.type === 'deleted') {
        assert.ok(this.nodes.delete(change.path), 'deletes what is there');
        assert.ok(
          ![...this.nodes.keys()].some((path) => path.startsWith(`${change.path}/`)),
          'children go first',
        );
      } else {
        assert.equal(this.nodes.has(change.path), change.type === 'changed');
        assert.ok(this.nodes.has(parent), 'parents come first');
        this.nodes.set(change.path, change.node);
      }
    }
  }
}

describe('a slow consumer', () => {
  const PATHS = ['/a', '/a/b', '/a/c', '/a/b/d', '/e'];
  const operation = fc.record({
    path: fc.constantFrom(...PATHS),
    remove: fc.boolean(),
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.array(operation, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant('take' as const) },
  );

  /** What an operation does to a tree, if it is legal. */
  function change(
    nodes: ReadonlyMap<string, number>,
    { path, remove }: { path: string; remove: boolean },
    node: number,
  ): PathChange<number> | undefined {
    const parent = path.slice(0, Math.max(1, path.lastIndexOf('/')));
    const hasChildren = [...nodes.keys()].some((other) => other.startsWith(`${path}/`));
    if (remove) return nodes.has(path) && !hasChildren ? deleted(path) : undefined;
    if (!nodes.has(parent)) return undefined;
    return nodes.has(path) ? changed(path, node) : created(path, node);
  }

  it('ends with the tree of a fast one, and never waits for more than the tree', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 0, max: 6 }),
        (steps, changesMax) => {
          const tree = new Map<string, number>([['/', 0]]);
          const copy = new Copy();
          const queue = new WatchQueue<number>(at(1), changesMax);
          let counter = 1;
          let seen = at(1);
          const take = (): void => {
            for (let update = queue.take(); update !== undefined; update = queue.take()) {
              if (update.kind === 'gap')
                assert.equal(update.from, seen, 'a gap begins where the last one ended');
              else assert.ok(update.zxid > seen);
              seen = update.zxid;
              copy.apply(update);
            }
            assert.deepEqual(new Map([...copy.nodes].sort()), new Map([...tree].sort()));
          };
          for (const one of steps) {
            if (one === 'take') take();
            else {
              counter += 1;
              const changes: PathChange<number>[] = [];
              for (const what of one) {
                const made = change(tree, what, counter);
                if (made === undefined) continue;
                changes.push(made);
                if (made.type === 'deleted') tree.delete(made.path);
                else tree.set(made.path, made.node);
              }
              queue.push(at(counter), changes);
              assert.ok(queue.size <= Math.max(changesMax, PATHS.length));
            }
          }
          take();
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a queue of states', () => {
  it('holds the newest only, and hands it out once', () => {
    const latest = new WatchLatest<string>();
    assert.equal(latest.take(), undefined);
    latest.push(at(1), 'one');
    latest.push(at(3), 'three');
    assert.deepEqual(latest.take(), { zxid: at(3), value: 'three' });
    assert.equal(latest.take(), undefined);
    assert.throws(() => latest.push(at(2), 'two'), /back in time/);
  });
});
