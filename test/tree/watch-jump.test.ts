import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isBelow, nameOf, parentOf } from '../../lib/base/path.ts';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import type { Acl } from '../../lib/tree/acl.ts';
import type { TreeEvent } from '../../lib/tree/tree-event.ts';
import type { WatchKind } from '../../lib/tree/watch-event.ts';
import type { NodeView, TreeView } from '../../lib/tree/watch-jump.ts';
import { WatchTable } from '../../lib/tree/watch-table.ts';
import type { Stat } from '../../lib/tree/znode.ts';

const OPEN: Acl = [];
const SECRET: Acl = [{ scheme: 'digest', id: 'ann:x', permissions: 1 }];

function at(counter: number): Zxid {
  return makeZxid(1, counter);
}

/** A tree that knows nothing but the stats that a comparison asks for. */
class Model implements TreeView {
  readonly nodes: Map<string, NodeView>;

  constructor(nodes: Iterable<readonly [string, NodeView]> = [['/', view({})]]) {
    this.nodes = new Map(nodes);
  }

  node(path: string): NodeView | undefined {
    return this.nodes.get(path);
  }

  children(path: string): readonly string[] {
    const below = [...this.nodes.keys()].filter(
      (other) => other !== '/' && parentOf(other) === path,
    );
    return below.map(nameOf).sort();
  }

  copy(): Model {
    return new Model(this.nodes);
  }

  /** Applies an operation at a zxid, if it is legal; its events in ZooKeeper's order. */
  apply(path: string, operation: 'create' | 'set' | 'delete', zxid: Zxid): TreeEvent[] {
    const node = this.nodes.get(path);
    const parent = parentOf(path);
    const above = this.nodes.get(parent);
    const event = (type: TreeEvent['type'], where: string): TreeEvent => ({
      type,
      path: where,
      zxid,
      acl: OPEN,
    });
    if (operation === 'set') {
      if (node === undefined) return [];
      this.nodes.set(path, view({ ...node.stat, mzxid: zxid }));
      return [event('data-changed', path)];
    }
    if (above === undefined || path === '/') return [];
    if (operation === 'create') {
      if (node !== undefined) return [];
      this.nodes.set(path, view({ czxid: zxid, mzxid: zxid, pzxid: zxid }));
    } else {
      if (node === undefined || this.children(path).length > 0) return [];
      this.nodes.delete(path);
    }
    this.nodes.set(parent, view({ ...above.stat, pzxid: zxid, cversion: above.stat.cversion + 1 }));
    return [
      event(operation === 'create' ? 'created' : 'deleted', path),
      event('children-changed', parent),
    ];
  }
}

function view(stat: Partial<Stat>, acl: Acl = OPEN): NodeView {
  const whole: Stat = {
    czxid: 0n,
    mzxid: 0n,
    pzxid: 0n,
    ctime: 0,
    mtime: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    dataLength: 0,
    numChildren: 0,
    ...stat,
  };
  return { stat: whole, acl };
}

const node = (czxid: number, mzxid = czxid, pzxid = czxid, cversion = 0): NodeView =>
  view({ czxid: at(czxid), mzxid: at(mzxid), pzxid: at(pzxid), cversion });

/** What one watch on /a is told when /a jumps from one state at zxid 10 to another at zxid 20. */
function toldOver(
  kind: WatchKind,
  before: NodeView | undefined,
  after: NodeView | undefined,
): string[] {
  const table = new WatchTable<string>();
  table.add('ann', '/a', kind, at(10));
  const tree = (one: NodeView | undefined): Model =>
    new Model(one === undefined ? [] : [['/a', one]]);
  const jump = { before: tree(before), after: tree(after), from: at(10), zxid: at(20) };
  return table
    .jump(jump, () => true)
    .flatMap(({ event }) => {
      assert.equal(event.zxid, at(20));
      assert.equal(event.path, '/a');
      if (event.type !== 'resync') return [event.type];
      assert.deepEqual([event.kind, event.from], [kind, at(10)]);
      return ['resync', ...event.changes.map(({ type }) => type)];
    });
}

describe('a watch over a jump', () => {
  const table: readonly {
    name: string;
    before: NodeView | undefined;
    after: NodeView | undefined;
    data: string[];
    child: string[];
    persistent: string[];
    recursive: string[];
  }[] = [
    {
      name: 'absent, absent',
      before: undefined,
      after: undefined,
      data: [],
      child: [],
      persistent: [],
      recursive: [],
    },
    {
      name: 'the same',
      before: node(1, 5, 6, 2),
      after: node(1, 5, 6, 2),
      data: [],
      child: [],
      persistent: [],
      recursive: [],
    },
    {
      name: 'created',
      before: undefined,
      after: node(15),
      data: ['created'],
      child: [],
      persistent: ['created'],
      recursive: ['created'],
    },
    {
      name: 'created, with a child',
      before: undefined,
      after: node(15, 15, 16, 1),
      data: ['created'],
      child: ['children-changed'],
      persistent: ['created', 'children-changed'],
      recursive: ['created'],
    },
    {
      name: 'deleted',
      before: node(1),
      after: undefined,
      data: ['deleted'],
      child: ['deleted'],
      persistent: ['deleted'],
      recursive: ['deleted'],
    },
    {
      name: 'deleted and created again, all versions as before',
      before: node(1),
      after: node(15),
      data: ['deleted'],
      child: ['deleted'],
      persistent: ['data-changed'],
      recursive: ['data-changed'],
    },
    {
      name: 'set',
      before: node(1),
      after: node(1, 15),
      data: ['data-changed'],
      child: [],
      persistent: ['data-changed'],
      recursive: ['data-changed'],
    },
    {
      name: 'a child created and deleted',
      before: node(1, 1, 1, 0),
      after: node(1, 1, 16, 2),
      data: [],
      child: ['children-changed'],
      persistent: ['children-changed'],
      recursive: [],
    },
    {
      name: 'only cversion differs',
      before: node(1, 1, 1, 0),
      after: node(1, 1, 1, 1),
      data: [],
      child: ['children-changed'],
      persistent: ['children-changed'],
      recursive: [],
    },
    {
      name: 'set, and its children changed',
      before: node(1),
      after: node(1, 15, 16, 1),
      data: ['data-changed'],
      child: ['children-changed'],
      persistent: ['data-changed', 'children-changed'],
      recursive: ['data-changed'],
    },
  ];
  for (const { name, before, after, data, child, persistent, recursive } of table) {
    it(name, () => {
      assert.deepEqual(toldOver('data', before, after), data);
      assert.deepEqual(toldOver('exist', before, after), data);
      assert.deepEqual(toldOver('child', before, after), child);
      assert.deepEqual(toldOver('persistent', before, after), ['resync', ...persistent]);
      assert.deepEqual(toldOver('persistent-recursive', before, after), ['resync', ...recursive]);
    });
  }

  it('tells one deletion once to a watcher of data and children, and fires nothing twice', () => {
    const watches = new WatchTable<string>();
    for (const kind of ['data', 'exist', 'child'] as const) watches.add('ann', '/a', kind, at(10));
    const before = new Model([['/a', node(1)]]);
    const after = new Model([]);
    const told = watches.jump({ before, after, from: at(10), zxid: at(20) }, () => true);
    assert.deepEqual(told, [
      {
        watcher: 'ann',
        event: {
          type: 'deleted',
          path: '/a',
          zxid: at(20),
          watches: [
            { path: '/a', kind: 'data' },
            { path: '/a', kind: 'exist' },
            { path: '/a', kind: 'child' },
          ],
        },
      },
    ]);
    assert.equal(watches.counts.watches, 0);
    assert.deepEqual(
      watches.jump({ before: after, after: before, from: at(20), zxid: at(30) }, () => true),
      [],
    );
  });

  it('spares a one-shot watch that the difference does not meet', () => {
    const watches = new WatchTable<string>();
    watches.add('ann', '/a', 'data', at(10));
    watches.add('ann', '/a', 'child', at(10));
    const jump = {
      before: new Model([['/a', node(1)]]),
      after: new Model([['/a', node(1, 1, 15, 1)]]),
      from: at(10),
      zxid: at(20),
    };
    assert.deepEqual(
      watches.jump(jump, () => true).map(({ event }) => event.type),
      ['children-changed'],
    );
    assert.equal(watches.has('ann', '/a', 'data'), true);
    const events: TreeEvent[] = [{ type: 'data-changed', path: '/a', zxid: at(21), acl: OPEN }];
    assert.equal(watches.select(at(21), events, () => true).length, 1);
  });

  it('hides what the watcher may not read, by the ACL before for what is gone', () => {
    const watches = new WatchTable<string>();
    watches.add('bob', '/a', 'data', at(10));
    watches.add('bob', '/', 'persistent-recursive', at(10));
    watches.add('ann', '/', 'persistent-recursive', at(10));
    const before = new Model([
      ['/', view({})],
      ['/a', view({ czxid: at(1) }, SECRET)],
      ['/b', view({ czxid: at(1) }, SECRET)],
    ]);
    const after = new Model([
      ['/', view({})],
      ['/b', view({ czxid: at(1), mzxid: at(15) })],
    ]);
    const told = watches.jump(
      { before, after, from: at(10), zxid: at(20) },
      (who, acl) => acl !== SECRET || who === 'ann',
    );
    assert.deepEqual(
      told.map(({ watcher, event }) => [
        watcher,
        event.type === 'resync' ? event.changes.map(({ path }) => path) : event.type,
      ]),
      [
        ['bob', ['/b']],
        ['ann', ['/a', '/b']],
      ],
    );
  });

  it('tells a recursive watch of children before parents that go, and of parents before children that come', () => {
    const watches = new WatchTable<string>();
    watches.add('ann', '/', 'persistent-recursive', at(10));
    const tree = (...paths: string[]): Model =>
      new Model(['/', ...paths].map((path) => [path, node(1)] as const));
    const before = tree('/a', '/a/b', '/a/b/c', '/k');
    const after = tree('/k', '/x', '/x/y', '/x/y/z');
    const [only] = watches.jump({ before, after, from: at(10), zxid: at(20) }, () => true);
    assert.ok(only?.event.type === 'resync');
    assert.deepEqual(
      only.event.changes.map(({ type, path }) => `${type} ${path}`),
      [
        'deleted /a/b/c',
        'deleted /a/b',
        'deleted /a',
        'created /x',
        'created /x/y',
        'created /x/y/z',
      ],
    );
  });

  it('goes forward only, from the state that was watched', () => {
    const watches = new WatchTable<string>();
    watches.add('ann', '/a', 'data', at(10));
    const tree = new Model();
    assert.throws(
      () => watches.jump({ before: tree, after: tree, from: at(9), zxid: at(20) }, () => true),
      /forward/,
    );
    assert.throws(
      () => watches.jump({ before: tree, after: tree, from: at(10), zxid: at(10) }, () => true),
      /forward/,
    );
    watches.jump({ before: tree, after: tree, from: at(10), zxid: at(20) }, () => true);
    assert.throws(() => watches.add('ann', '/b', 'data', at(15)), /newest/);
  });
});

describe('a jump over any history', () => {
  const path = fc.constantFrom('/a', '/a/b', '/a/b/c', '/d');
  const operation = fc.record({ path, what: fc.constantFrom('create', 'set', 'delete') });
  const history = fc.array(operation, { maxLength: 30 });
  const KINDS = ['data', 'exist', 'child'] as const;

  function play(
    tree: Model,
    operations: readonly { path: string; what: 'create' | 'set' | 'delete' }[],
    from: number,
  ): TreeEvent[][] {
    return operations.map((one, index) => tree.apply(one.path, one.what, at(from + index)));
  }

  it('fires a one-shot watch if, and but for what came and went only if, its history would have', () => {
    fc.assert(
      fc.property(history, history, path, (first, second, watched) => {
        const before = new Model();
        play(before, first, 2);
        const after = before.copy();
        const events = play(after, second, 100);
        for (const kind of KINDS) {
          if (kind === 'child' && before.node(watched) === undefined) continue;
          const exact = new WatchTable<string>();
          const jumped = new WatchTable<string>();
          exact.add('ann', watched, kind, at(99));
          jumped.add('ann', watched, kind, at(99));
          const told = events.flatMap((all, index) =>
            exact.select(at(100 + index), all, () => true),
          );
          const net = jumped.jump({ before, after, from: at(99), zxid: at(200) }, () => true);
          const cameAndWent =
            before.node(watched) === undefined && after.node(watched) === undefined;
          assert.equal(net.length, cameAndWent ? 0 : told.length, kind);
          assert.equal(jumped.counts.watches, 1 - net.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives a recursive watch what turns the one subtree into the other, in an order that always is a tree', () => {
    fc.assert(
      fc.property(history, history, fc.constantFrom('/', '/a', '/a/b'), (first, second, root) => {
        const before = new Model();
        play(before, first, 2);
        const after = before.copy();
        play(after, second, 100);
        const table = new WatchTable<string>();
        table.add('ann', root, 'persistent-recursive', at(99));
        const [only] = table.jump({ before, after, from: at(99), zxid: at(200) }, () => true);
        assert.ok(only?.event.type === 'resync');
        const copy = before.copy();
        for (const { type, path: where } of only.event.changes) {
          assert.ok(where === root || isBelow(where, root));
          if (type === 'deleted') {
            assert.deepEqual(copy.children(where), [], 'children go first');
            assert.ok(copy.nodes.delete(where));
            continue;
          }
          assert.equal(copy.nodes.has(where), type === 'data-changed');
          assert.ok(where === root || copy.nodes.has(parentOf(where)), 'parents come first');
          const now = after.node(where);
          assert.ok(now !== undefined);
          copy.nodes.set(where, now);
        }
        const data = (tree: Model): unknown[] =>
          [...tree.nodes]
            .filter(([where]) => where === root || isBelow(where, root))
            .map(([where, { stat }]) => [where, stat.czxid, stat.mzxid])
            .sort();
        assert.deepEqual(data(copy), data(after));
      }),
      { numRuns: 500 },
    );
  });
});
