import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isBelow } from '../../lib/base/path.ts';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import type { Acl } from '../../lib/tree/acl.ts';
import type { TreeEvent } from '../../lib/tree/tree-event.ts';
import type { WatchKind } from '../../lib/tree/watch-event.ts';
import { WatchTable } from '../../lib/tree/watch-table.ts';

const OPEN: Acl = [];
const SECRET: Acl = [{ scheme: 'digest', id: 'ann:x', permissions: 1 }];
const everybody = (): boolean => true;

function at(counter: number): Zxid {
  return makeZxid(1, counter);
}

function event(type: TreeEvent['type'], path: string, counter: number, acl: Acl = OPEN): TreeEvent {
  return { type, path, zxid: at(counter), acl };
}

/** One transaction of a single event; what the watchers are told, in short. */
function told(
  table: WatchTable<string>,
  counter: number,
  events: readonly (readonly [TreeEvent['type'], string])[],
): string[] {
  return table
    .select(
      at(counter),
      events.map(([type, path]) => event(type, path, counter)),
      everybody,
    )
    .map(({ watcher, event: { type, path } }) => `${watcher}: ${type} ${path}`);
}

const KINDS: readonly WatchKind[] = [
  'data',
  'exist',
  'child',
  'persistent',
  'persistent-recursive',
];
const TYPES: readonly TreeEvent['type'][] = [
  'created',
  'deleted',
  'data-changed',
  'children-changed',
];

describe('which watch meets which event', () => {
  const meets: Readonly<Record<WatchKind, readonly TreeEvent['type'][]>> = {
    data: ['created', 'deleted', 'data-changed'],
    exist: ['created', 'deleted', 'data-changed'],
    child: ['deleted', 'children-changed'],
    persistent: ['created', 'deleted', 'data-changed', 'children-changed'],
    'persistent-recursive': ['created', 'deleted', 'data-changed'],
  };
  for (const kind of KINDS) {
    for (const type of TYPES) {
      const met = meets[kind].includes(type);
      it(`${kind} on its own node ${met ? 'is' : 'is not'} told of ${type}`, () => {
        const table = new WatchTable<string>();
        table.add('ann', '/a', kind, at(1));
        assert.deepEqual(told(table, 2, [[type, '/a']]), met ? [`ann: ${type} /a`] : []);
      });
      const below = kind === 'persistent-recursive' && type !== 'children-changed';
      it(`${kind} ${below ? 'is' : 'is not'} told of ${type} far below`, () => {
        const table = new WatchTable<string>();
        table.add('ann', '/a', kind, at(1));
        assert.deepEqual(told(table, 2, [[type, '/a/b/c']]), below ? [`ann: ${type} /a/b/c`] : []);
        assert.deepEqual(told(table, 3, [[type, '/ab']]), []);
      });
    }
  }

  it('a recursive watch on the root is told of every node, the root included', () => {
    const table = new WatchTable<string>();
    table.add('ann', '/', 'persistent-recursive', at(1));
    assert.deepEqual(
      told(table, 2, [
        ['data-changed', '/'],
        ['created', '/a'],
        ['deleted', '/b/c'],
      ]),
      ['ann: data-changed /', 'ann: created /a', 'ann: deleted /b/c'],
    );
  });
});

describe('one-shot watches', () => {
  it('fire once, and again only when they are set again', () => {
    const table = new WatchTable<string>();
    table.add('ann', '/a', 'data', at(1));
    assert.deepEqual(told(table, 2, [['data-changed', '/a']]), ['ann: data-changed /a']);
    assert.deepEqual(told(table, 3, [['data-changed', '/a']]), []);
    table.add('ann', '/a', 'data', at(3));
    assert.deepEqual(told(table, 4, [['deleted', '/a']]), ['ann: deleted /a']);
    assert.equal(table.counts.watches, 0);
  });

  it('fire once for a multi that changes the node three times', () => {
    const table = new WatchTable<string>();
    table.add('ann', '/a', 'exist', at(1));
    const events = [
      ['created', '/a'],
      ['data-changed', '/a'],
      ['deleted', '/a'],
    ] as const;
    assert.deepEqual(told(table, 2, events), ['ann: created /a']);
  });

  it('set twice still fire once', () => {
    const table = new WatchTable<string>();
    table.add('ann', '/a', 'child', at(1));
    table.add('ann', '/a', 'child', at(1));
    assert.equal(table.counts.watches, 1);
    assert.deepEqual(told(table, 2, [['children-changed', '/a']]), ['ann: children-changed /a']);
  });

  it('of several kinds are told of one deletion once, and all are spent', () => {
    const table = new WatchTable<string>();
    for (const kind of KINDS) table.add('ann', '/a', kind, at(1));
    table.add('ann', '/', 'persistent-recursive', at(1));
    const [only, ...rest] = table.select(at(2), [event('deleted', '/a', 2)], everybody);
    assert.deepEqual(rest, []);
    assert.deepEqual(only, {
      watcher: 'ann',
      event: {
        type: 'deleted',
        path: '/a',
        zxid: at(2),
        watches: [
          ...KINDS.map((kind) => ({ path: '/a', kind })),
          { path: '/', kind: 'persistent-recursive' },
        ],
      },
    });
    assert.deepEqual(table.watchesOf('ann'), [
      { path: '/a', kind: 'persistent' },
      { path: '/a', kind: 'persistent-recursive' },
      { path: '/', kind: 'persistent-recursive' },
    ]);
  });
});

describe('order', () => {
  it('is that of the events, then of the watchers as they came', () => {
    const table = new WatchTable<string>();
    table.add('root', '/', 'persistent-recursive', at(1));
    table.add('bob', '/a', 'data', at(1));
    table.add('ann', '/a', 'persistent', at(1));
    assert.deepEqual(
      told(table, 2, [
        ['deleted', '/a/x'],
        ['children-changed', '/a'],
        ['deleted', '/a'],
      ]),
      [
        'root: deleted /a/x',
        'ann: children-changed /a',
        'bob: deleted /a',
        'ann: deleted /a',
        'root: deleted /a',
      ],
    );
  });

  it('never sets a watch at a state older than one already told', () => {
    const table = new WatchTable<string>();
    told(table, 5, []);
    assert.throws(() => table.add('ann', '/a', 'data', at(4)), /newest state/);
  });

  it('never fires a watch for a transaction that its read has seen', () => {
    const table = new WatchTable<string>();
    table.add('ann', '/a', 'data', at(5));
    assert.throws(() => told(table, 5, [['data-changed', '/a']]), /newer than any state/);
  });
});

describe('permissions', () => {
  const mayRead = (watcher: string, acl: Acl): boolean => acl !== SECRET || watcher === 'ann';

  it('hide events of nodes that the watcher may not read', () => {
    const table = new WatchTable<string>();
    for (const watcher of ['ann', 'bob']) table.add(watcher, '/', 'persistent-recursive', at(1));
    const events = [event('created', '/a', 2, SECRET), event('created', '/b', 2)];
    assert.deepEqual(
      table.select(at(2), events, mayRead).map((one) => `${one.watcher} ${one.event.path}`),
      ['ann /a', 'ann /b', 'bob /b'],
    );
  });

  it('spend a one-shot watch without a word, as in ZooKeeper', () => {
    const table = new WatchTable<string>();
    table.add('bob', '/a', 'exist', at(1));
    assert.deepEqual(table.select(at(2), [event('created', '/a', 2, SECRET)], mayRead), []);
    assert.equal(table.has('bob', '/a', 'exist'), false);
  });
});

describe('removal', () => {
  for (const kind of [...KINDS, 'any'] as const) {
    it(`of ${kind} takes exactly that`, () => {
      const table = new WatchTable<string>();
      for (const one of KINDS) table.add('ann', '/a', one, at(1));
      assert.equal(table.remove('ann', '/a', kind), true);
      const left = KINDS.filter((one) => kind !== 'any' && one !== kind);
      assert.deepEqual(
        table.watchesOf('ann').map((watch) => watch.kind),
        left,
      );
      assert.equal(table.remove('ann', '/a', kind), false, 'NO_WATCHER');
      assert.equal(table.remove('bob', '/a', kind), false, 'NO_WATCHER');
    });
  }

  it('of a session leaves the others alone and nothing behind', () => {
    const table = new WatchTable<string>();
    for (const watcher of ['ann', 'bob']) {
      table.add(watcher, '/a', 'data', at(1));
      table.add(watcher, '/b', 'persistent-recursive', at(1));
    }
    assert.deepEqual(table.counts, { watchers: 2, paths: 2, watches: 4 });
    table.removeAll('ann');
    table.removeAll('nobody');
    assert.deepEqual(table.counts, { watchers: 1, paths: 2, watches: 2 });
    assert.deepEqual(
      told(table, 2, [
        ['data-changed', '/a'],
        ['created', '/b/c'],
      ]),
      ['bob: data-changed /a', 'bob: created /b/c'],
    );
    table.removeAll('bob');
    assert.deepEqual(table.counts, { watchers: 0, paths: 0, watches: 0 });
    assert.deepEqual(told(table, 3, [['created', '/b/c']]), []);
  });
});

/** The rules of S22 and S23, said as slowly as possible. */
class NaiveTable {
  registered: { watcher: string; path: string; kind: WatchKind }[] = [];

  add(watcher: string, path: string, kind: WatchKind): void {
    if (
      !this.registered.some(
        (one) => one.watcher === watcher && one.path === path && one.kind === kind,
      )
    )
      this.registered.push({ watcher, path, kind });
  }

  select(events: readonly TreeEvent[]): Set<string> {
    const all = new Set<string>();
    events.forEach((one, index) => {
      const met = this.registered.filter((watch) => this.#meets(watch, one));
      for (const { watcher } of met) all.add(`${index} ${watcher} ${one.type} ${one.path}`);
      this.registered = this.registered.filter(
        (watch) => !met.includes(watch) || watch.kind.startsWith('persistent'),
      );
    });
    return all;
  }

  #meets(watch: { path: string; kind: WatchKind }, { type, path }: TreeEvent): boolean {
    if (watch.kind === 'persistent-recursive')
      return type !== 'children-changed' && (path === watch.path || isBelow(path, watch.path));
    if (path !== watch.path) return false;
    if (watch.kind === 'child') return type === 'children-changed' || type === 'deleted';
    return watch.kind === 'persistent' || type !== 'children-changed';
  }
}

describe('a table of watches', () => {
  const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/b');
  const watcher = fc.constantFrom('ann', 'bob', 'eve');
  const kind = fc.constantFrom(...KINDS);
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), watcher, path, kind }),
    fc.record({ do: fc.constant('remove' as const), watcher, path, kind }),
    fc.record({ do: fc.constant('end' as const), watcher }),
    fc.record({
      do: fc.constant('apply' as const),
      events: fc.array(fc.record({ type: fc.constantFrom(...TYPES), path }), { maxLength: 4 }),
    }),
  );

  it('tells what a naive one tells, and counts what it counts', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new WatchTable<string>();
        const naive = new NaiveTable();
        let counter = 1;
        for (const one of steps) {
          if (one.do === 'add') {
            table.add(one.watcher, one.path, one.kind, at(counter));
            naive.add(one.watcher, one.path, one.kind);
          } else if (one.do === 'remove') {
            table.remove(one.watcher, one.path, one.kind);
            naive.registered = naive.registered.filter(
              (watch) =>
                watch.watcher !== one.watcher || watch.path !== one.path || watch.kind !== one.kind,
            );
          } else if (one.do === 'end') {
            table.removeAll(one.watcher);
            naive.registered = naive.registered.filter((watch) => watch.watcher !== one.watcher);
          } else {
            counter += 1;
            const events = one.events.map(({ type, path: where }) => event(type, where, counter));
            const expected = naive.select(events);
            const notifications = table.select(at(counter), events, everybody);
            const found = notifications.map((notification) => {
              assert.ok(notification.event.watches.length > 0);
              return `${notification.watcher} ${notification.event.type} ${notification.event.path}`;
            });
            assert.deepEqual(
              found.sort(),
              [...expected].map((text) => text.slice(text.indexOf(' ') + 1)).sort(),
            );
          }
          assert.equal(table.counts.watches, naive.registered.length);
        }
        for (const { watcher: who, path: where, kind: what } of naive.registered)
          assert.ok(table.has(who, where, what));
      }),
      { numRuns: 300 },
    );
  });
});
