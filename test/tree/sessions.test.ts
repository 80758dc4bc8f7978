import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO } from '../../lib/base/zxid.ts';
import { WINDOW } from '../../lib/tree/dedup.ts';
import { TRUSTED } from '../../lib/tree/reader.ts';
import type { Operation, Request } from '../../lib/tree/request.ts';
import {
  bytes,
  create,
  kept,
  outcome,
  ownerOf,
  parts,
  remove,
  restore,
  START,
  set,
  World,
} from './world.ts';

const host = ownerOf(1);
const other = ownerOf(2);
const password = bytes('0123456789abcdef');

function request(
  session: bigint,
  cxid: number,
  operation: Operation,
  more: Partial<Request> = {},
): Request {
  return { session, cxid, resolved: cxid - 1, owner: host, operation, ...more };
}

test('a session id is the zxid of its creation, and the creator finds it by its request', () => {
  const world = new World();
  const zxid = world.nextZxid;
  const session = world.open(host, { timeout: 4000, address: '10.1.2.3' });
  assert.equal(session, zxid);
  const known = world.state.sessions.byRequest(host, 1);
  assert.equal(known?.id, session);
  assert.equal(known?.timeout, 4000);
  assert.deepEqual(world.state.sessions.identities(session), [{ scheme: 'ip', id: '10.1.2.3' }]);
  assert.equal(world.state.sessions.byRequest(host, 2), undefined);
  assert.equal(world.state.sessions.byRequest(ownerOf(1, 2), 1), undefined);
  assert.deepEqual(world.state.answer({ session: 0n, cxid: 1, owner: host }), {
    zxid,
    result: { type: 'create-session', session, timeout: 4000 },
  });
});

test('a request is proposed once: sent again it is told where it was', () => {
  const world = new World();
  const session = world.open();
  const first = request(session, 1, create('/a'));
  const at = world.nextZxid;
  assert.equal(world.propose(first).type, 'txn');
  assert.deepEqual(world.propose(first), { type: 'duplicate', zxid: at });
  world.settle();
  assert.deepEqual(world.propose(first), { type: 'duplicate', zxid: at });
  assert.equal(world.state.answer(first)?.zxid, at);
  assert.equal(world.propose(request(session, 2, set('/a', 'x'), { resolved: 1 })).type, 'txn');
  world.settle();
  assert.deepEqual(world.propose(first), { type: 'duplicate', zxid: ZERO });
  assert.equal(world.state.answer(first), undefined);
  assert.equal(world.state.lastCxid({ session, owner: host }), 2);
});

test('a gap in the numbers is refused, with the number that is next', () => {
  const world = new World();
  const session = world.open();
  world.propose(request(session, 1, create('/a')));
  const gap = { type: 'rejected', code: 'OVERLOADED', expected: 2 };
  assert.deepEqual(world.propose(request(session, 3, create('/b'))), gap);
  assert.deepEqual(world.propose(request(session, 0, create('/b'))), gap);
  world.settle();
  assert.deepEqual(world.propose(request(session, 3, create('/b'))), gap);
  assert.equal(world.propose(request(session, 2, create('/b'))).type, 'txn');
});

test('more than a window of unresolved requests is refused before a number is used up', () => {
  const world = new World();
  const session = world.open();
  const ask = (cxid: number, resolved: number): string =>
    world.propose(request(session, cxid, { type: 'sync' }, { resolved })).type;
  for (let cxid = 1; cxid <= WINDOW; cxid += 1) assert.equal(ask(cxid, 0), 'txn');
  assert.equal(ask(WINDOW + 1, 0), 'rejected');
  world.settle();
  assert.equal(ask(WINDOW + 1, 0), 'rejected');
  assert.equal(ask(WINDOW + 1, 1), 'txn');
});

test('a failing request has its place in the order, and its answer', () => {
  const world = new World();
  const session = world.open();
  const failed = request(session, 1, remove('/gone'));
  world.propose(failed);
  world.propose(request(session, 2, create('/a'), { resolved: 0 }));
  world.settle();
  assert.deepEqual(world.state.answer(failed)?.result, {
    type: 'error',
    code: 'NO_NODE',
    path: '/gone',
  });
});

test('nothing is accepted from a session whose close is proposed (ZOOKEEPER-1208)', () => {
  const world = new World();
  const session = world.open();
  world.propose(request(session, 1, create('/e', { mode: 'ephemeral' })));
  world.propose(request(session, 2, { type: 'close-session', session, reason: 'closed' }));
  assert(world.prep.closing(session));
  const late = request(session, 3, create('/late', { mode: 'ephemeral' }));
  assert.deepEqual(world.propose(late), { type: 'rejected', code: 'SESSION_EXPIRED', expected: 3 });
  assert.equal(
    world.own((zxid, time) => world.prep.expire(session, zxid, time)),
    false,
  );
  const ended = world.settle().at(-1);
  assert.deepEqual(ended?.ended, [session]);
  assert.equal(world.state.tree.find('/e'), -1);
  assert.deepEqual(world.propose(late), { type: 'rejected', code: 'SESSION_EXPIRED', expected: 3 });
  assert.equal(world.state.sessions.size, 0);
  assert.equal(world.prep.closing(session), false);
});

test('what is proposed behind a close sees the ephemeral nodes gone', () => {
  const world = new World();
  const [a, b] = [world.open(), world.open(other)];
  world.propose(request(a, 1, create('/parent')));
  world.propose(request(a, 2, create('/parent/e', { mode: 'ephemeral' })));
  world.own((zxid, time) => world.prep.expire(a, zxid, time));
  const made = world.propose(
    request(b, 1, create('/parent/e', { mode: 'ephemeral' }), { owner: other }),
  );
  assert(made.type === 'txn' && made.txn.body.type === 'change');
  world.settle();
  const node = world.state.get('/parent/e', TRUSTED);
  assert.equal(node.type === 'get' && node.stat.ephemeralOwner, b);
});

test("a new incarnation of a store closes its predecessors' sessions in the transaction that makes its own", () => {
  const world = new World();
  const old = world.open();
  const older = world.open();
  const client = world.open(host, { kind: 'client', password });
  const neighbour = world.open(other);
  world.do(old, create('/e', { mode: 'ephemeral' }));
  const next = ownerOf(1, 2);
  const applied = world.apply(
    0n,
    { type: 'create-session', kind: 'peer', timeout: 1, password: bytes(''), address: '' },
    next,
  );
  assert.deepEqual(applied.ended, [old, older]);
  assert.deepEqual(
    applied.events.map(({ type }) => type),
    ['deleted', 'children-changed'],
  );
  assert.deepEqual(
    [...world.state.sessions.values()].map(({ id }) => id),
    [client, neighbour, applied.zxid],
  );
  const late = world.propose(
    request(0n, 4, { type: 'create-session', kind: 'peer', timeout: 1, password, address: '' }),
  );
  assert.equal(late.type === 'rejected' && late.code, 'REFUSED');
});

test('a successor that is only proposed refuses the old incarnation already', () => {
  const world = new World();
  const open = { type: 'create-session', kind: 'peer', timeout: 1, password, address: '' } as const;
  world.propose(request(0n, 1, open, { owner: ownerOf(1, 5) }));
  const late = world.propose(request(0n, 1, open));
  assert.equal(late.type === 'rejected' && late.code, 'REFUSED');
});

test("a client's session moves to who knows the password; its old owner is refused from then on", () => {
  const world = new World();
  const session = world.open(host, { kind: 'client', password });
  world.do(session, create('/e', { mode: 'ephemeral' }));
  const move = (by: typeof host, secret: Uint8Array): string =>
    outcome(world.do(0n, { type: 'move-session', session, password: secret }, by));
  assert.equal(move(other, bytes('0123456789abcdeX')), 'AUTH_FAILED');
  assert.equal(move(other, bytes('0123')), 'AUTH_FAILED');
  assert.equal(move(other, password), 'move-session');
  assert.deepEqual(world.propose(request(session, 2, remove('/e'))), {
    type: 'rejected',
    code: 'SESSION_MOVED',
    expected: 2,
  });
  assert.equal(outcome(world.do(session, remove('/e'), other)), 'delete');
  assert.deepEqual(
    world.state.sessions.ownedBy(other).map(({ id }) => id),
    [session],
  );
});

test('two takers at once: the later in the order has it', () => {
  const world = new World();
  const session = world.open(host, { kind: 'client', password });
  const take = { type: 'move-session', session, password } as const;
  world.propose(request(0n, 1, take, { owner: other }));
  world.propose(request(0n, 1, take, { owner: ownerOf(3) }));
  const early = world.propose(request(session, 1, create('/x'), { owner: other }));
  assert.equal(early.type === 'rejected' && early.code, 'SESSION_MOVED');
  world.settle();
  assert.equal(world.state.sessions.get(session)?.owner.peer, 3);
});

test("a peer's own session is not taken over, nor one that has ended", () => {
  const world = new World();
  const own = world.open();
  assert.equal(
    outcome(world.do(0n, { type: 'move-session', session: own, password: bytes('') }, other)),
    'AUTH_FAILED',
  );
  world.close(own);
  assert.equal(
    outcome(world.do(0n, { type: 'move-session', session: own, password: bytes('') }, other)),
    'SESSION_EXPIRED',
  );
});

test("an owner closes its sessions by its own numbers, nobody else's", () => {
  const world = new World();
  const session = world.open();
  const shut = { type: 'close-session', session, reason: 'closed' } as const;
  assert.equal(outcome(world.do(0n, shut, other)), 'SESSION_MOVED');
  assert.equal(outcome(world.do(0n, shut, host)), 'close-session');
  assert.equal(outcome(world.do(0n, shut, host)), 'SESSION_EXPIRED');
  const second = world.open();
  const third = world.open();
  assert.equal(outcome(world.do(second, { ...shut, session: third })), 'BAD_ARGUMENTS');
});

test('a session may be used by a peer that knows of it before the leader has applied it', () => {
  const world = new World();
  const zxid = world.nextZxid;
  const open = { type: 'create-session', kind: 'peer', timeout: 1, password, address: '' } as const;
  world.propose(request(0n, 1, open));
  assert.equal(
    world.propose(request(zxid, 1, create('/early', { mode: 'ephemeral' }))).type,
    'txn',
  );
  const next = { ...open, kind: 'peer' } as const;
  world.propose(request(0n, 1, next, { owner: ownerOf(1, 2) }));
  const late = world.propose(request(zxid, 2, create('/late')));
  assert.equal(late.type === 'rejected' && late.code, 'SESSION_EXPIRED');
  const results = world.settle();
  assert.deepEqual(
    results.map(({ alarm }) => alarm),
    [undefined, undefined, undefined],
  );
  assert.deepEqual(results.at(-1)?.ended, [zxid]);
  assert.equal(world.state.tree.find('/early'), -1);
});

test('operations on nodes need a session, and a session a time-out', () => {
  const world = new World();
  assert.equal(outcome(world.do(0n, create('/a'))), 'BAD_ARGUMENTS');
  const open = { type: 'create-session', kind: 'peer', password: bytes(''), address: '' } as const;
  assert.equal(outcome(world.do(0n, { ...open, timeout: 0 })), 'BAD_ARGUMENTS');
  const unknown = world.propose(request(77n, 1, create('/a')));
  assert.deepEqual(unknown, { type: 'rejected', code: 'SESSION_EXPIRED', expected: 1 });
});

test('identities add up, once each and not without bound, and count at once', () => {
  const world = new World();
  const session = world.open(host, { address: '10.0.0.9' });
  const acl = [{ scheme: 'digest', id: 'ann:hash', permissions: 31 }];
  const add = (id: string): Operation => ({ type: 'add-auth', identity: { scheme: 'digest', id } });
  world.propose(request(session, 1, create('/mine', { acl })));
  world.propose(request(session, 2, set('/mine', 'x')));
  world.propose(request(session, 3, add('ann:hash')));
  world.propose(request(session, 4, set('/mine', 'x')));
  assert.deepEqual(
    world
      .settle()
      .map(({ result }) => outcome(result))
      .slice(1),
    ['NO_AUTH', 'add-auth', 'set'],
  );
  world.propose(request(session, 5, add('ann:hash')));
  world.settle();
  assert.equal(world.state.sessions.identities(session).length, 2);
  for (let cxid = 6; cxid < 69; cxid += 1)
    world.propose(request(session, cxid, add(`id-${cxid}:hash`)));
  world.propose(request(session, 69, add('one:more')));
  assert.equal(outcome(world.settle().at(-1)?.result ?? { type: 'sync' }), 'QUOTA_EXCEEDED');
  assert.equal(outcome(world.do(0n, add('no:session'))), 'BAD_ARGUMENTS');
});

test("time never goes back, whatever the leader's clock does", () => {
  const world = new World();
  const session = world.open();
  world.now = 500;
  world.do(session, create('/a'));
  world.now = -10_000;
  const made = world.do(session, create('/b'));
  assert.equal(made.type === 'create' && made.stat.ctime, START + 500);
  const begun = world.prep.epochStart(2, 1, 7, START);
  world.own(() => ({ ...begun, time: 5 }));
  world.settle();
  assert.equal(world.state.time, START + 500);
  assert.equal(world.state.version, 7);
});

test('after a role change nothing is outstanding', () => {
  const world = new World();
  const session = world.open();
  world.propose(request(session, 1, create('/lost')));
  world.prep.reset();
  const again = world.prep.prepare(request(session, 1, create('/lost')), world.nextZxid, START);
  assert(again.type === 'txn' && again.txn.body.type === 'change');
});

test('what must not have been proposed has no effect, and raises an alarm', () => {
  const world = new World();
  const session = world.open();
  const txn = { session, cxid: 1, resolved: 0, owner: host, time: START };
  const node = {
    path: '/e',
    data: bytes(''),
    acl: [],
    kind: 'ephemeral',
    ttl: 0,
    owner: 99n,
  } as const;
  const create99 = {
    type: 'change',
    multi: false,
    spans: [1],
    changes: [{ type: 'create', ...node }],
  } as const;
  const cases = [
    { ...txn, body: create99 },
    { ...txn, cxid: 3, body: { type: 'sync' } as const },
    { ...txn, session: 5n, body: { type: 'sync' } as const },
    {
      ...txn,
      session: 0n,
      cxid: 0,
      body: { type: 'close-session', session: 5n, reason: 'expired' } as const,
    },
    { ...txn, session: 0n, cxid: 2, body: { type: 'move-session', session: 5n } as const },
  ];
  const digest = world.state.tree.digest;
  for (const wrong of cases) {
    world.own(() => wrong);
    const applied = world.settle().at(-1);
    assert.equal(typeof applied?.alarm, 'string');
    assert.equal(applied?.result.type, 'error');
    assert.deepEqual([applied?.events, applied?.ended], [[], []]);
  }
  world.open(ownerOf(1, 2));
  world.own(() => ({ ...txn, session: 0n, cxid: 2, body: { type: 'sync' } }));
  assert.match(world.settle().at(-1)?.alarm ?? '', /successor/);
  assert.equal(world.state.tree.digest, digest);
});

test('answers survive a checkpoint taken while requests go on', () => {
  const world = new World();
  const session = world.open();
  world.propose(request(session, 1, create('/a'), { resolved: 0 }));
  world.settle();
  const hash = world.state.hash();
  const checkpoint = world.state.checkpoint();
  const taken = [kept(checkpoint.next(100) ?? assert.fail())];
  world.propose(request(session, 2, create('/b'), { resolved: 1 }));
  world.open();
  world.settle();
  for (let part = checkpoint.next(100); part !== undefined; part = checkpoint.next(100))
    taken.push(kept(part));
  const copy = restore(taken);
  assert.equal(copy.hash(), hash);
  assert.equal(copy.answer({ session, cxid: 1, owner: host })?.result.type, 'create');
  assert.equal(copy.answer({ session, cxid: 2, owner: host }), undefined);
  assert.equal(world.state.answer({ session, cxid: 1, owner: host }), undefined);
  assert.equal(
    restore(parts(world.state)).answer({ session, cxid: 2, owner: host })?.result.type,
    'create',
  );
});

test('predecessors are looked for once: ten thousand sessions in flight cost no more each than ten', () => {
  const world = new World();
  for (let at = 0; at < 100; at += 1) world.open(ownerOf(2, 1));
  let looked = 0;
  const { sessions } = world.state;
  const values = sessions.values.bind(sessions);
  sessions.values = () => {
    looked += 1;
    return values();
  };
  const operation = {
    type: 'create-session',
    kind: 'peer',
    timeout: 6000,
    password: new Uint8Array(),
    address: '',
  } as const;
  const owner = ownerOf(2, 2);
  for (let cxid = 1; cxid <= 10_000; cxid += 1) {
    world.propose({ session: 0n, cxid, resolved: cxid - 1, owner, operation });
    if (cxid % 1000 === 0) world.settle();
  }
  world.settle();
  assert.equal(looked, 1);
  assert.equal(sessions.size, 10_000, 'those of the earlier incarnation are closed');
  // Each next incarnation looks again, and so does a new leader.
  world.propose({ session: 0n, cxid: 1, resolved: 0, owner: ownerOf(2, 3), operation });
  world.settle();
  assert.equal(looked, 2);
  assert.equal(sessions.size, 1);
});
