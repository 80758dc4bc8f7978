/** A disk that takes its time: nothing is said early, nothing is forgotten, and nobody begins again for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAIN_START } from '../../lib/base/hash.ts';
import { ZERO } from '../../lib/base/zxid.ts';
import { at, entryAfter, Lone, log, newLeader, SPARE, storeOf, voters } from './lone.ts';

const [FIRST] = log('1.1');
assert(FIRST !== undefined);

test('a leader whose disk takes longer than syncTimeout still gets its epoch', () => {
  const lone = new Lone();
  lone.meet(1);
  lone.zab.elected(2);
  lone.slow = true;
  lone.present(1);
  lone.wait(5_000, () => lone.hear(1, lone.says({ state: 'following' })));
  assert.deepEqual(lone.said(1, 'LEADERINFO'), [], 'nothing before it is durable');
  lone.hurry();
  lone.promised(1);
  lone.synced(1);
  assert.equal(lone.zab.established, true);
});

test('a follower waits for such a leader while that says that it leads, but not for ever', () => {
  const lone = new Lone();
  lone.follow(1);
  const leads = (): void => lone.hear(1, lone.says({ state: 'leading' }));
  lone.wait(5_000, leads);
  assert.equal(lone.zab.leader, 1);
  lone.hear(1, { type: 'LEADERINFO', epoch: 2 });
  assert.equal(lone.said(1, 'ACKEPOCH').length, 1);

  const other = new Lone();
  other.follow(1);
  other.wait(15_500, () => other.hear(1, other.says({ state: 'leading' })));
  assert.equal(other.closing(1), 'leader 1 does not invite');
});

test('a silent leader is left', () => {
  const lone = new Lone();
  lone.serve(1, 2, FIRST);
  lone.wait(2_200);
  assert.equal(lone.zab.role, 'looking');
});

test('the promise is said only when it is durable', () => {
  const lone = new Lone();
  lone.follow(1);
  lone.slow = true;
  lone.hear(1, { type: 'LEADERINFO', epoch: 5 });
  assert.deepEqual(lone.said(1, 'ACKEPOCH'), []);
  lone.hurry();
  assert.equal(lone.said(1, 'ACKEPOCH')[0]?.counted, true);
  assert.equal(lone.disk.epochs.accepted, 5);
});

test('a promise on its way to the disk outlives the role that gave it, and is said to nobody', () => {
  const lone = new Lone();
  lone.follow(1);
  lone.slow = true;
  lone.hear(1, { type: 'LEADERINFO', epoch: 5 });
  lone.zab.unlinked(1);
  lone.settle();
  assert.equal(lone.zab.role, 'looking');
  lone.meet(3);
  assert.equal(lone.said(3, 'NOTIFICATION')[0]?.vote, undefined, 'no vote before the disk is idle');
  lone.hear(3, lone.says({ vote: { leader: 3, epoch: 1, zxid: at('1.1') } }));
  assert.equal(lone.said(3, 'NOTIFICATION')[0]?.vote, undefined);
  lone.hurry();
  assert.deepEqual(lone.said(1, 'ACKEPOCH'), []);
  assert.equal(lone.zab.epochs.accepted, 5);
  lone.zab.elected(3);
  lone.settle();
  lone.hear(3, { type: 'LEADERINFO', epoch: 4 });
  assert.equal(lone.closing(3), 'epoch 4 of the leader is over');
});

test('a cut that was queued and not written is taken back with the role', () => {
  const entries = log('1.1', '1.2', '1.3');
  const lone = new Lone({ entries });
  lone.promise(1, 2);
  lone.slow = true;
  // A birth-sized write keeps the store busy, so that what follows stays queued.
  lone.hear(1, { type: 'TRUNC', epoch: 2, to: FIRST.zxid, chain: FIRST.chain });
  const second = entryAfter(FIRST, '1.2', 'other');
  lone.zab.step(1, { type: 'HISTORY', epoch: 2, previous: FIRST.zxid, entries: [second] });
  lone.zab.step(1, newLeader(2, second));
  assert.equal(lone.zab.lastZxid, at('1.2'));
  assert.equal(lone.zab.durableZxid, at('1.1'), 'only what both have');
  lone.zab.unlinked(1);
  assert.equal(lone.zab.lastZxid, at('1.3'));
  assert.equal(lone.zab.durableZxid, at('1.3'));
  assert.equal(lone.zab.epochs.current, 1);
  lone.hurry();
  assert.deepEqual(
    lone.disk.entries.map(({ zxid }) => zxid),
    entries.map(({ zxid }) => zxid),
  );
});

test('a cut in flight is waited for, and counts', () => {
  const entries = log('1.1', '1.2', '1.3');
  const lone = new Lone({ entries });
  lone.promise(1, 2);
  lone.slow = true;
  lone.hear(1, { type: 'TRUNC', epoch: 2, to: FIRST.zxid, chain: FIRST.chain });
  lone.hear(1, newLeader(2, FIRST));
  lone.zab.unlinked(1);
  lone.settle();
  assert.equal(lone.zab.vote?.zxid, at('1.3'), 'the vote is the old one until then');
  lone.hurry();
  assert.equal(lone.zab.vote?.zxid, at('1.1'));
  assert.equal(lone.zab.vote?.epoch, 2);
  assert.equal(lone.zab.durableZxid, at('1.1'));
  assert.deepEqual(lone.said(1, 'ACKNEWLEADER'), []);
});

test('proposals that were acknowledged by nobody go with the leader; those in flight stay', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.slow = true;
  lone.propose('in flight');
  lone.propose('queued');
  assert.equal(lone.zab.lastZxid, at('2.3'));
  lone.zab.unlinked(1);
  lone.zab.unlinked(3);
  lone.wait(2_500);
  assert.equal(lone.zab.role, 'looking');
  assert.equal(lone.zab.lastZxid, at('2.2'));
  lone.hurry();
  assert.equal(lone.zab.durableZxid, at('2.2'));
  assert.equal(lone.disk.last.zxid, at('2.2'));
});

test('a leader counts itself only with its own disk', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.slow = true;
  lone.propose('x');
  lone.acks(1);
  assert.equal(lone.zab.committed, at('2.1'), 'one of three');
  lone.acks(3);
  assert.equal(lone.zab.committed, at('2.2'), 'two of three, without the leader');
  assert.equal(lone.delivered.at(-1), at('2.1'), 'which applies nothing beyond its own disk');
  lone.hurry();
  assert.equal(lone.delivered.at(-1), at('2.2'));
});

test('a COMMIT may be beyond the own disk; the entry is applied when it is there', () => {
  const lone = new Lone();
  lone.serve(1, 2, FIRST);
  lone.slow = true;
  const next = entryAfter(FIRST, '2.1');
  lone.hear(1, { type: 'PROPOSAL', epoch: 2, previous: FIRST.zxid, entries: [next] });
  lone.hear(1, { type: 'COMMIT', epoch: 2, zxid: next.zxid });
  assert.equal(lone.zab.committed, at('2.1'));
  assert.equal(lone.zab.applied, at('1.1'));
  assert.deepEqual(lone.said(1, 'ACK'), []);
  lone.hurry();
  assert.equal(lone.zab.applied, at('2.1'));
  assert.equal(lone.said(1, 'ACK')[0]?.zxid, at('2.1'));
});

const SNAP = { type: 'SNAP', epoch: 7, zxid: at('6.9'), chain: 5 } as const;
const CHUNK = { type: 'CHUNK', epoch: 7, bytes: new Uint8Array(3) } as const;

test('a virgin voter that loses the leader in a checkpoint can still be born', () => {
  const lone = new Lone({ virgin: true });
  lone.meet(1, 1, { cluster: '' });
  lone.hear(1, lone.says({ state: 'leading', vote: { leader: 1, epoch: 7, zxid: at('6.9') } }));
  lone.hear(1, { type: 'LEADERINFO', epoch: 7 });
  assert.equal(lone.said(1, 'ACKEPOCH')[0]?.counted, false);
  lone.slow = true;
  lone.hear(1, { ...SNAP, configuration: lone.genesis });
  lone.hear(1, { ...CHUNK, sequence: 0, last: false });
  lone.hear(1, { ...CHUNK, sequence: 1, last: true });
  lone.hear(1, newLeader(7, { zxid: SNAP.zxid, chain: SNAP.chain }));
  lone.zab.unlinked(1);
  lone.hurry();
  assert.equal(lone.disk.born, false);
  assert.equal(lone.zab.configuration, undefined);
  lone.meet(3);
  const birth = { state: 'born' } as const;
  lone.hear(3, { type: 'BIRTH', birth, genesis: lone.genesis, cluster: '' });
  assert.equal(lone.disk.born, true);
  assert.equal(lone.zab.vote?.leader, 2, 'it votes');
});

test('a birth that came while the store was busy is not forgotten', () => {
  const lone = new Lone({ virgin: true });
  const unborn = { cluster: '', birth: { state: 'unborn' } } as const;
  lone.meet(1, 1, unborn);
  lone.slow = true;
  lone.meet(3, 3, unborn);
  assert(lone.disk.writing, 'its pledge');
  const birth = { state: 'born' } as const;
  lone.hear(1, { type: 'BIRTH', birth, genesis: lone.genesis, cluster: '' });
  lone.hurry();
  lone.tick(250);
  assert.equal(lone.disk.born, true);
});

test('no role begins before another store id is durable, and nothing counts under the old one', () => {
  const lone = new Lone();
  lone.follow(1);
  lone.slow = true;
  lone.hear(1, { type: 'FORGOTTEN', detail: 'rolled back' });
  assert(lone.disk.writing);
  lone.meet(3);
  lone.hear(3, lone.says({ state: 'leading', vote: { leader: 3, epoch: 7, zxid: at('6.9') } }));
  assert.equal(lone.zab.role, 'looking');
  assert.equal(lone.zab.vote, undefined);
  lone.hurry();
  assert.equal(lone.disk.store, SPARE);
  assert.equal(lone.zab.store, SPARE);
  assert.equal(lone.closing(3), 'another store', 'its HELLO said the old one');
  lone.meet(3, 33);
  lone.hear(33, lone.says({ state: 'leading', vote: { leader: 3, epoch: 7, zxid: at('6.9') } }));
  assert.equal(lone.said(33, 'FOLLOWERINFO')[0]?.voter, false);
  lone.hear(33, { type: 'FORGOTTEN', detail: 'again' });
  assert.equal(lone.zab.role, 'quarantined');
});

test('a single voter commits with its disk, and not before', () => {
  const lone = new Lone({ voters: voters(2) });
  assert.equal(lone.zab.broadcasting, true);
  lone.slow = true;
  lone.propose('x');
  assert.equal(lone.zab.committed, at('2.1'));
  lone.hurry();
  assert.equal(lone.zab.committed, at('2.2'));
  assert.equal(lone.disk.last.zxid, at('2.2'));
});

test('a store that refuses a write takes no part any more', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.slow = true;
  lone.propose('x');
  lone.zab.failed('EIO');
  lone.zab.failed('again');
  assert.equal(lone.zab.role, 'quarantined');
  lone.zab.persisted(lone.disk.inFlight?.id ?? 0);
  assert.equal(lone.zab.nextBatch(), undefined);
  assert.equal(lone.zab.deadline(), Number.POSITIVE_INFINITY);
  lone.zab.tick(lone.now + 10_000);
  lone.zab.linked(44, 'peer');
  const { close, deliver } = lone.zab.ready();
  assert.deepEqual(deliver, []);
  assert(close.some(({ link, reason }) => link === 44 && reason === 'quarantined'));
});

test('the empty log of a group just born begins where every log begins', () => {
  const lone = new Lone({ entries: [], epochs: { accepted: 0, current: 0 } });
  assert.equal(lone.zab.lastZxid, ZERO);
  lone.promise(1, 1);
  lone.hear(1, { type: 'DIFF', epoch: 1, from: ZERO, chain: CHAIN_START });
  lone.hear(1, newLeader(1, { zxid: ZERO, chain: CHAIN_START }));
  assert.equal(lone.said(1, 'ACKNEWLEADER').length, 1);
  assert.equal(lone.zab.peers().get(1)?.store, storeOf(1));
});
