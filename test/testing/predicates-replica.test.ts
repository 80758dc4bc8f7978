import { test } from 'node:test';
import { ZERO, type Zxid } from '../../lib/base/zxid.ts';
import type { ReadOperation, ReadResult } from '../../lib/replica/read.ts';
import type { Delivery, WatchedNode } from '../../lib/replica/ready.ts';
import type { SessionHandle, SessionState } from '../../lib/replica/session-handle.ts';
import type { Proposed } from '../../lib/testing/ghost.ts';
import { fates } from '../../lib/testing/predicates/fates.ts';
import type { Asked, Observer } from '../../lib/testing/predicates/predicate.ts';
import {
  atomicity,
  exactlyOnce,
  fifo,
  linearizable,
  reaping,
  sequences,
  sessionOrder,
  times,
} from '../../lib/testing/predicates/requests.ts';
import {
  conservatism,
  ephemerals,
  noEarlyExpiry,
  ownership,
} from '../../lib/testing/predicates/sessions.ts';
import { watchedNodes } from '../../lib/testing/predicates/watched-nodes.ts';
import { watchOrder } from '../../lib/testing/predicates/watches.ts';
import type { Acl } from '../../lib/tree/acl.ts';
import { TRUSTED } from '../../lib/tree/reader.ts';
import type { Change, Txn, TxnBody } from '../../lib/tree/txn.ts';
import type { ResyncEvent, WatchEvent } from '../../lib/tree/watch-event.ts';
import { fires, holds, STORE, Stage, z } from './stage.ts';

const OPEN: Acl = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
const OWNER = { peer: 1, store: STORE(1), boot: 1 };
const NOTHING = new Uint8Array();

function txn(body: TxnBody, more: Partial<Txn> = {}): Txn {
  return { session: 0n, cxid: 0, resolved: 0, owner: OWNER, time: 1_000, body, ...more };
}

function change(...changes: Change[]): TxnBody {
  return { type: 'change', changes, spans: changes.map(() => 1), multi: false };
}

function creation(path: string, owner = 0n): Change {
  const kind = owner === 0n ? 'persistent' : 'ephemeral';
  return { type: 'create', path, data: NOTHING, acl: OPEN, kind, ttl: 0, owner };
}

const NEW_SESSION: TxnBody = {
  type: 'create-session',
  kind: 'peer',
  timeout: 1_000,
  password: NOTHING,
  address: '',
  closes: [],
};

/** A group with transactions 1, 2, 3 of epoch 1, committed one by one. */
class History extends Stage {
  last: Proposed = this.ghost.root;
  #counter = 0;

  /** Commits the next transaction, and says what the predicate would be told. */
  next(next: Txn): NonNullable<ReturnType<History['model']['apply']>> {
    this.#counter += 1;
    this.last = this.txn(1, this.#counter, next, this.last);
    this.commit(this.last);
    const decided = this.model.decided.get(this.last.zxid);
    if (decided === undefined) throw new Error('a transaction is decided');
    return decided;
  }
}

function handle(id: bigint, state: SessionState = 'connected'): SessionHandle {
  return { key: 1, id, kind: 'peer', timeout: 1_000, state };
}

function reading(session: SessionHandle, operation: ReadOperation, floor: Zxid = ZERO): Asked {
  return { session, operation, options: { consistency: 'linearizable' }, floor };
}

function syncRead(session: SessionHandle, zxid: Zxid): Delivery {
  return { type: 'read', session, ticket: 1, zxid, result: { type: 'sync' } };
}

function reply(
  session: SessionHandle,
  more: Partial<Extract<Delivery, { type: 'reply' }>>,
): Delivery {
  return {
    type: 'reply',
    session,
    ticket: 1,
    zxid: z(9),
    cxid: 1,
    decided: undefined,
    result: { type: 'sync' },
    outcome: 'applied',
    abandoned: false,
    ...more,
  };
}

test('S18 fires when an ephemeral node belongs to no session', () => {
  const history = new History();
  const made = history.next(txn(change(creation('/e'))));
  const row = history.model.machine.tree.find('/e');
  if (row < 0) throw new Error('the node is there');
  // A live session is deleted behind the tree's back.
  const session = history.next(txn(NEW_SESSION, { cxid: 1 }));
  history.next(
    txn(change(creation('/f', session.entry.zxid)), { session: session.entry.zxid, cxid: 1 }),
  );
  holds(ephemerals, history, (on) =>
    on.decided({ ...made, applied: { ...made.applied, ended: [1n] } }),
  );
  history.model.machine.sessions.remove(session.entry.zxid);
  fires(ephemerals, 'S18', history, (on) =>
    on.decided({ ...made, applied: { ...made.applied, ended: [1n] } }),
  );
});

test('S19 fires when a request of a stranger has an effect, and when a session ends twice', () => {
  const history = new History();
  const born = history.next(txn(NEW_SESSION, { cxid: 1 }));
  const stranger = { ...OWNER, peer: 2 };
  const wrong = history.next(
    txn({ type: 'sync' }, { session: born.entry.zxid, cxid: 1, owner: stranger }),
  );
  fires(ownership, 'S19', history, (on) => {
    on.decided(born);
    on.decided(wrong);
  });
  const end = history.next(
    txn({ type: 'close-session', session: born.entry.zxid, reason: 'closed' }),
  );
  holds(ownership, history, (on) => {
    on.decided(born);
    on.decided(end);
  });
  fires(ownership, 'S19', history, (on) => {
    on.decided(born);
    on.decided(end);
    on.decided(end);
  });
});

test('S20 fires when a session is expired soon after a touch of it was heard', () => {
  const history = new History();
  const born = history.next(txn(NEW_SESSION, { cxid: 1 }));
  const session = born.entry.zxid;
  const leader = history.peer(1);
  leader.view.role = 'leading';
  const act = (heardAt: number) => (on: Parameters<Parameters<typeof fires>[3]>[0]) => {
    history.scene.now = 0;
    on.established(leader, 1, history.ghost.root);
    history.scene.now = heardAt;
    on.received(leader, { type: 'TOUCH', id: 1, sessions: [session] }, 2);
    on.sent(leader, { type: 'TOUCHED', id: 1, refused: [] }, [2]);
    history.scene.now = 5_000;
    on.expired(leader, session);
  };
  fires(noEarlyExpiry, 'S20', history, act(4_500));
  holds(noEarlyExpiry, history, act(3_500));
});

test('S21 fires when a session is expired that its host calls connected', () => {
  const history = new History();
  const born = history.next(txn(NEW_SESSION, { cxid: 1 }));
  const session = born.entry.zxid;
  const end = history.next(txn({ type: 'close-session', session, reason: 'expired' }));
  fires(conservatism, 'S21', history, (on) => {
    on.opened(history.peer(2), handle(session));
    on.decided(end);
  });
  holds(conservatism, history, (on) => {
    on.opened(history.peer(2), handle(session, 'suspended'));
    on.decided(end);
  });
});

test('S22 fires when a watch is not told, told twice, or told after what reflects it', () => {
  const history = new History();
  const first = history.next(txn(change(creation('/a'))));
  const session = handle(7n);
  const peer = history.peer(1);
  const watch = reading(session, { type: 'exists', path: '/b', watch: true });
  const absent: Delivery = {
    type: 'read',
    session,
    ticket: 1,
    zxid: first.entry.zxid,
    result: { type: 'error', code: 'NO_NODE' },
  };
  const second = history.next(txn(change(creation('/b'))));
  const event: Delivery = {
    type: 'watch',
    session,
    zxid: second.entry.zxid,
    event: { type: 'created', path: '/b', zxid: second.entry.zxid, watches: [] },
  };
  holds(watchOrder, history, (on) => {
    on.told(peer, absent, watch);
    on.told(peer, event, undefined);
    on.told(peer, syncRead(session, second.entry.zxid), undefined);
  });
  fires(watchOrder, 'S22', history, (on) => {
    on.told(peer, absent, watch);
    on.told(peer, syncRead(session, second.entry.zxid), undefined);
  });
  fires(watchOrder, 'S22', history, (on) => {
    on.told(peer, absent, watch);
    on.told(peer, event, undefined);
    on.told(peer, event, undefined);
  });
});

test('S23 fires when a watch that stays misses an event', () => {
  const history = new History();
  const first = history.next(txn(change(creation('/a'))));
  const session = handle(7n);
  const peer = history.peer(1);
  const watch = reading(session, { type: 'add-watch', path: '/a', mode: 'persistent-recursive' });
  const set: Delivery = {
    type: 'read',
    session,
    ticket: 1,
    zxid: first.entry.zxid,
    result: { type: 'add-watch' },
  };
  const below = history.next(txn(change(creation('/a/b'))));
  fires(watchOrder, 'S23', history, (on) => {
    on.told(peer, set, watch);
    on.told(peer, syncRead(session, below.entry.zxid), undefined);
  });
});

test('S23 fires when a node is told that its transaction did not leave', () => {
  const history = new History();
  const session = handle(7n);
  const peer = history.peer(1);
  history.next(txn(change(creation('/a'))));
  const made = history.next(txn(change(creation('/a/b'))));
  const found = history.model.machine.get('/a/b', TRUSTED);
  if (found.type === 'error') throw new Error(found.code);
  const { data, stat } = found;
  const { zxid } = made.entry;
  history.next(txn(change({ type: 'delete', path: '/a/b' })));
  const told = (node?: WatchedNode): Delivery => {
    const watches = [{ path: '/a', kind: 'persistent-recursive' }] as const;
    const event = { type: 'created', path: '/a/b', zxid, watches } as const;
    return { type: 'watch', session, zxid, event, ...(node === undefined ? {} : { node }) };
  };
  holds(watchedNodes, history, (on) => on.told(peer, told({ data, stat }), undefined));
  const later = { data, stat: { ...stat, mzxid: zxid + 1n } };
  const others = [undefined, later, { data: Uint8Array.of(1), stat }];
  for (const node of others) {
    fires(watchedNodes, 'S23', history, (on) => on.told(peer, told(node), undefined));
  }
});

test('S22 fires when a watch is not there that was left, or was taken back by nobody', () => {
  const stage = new Stage();
  const session = handle(7n);
  const peer = stage.peer(1);
  const lasting = { type: 'add-watch', path: '/a', mode: 'persistent' } as const;
  const back = { type: 'remove-watch', path: '/a', kind: 'persistent' } as const;
  const answer = (result: ReadResult): Delivery => ({
    type: 'read',
    session,
    ticket: 1,
    zxid: ZERO,
    result,
  });
  const missing = answer({ type: 'error', code: 'NO_WATCHER' });
  const added = answer({ type: 'add-watch' });
  const removed = answer({ type: 'remove-watch' });
  holds(watchOrder, stage, (on) => {
    on.told(peer, added, reading(session, lasting));
    on.told(peer, removed, reading(session, back));
    on.told(peer, missing, reading(session, back));
  });
  fires(watchOrder, 'S22', stage, (on) => {
    on.told(peer, added, reading(session, lasting));
    on.told(peer, missing, reading(session, back));
  });
  fires(watchOrder, 'S22', stage, (on) => on.told(peer, removed, reading(session, back)));
});

test('S22 and S23 fire when what a jump over history leaves to tell is not told, or not right', () => {
  const history = new History();
  const first = history.next(txn(change(creation('/a')))).entry;
  history.next(txn(change(creation('/a/b'))));
  history.next(txn(change(creation('/c'))));
  history.next(txn(change({ type: 'delete', path: '/c' })));
  const last = history.next(txn(change(creation('/a/d')))).entry;
  const session = handle(7n);
  const peer = history.peer(1);
  peer.applied = first;
  const register = (
    operation: ReadOperation,
    result: 'add-watch' | 'exists',
  ): [Delivery, Asked] => {
    const found = history.model.machine.exists('/a', { identities: [] });
    const answer = result === 'exists' ? found : { type: result };
    return [
      { type: 'read', session, ticket: 1, zxid: first.zxid, result: answer },
      reading(session, operation),
    ];
  };
  const told = (event: WatchEvent): Delivery => ({
    type: 'watch',
    session,
    zxid: event.zxid,
    event,
  });
  const { zxid } = last;
  const resync = (...changes: ResyncEvent['changes']): Delivery => {
    const kind = 'persistent-recursive';
    return told({ type: 'resync', path: '/a', kind, from: first.zxid, zxid, changes });
  };
  const created = (path: string): ResyncEvent['changes'][number] => ({ type: 'created', path });
  const act =
    (...deliveries: Delivery[]) =>
    (on: Required<Observer>): void => {
      const lasting = { type: 'add-watch', path: '/a', mode: 'persistent-recursive' } as const;
      on.told(peer, ...register(lasting, 'add-watch'));
      on.told(peer, ...register({ type: 'exists', path: '/a/b', watch: true }, 'exists'));
      on.installed(peer, { zxid, chain: last.chain });
      for (const delivery of deliveries) on.told(peer, delivery, undefined);
      on.told(peer, syncRead(session, zxid), undefined);
    };
  const once = told({ type: 'created', path: '/a/b', zxid, watches: [] });
  const whole = resync(created('/a/b'), created('/a/d'));
  holds(watchOrder, history, act(whole, once));
  fires(watchOrder, 'S22', history, act(whole));
  fires(watchOrder, 'S23', history, act(once));
  fires(watchOrder, 'S23', history, act(once, resync(created('/a/b'))));
  fires(watchOrder, 'S22', history, act(whole, once, once));
  // A session that ended meanwhile: its last answers speak of what it saw before, and it is owed no more.
  holds(watchOrder, history, (on) => {
    const lasting = { type: 'add-watch', path: '/a', mode: 'persistent-recursive' } as const;
    on.told(peer, ...register(lasting, 'add-watch'));
    on.installed(peer, { zxid, chain: last.chain });
    on.told(peer, syncRead(session, first.zxid), undefined);
  });
});

test('S24 fires when a session is shown an older state', () => {
  const stage = new Stage();
  const session = handle(7n);
  fires(sessionOrder, 'S24', stage, (on) => {
    on.told(stage.peer(1), syncRead(session, z(2)), undefined);
    on.told(stage.peer(1), syncRead(session, z(1)), undefined);
  });
  holds(sessionOrder, stage, (on) => {
    on.told(stage.peer(1), syncRead(session, z(1)), undefined);
    on.told(stage.peer(2), syncRead(session, z(0)), undefined);
  });
});

test('S25 fires when a request of a session is left out', () => {
  const history = new History();
  const born = history.next(txn(NEW_SESSION, { cxid: 1 }));
  const session = born.entry.zxid;
  const one = history.next(txn({ type: 'sync' }, { session, cxid: 1 }));
  const three = history.next(txn({ type: 'sync' }, { session, cxid: 3 }));
  fires(fifo, 'S25', history, (on) => {
    on.decided(one);
    on.decided(three);
  });
  holds(fifo, history, (on) => on.decided(one));
});

test('S26 fires when a request is decided twice, or was called not applied', () => {
  const history = new History();
  const born = history.next(txn(NEW_SESSION, { cxid: 1 }));
  const session = born.entry.zxid;
  const once = history.next(txn({ type: 'sync' }, { session, cxid: 1 }));
  const peer = history.peer(1);
  const refused = reply(handle(session), {
    outcome: 'not-applied',
    result: { type: 'error', code: 'CLOSED' },
  });
  fires(exactlyOnce, 'S26', history, (on) => {
    on.decided(once);
    on.decided(once);
  });
  fires(exactlyOnce, 'S26', history, (on) => {
    on.told(peer, refused, undefined);
    on.decided(once);
  });
  fires(exactlyOnce, 'S26', history, (on) => {
    on.decided(once);
    on.told(peer, refused, undefined);
  });
});

test('S26 fires when an answer is not the truth', () => {
  const history = new History();
  const born = history.next(txn(NEW_SESSION, { cxid: 1 }));
  const session = born.entry.zxid;
  const once = history.next(txn({ type: 'sync' }, { session, cxid: 1 }));
  const decided = once.entry.zxid;
  const peer = history.peer(1);
  fires(exactlyOnce, 'S26', history, (on) => {
    on.told(peer, reply(handle(session), { decided, result: { type: 'delete' } }), undefined);
  });
  holds(exactlyOnce, history, (on) =>
    on.told(peer, reply(handle(session), { decided }), undefined),
  );
});

test('S48 fires when nothing is told of a write in doubt, and when what is told is not the truth', () => {
  const history = new History();
  const born = history.next(txn(NEW_SESSION, { cxid: 1 }));
  const session = born.entry.zxid;
  const once = history.next(txn({ type: 'sync' }, { session, cxid: 1 }));
  const end = history.next(txn({ type: 'close-session', session, reason: 'expired' }));
  const later = history.next(txn({ type: 'sync' }));
  const peer = history.peer(1);
  const gone = handle(session, 'expired');
  const doubt = reply(gone, { outcome: 'unknown', zxid: born.entry.zxid });
  const settled = (outcome: 'applied' | 'not-applied' | 'unknown', decided?: Zxid): Delivery => {
    const { zxid } = end.entry;
    return { type: 'settled', session: gone, ticket: 1, zxid, cxid: 1, decided, outcome };
  };
  const after = reply(handle(0n), { zxid: later.entry.zxid });
  const tell = (fate?: Delivery) => (on: Observer) => {
    on.told?.(peer, doubt, undefined);
    on.decided?.(end);
    if (fate !== undefined) on.told?.(peer, fate, undefined);
    on.told?.(peer, after, undefined);
  };
  fires(fates, 'S48', history, tell());
  fires(fates, 'S48', history, tell(settled('not-applied', once.entry.zxid)));
  holds(fates, history, tell(settled('applied', once.entry.zxid)));
  holds(fates, history, tell(settled('not-applied')));
  holds(fates, history, tell(settled('unknown')));
});

test('S27 fires when a sequential name does not rise', () => {
  const history = new History();
  history.next(txn(change(creation('/p'))));
  const two = history.next(txn(change(creation('/p/q-0000000002'))));
  const one = history.next(txn(change(creation('/p/q-0000000001'))));
  fires(sequences, 'S27', history, (on) => {
    on.decided(two);
    on.decided(one);
  });
  holds(sequences, history, (on) => {
    on.decided(one);
    on.decided(two);
  });
});

test('S28 fires when a linearizable read is older than an answer given before', () => {
  const stage = new Stage();
  const session = handle(7n);
  const asked = reading(session, { type: 'sync' }, z(3));
  fires(linearizable, 'S28', stage, (on) => on.told(stage.peer(1), syncRead(session, z(2)), asked));
  holds(linearizable, stage, (on) => on.told(stage.peer(1), syncRead(session, z(3)), asked));
});

test('S28 fires when a write is ordered before an answer given before it was asked for', () => {
  const stage = new Stage();
  const session = handle(7n);
  stage.scene.answered = z(5);
  fires(linearizable, 'S28', stage, (on) => {
    on.submitted(stage.peer(1), session, 1, { type: 'sync' });
    on.told(stage.peer(1), reply(session, { decided: z(4) }), undefined);
  });
});

test('S29 fires when one half of a batch is seen', () => {
  const stage = new Stage();
  const session = handle(7n);
  const seen = (...paths: string[]): Delivery => ({
    type: 'read',
    session,
    ticket: 1,
    zxid: z(1),
    result: {
      type: 'subtree',
      nodes: paths.map((path) => ({ path, data: NOTHING, stat: {} as never })),
    },
  });
  fires(atomicity, 'S29', stage, (on) => on.told(stage.peer(1), seen('/m', '/m/a-1'), undefined));
  holds(atomicity, stage, (on) =>
    on.told(stage.peer(1), seen('/m', '/m/a-1', '/m/a-2'), undefined),
  );
});

test('S30 fires when time goes back, and when a node has another time than its transaction', () => {
  const history = new History();
  const late = history.next(txn(change(creation('/a')), { time: 2_000 }));
  const early = history.next(txn(change(creation('/b')), { time: 1_000 }));
  fires(times, 'S30', history, (on) => {
    on.decided(late);
    on.decided(early);
  });
  const found = history.model.machine.exists('/a', { identities: [] });
  if (found.type === 'error') throw new Error('the node is there');
  const session = handle(7n);
  const told = (ctime: number): Delivery => ({
    type: 'read',
    session,
    ticket: 1,
    zxid: early.entry.zxid,
    result: { type: 'exists', stat: { ...found.stat, ctime } },
  });
  fires(times, 'S30', history, (on) => on.told(history.peer(1), told(1), undefined));
  holds(times, history, (on) => on.told(history.peer(1), told(2_000), undefined));
});

test('S32 fires when clean-up removes a node that has changed', () => {
  const history = new History();
  const made = history.next(txn(change(creation('/t'))));
  const { zxid } = made.entry;
  const reap = txn({ type: 'reap', path: '/t', czxid: zxid, mzxid: zxid + 1n, cversion: 0 });
  const node = history.txn(1, 2, reap, history.last);
  fires(reaping, 'S32', history, (on) => {
    on.deciding(node);
    history.commit(node);
    const decided = history.model.decided.get(node.zxid);
    if (decided === undefined) throw new Error('a transaction is decided');
    const events = [{ type: 'deleted', path: '/t', zxid: node.zxid, acl: OPEN }] as const;
    history.model.decided.set(node.zxid, { ...decided, applied: { ...decided.applied, events } });
    on.decided(decided);
  });
});
