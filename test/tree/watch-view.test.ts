import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import type { Acl } from '../../lib/tree/acl.ts';
import { type Applied, StateMachine } from '../../lib/tree/state-machine.ts';
import type { Change, Txn } from '../../lib/tree/txn.ts';
import type { NodeEvent, WatchEvent, WatchKind } from '../../lib/tree/watch-event.ts';
import { WatchTable } from '../../lib/tree/watch-table.ts';
import { viewOf } from '../../lib/tree/watch-view.ts';

const OPEN: Acl = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
const SECRET: Acl = [{ scheme: 'digest', id: 'ann:x', permissions: 31 }];
const OWNER = { peer: 1, store: 's', boot: 1 };

/** A state machine and the number of its next entry. */
class Driver {
  readonly machine = new StateMachine();
  #counter = 0;

  apply(...changes: Change[]): Applied {
    this.#counter += 1;
    const spans = changes.map(() => 1);
    const body = { type: 'change', changes, spans, multi: changes.length > 1 } as const;
    const txn: Txn = { session: 0n, cxid: this.#counter, resolved: 0, owner: OWNER, time: 1, body };
    const applied = this.machine.apply(makeZxid(1, this.#counter), txn);
    assert.equal(applied.alarm, undefined);
    return applied;
  }

  get zxid(): Zxid {
    return this.machine.zxid;
  }
}

function create(path: string, acl: Acl = OPEN): Change {
  return {
    type: 'create',
    path,
    data: new Uint8Array(),
    acl,
    kind: 'persistent',
    ttl: 0,
    owner: 0n,
  };
}
function set(path: string, version: number): Change {
  return { type: 'set', path, data: new Uint8Array([version]), version };
}
function remove(path: string): Change {
  return { type: 'delete', path };
}

const everybody = (): boolean => true;

describe('watches on the real tree', () => {
  it('see what ZooKeeper fires, in its order', () => {
    const driver = new Driver();
    driver.apply(create('/a'));
    const table = new WatchTable<string>();
    const kinds: readonly WatchKind[] = ['data', 'child', 'persistent', 'persistent-recursive'];
    for (const kind of kinds) table.add(kind, '/a', kind, driver.zxid);
    const told = (applied: Applied): string[] =>
      table
        .select(applied.zxid, applied.events, everybody)
        .map(({ watcher, event }) => `${watcher}: ${event.type} ${event.path}`);
    assert.deepEqual(told(driver.apply(create('/a/b'))), [
      'persistent-recursive: created /a/b',
      'child: children-changed /a',
      'persistent: children-changed /a',
    ]);
    assert.deepEqual(told(driver.apply(set('/a', 1))), [
      'data: data-changed /a',
      'persistent: data-changed /a',
      'persistent-recursive: data-changed /a',
    ]);
    assert.deepEqual(told(driver.apply(remove('/a/b'), remove('/a'))), [
      'persistent-recursive: deleted /a/b',
      'persistent: children-changed /a',
      'persistent: deleted /a',
      'persistent-recursive: deleted /a',
    ]);
  });

  it('compare two states of it, whatever the permissions', () => {
    const before = new Driver();
    before.apply(create('/a', SECRET));
    const after = new Driver();
    after.apply(create('/a', SECRET));
    after.apply(create('/a/b'));
    const table = new WatchTable<string>();
    table.add('ann', '/a', 'child', before.zxid);
    table.add('ann', '/b', 'exist', before.zxid);
    table.add('bob', '/a', 'persistent-recursive', before.zxid);
    const jump = {
      before: viewOf(before.machine),
      after: viewOf(after.machine),
      from: before.zxid,
      zxid: after.zxid,
    };
    const acls: Acl[] = [];
    const told = table.jump(jump, (_watcher, acl) => {
      acls.push(acl);
      return true;
    });
    assert.deepEqual(
      told.map(({ event }) => `${event.type} ${event.path}`),
      ['children-changed /a', 'resync /a'],
    );
    const resync = told.at(-1)?.event;
    assert.ok(resync?.type === 'resync');
    assert.deepEqual(
      resync.changes.map(({ type, path }) => `${type} ${path}`),
      ['created /a/b'],
    );
    assert.deepEqual(acls, [SECRET, OPEN]);
  });

  it('are told over a jump what they were told one by one, less what was undone', () => {
    const PATHS = ['/a', '/a/b', '/c'];
    const operation = fc.record({
      path: fc.constantFrom(...PATHS),
      what: fc.constantFrom('create', 'set', 'delete'),
    });
    const legal = ({ machine }: Driver, path: string, what: string): Change | undefined => {
      const view = viewOf(machine);
      const node = view.node(path);
      if (what === 'create')
        return node === undefined && (path !== '/a/b' || view.node('/a') !== undefined)
          ? create(path)
          : undefined;
      if (node === undefined) return undefined;
      if (what === 'set') return set(path, node.stat.version + 1);
      return node.stat.numChildren === 0 ? remove(path) : undefined;
    };
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), fc.nat(20), (operations, jumpAt) => {
        const slow = new Driver();
        const fast = new Driver();
        const exact = new WatchTable<WatchKind>();
        const jumped = new WatchTable<WatchKind>();
        const oneByOne: NodeEvent[] = [];
        for (const [index, { path, what }] of operations.entries()) {
          const change = legal(fast, path, what);
          if (change === undefined) continue;
          const applied = fast.apply(change);
          if (index < jumpAt) slow.apply(change);
          else
            oneByOne.push(
              ...exact.select(applied.zxid, applied.events, everybody).map(({ event }) => event),
            );
          if (index !== jumpAt - 1) continue;
          for (const table of [exact, jumped]) table.add('data', '/a', 'data', fast.zxid);
        }
        if (jumped.counts.watches === 0 || slow.zxid === fast.zxid) return;
        const { machine } = slow;
        const jump = {
          before: viewOf(machine),
          after: viewOf(fast.machine),
          from: slow.zxid,
          zxid: fast.zxid,
        };
        const net: WatchEvent[] = jumped.jump(jump, everybody).map(({ event }) => event);
        const unseen = jump.before.node('/a') === undefined && jump.after.node('/a') === undefined;
        assert.equal(net.length, unseen ? 0 : oneByOne.length);
      }),
      { numRuns: 200 },
    );
  });
});
