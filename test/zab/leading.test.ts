/** One leader, and learners that do what they must not, or what rarely happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EPOCH_MAX } from '../../lib/base/zxid.ts';
import { encodeConfiguration } from '../../lib/wire/configuration.ts';
import { type Member, voterOf } from '../../lib/zab/configuration.ts';
import { at, Lone, log, newLeader, storeOf, voters } from './lone.ts';

function reasons(lone: Lone): string[] {
  return lone.events.flatMap((event) => (event.type === 'role' ? [event.reason] : []));
}

/** Elected, epoch 2 chosen and durable, nobody has promised it yet. */
function elected(lone: Lone, ...followers: readonly number[]): Lone {
  for (const peer of followers) lone.meet(peer);
  lone.zab.elected(2);
  lone.settle();
  for (const peer of followers) lone.present(peer);
  return lone;
}

const HEAVY: readonly Member[] = voters(1, 2, 3).map((voter) =>
  voter.id === 2 ? { ...voter, weight: 3 } : voter,
);

test('UPTODATE never says more than was sent, though the leader alone is a quorum', () => {
  const lone = new Lone({ voters: HEAVY });
  lone.lead();
  elected(lone, 1);
  lone.promised(1);
  lone.zab.propose('transaction', new TextEncoder().encode('x'));
  const batch = lone.zab.nextBatch();
  assert(batch !== undefined);
  lone.disk.begin({ id: batch.id, log: batch });
  lone.finishWrite();
  assert.equal(lone.zab.committed, at('2.2'), 'committed before the proposal has left');
  lone.synced(1);
  assert.deepEqual(
    lone.sent
      .filter(({ message }) => ['UPTODATE', 'PROPOSAL', 'COMMIT'].includes(message.type))
      .map(({ message }) => message.type),
    ['UPTODATE', 'PROPOSAL', 'COMMIT'],
  );
  assert.equal(lone.said(1, 'UPTODATE')[0]?.commitZxid, at('2.1'));
  assert.equal(lone.said(1, 'COMMIT')[0]?.zxid, at('2.2'));
});

test('an ACKNEWLEADER for another history ends the link and is not counted', () => {
  for (const wrong of [{ zxid: at('0.0') }, { zxid: at('9.1') }, { chain: 1 }, { epoch: 7 }]) {
    const lone = elected(new Lone(), 1);
    lone.promised(1);
    const [said] = lone.said(1, 'NEWLEADER');
    assert(said !== undefined);
    const { epoch, historyZxid: zxid, historyChain: chain } = said;
    lone.hear(1, { type: 'ACKNEWLEADER', epoch, zxid, chain, ...wrong });
    assert.equal(lone.zab.established, false);
    assert.equal(lone.closing(1), 'ACKNEWLEADER for another history');
  }
});

test('an ACK out of order ends the link; one behind what is known says nothing', () => {
  for (const wrong of [{ zxid: at('2.9') }, { epoch: 1 }]) {
    const lone = new Lone();
    lone.lead(1, 3);
    lone.hear(1, { type: 'ACK', epoch: 2, zxid: at('2.1'), ...wrong });
    assert.equal(lone.closing(1), 'ACK out of order');
  }
  const lone = new Lone();
  lone.lead(1, 3);
  lone.acks(1, at('1.1'));
  assert.equal(lone.closing(1), undefined);
});

test('an ACKEPOCH out of order ends its link, and unseats nobody', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  const mark = { lastZxid: at('1.1'), lastChain: 0, appliedZxid: at('1.1'), empty: false };
  lone.hear(3, { type: 'ACKEPOCH', epoch: 2, counted: true, currentEpoch: 9, ...mark });
  assert.equal(lone.closing(3), 'ACKEPOCH out of order');
  assert.equal(lone.zab.established, true);
});

test('a learner says only what a learner says; the rest is dropped', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.hear(1, newLeader(9, { zxid: at('9.9'), chain: 0 }), { type: 'LEADERINFO', epoch: 9 });
  assert.equal(lone.zab.established, true);
  assert.equal(lone.closing(1), undefined);
  lone.present(1);
  assert.equal(lone.closing(1), 'FOLLOWERINFO twice');
});

test('a voter that has promised a later epoch ends an attempt, not an established epoch', () => {
  const attempt = elected(new Lone(), 1);
  attempt.meet(3);
  attempt.present(3, { acceptedEpoch: 9 });
  assert(reasons(attempt).includes('a voter has promised epoch 9'));

  const lone = new Lone();
  lone.lead(1);
  const alive = (): void => lone.pongs(1);
  lone.meet(3);
  lone.present(3, { acceptedEpoch: 9 });
  assert.deepEqual(lone.said(3, 'LEADERINFO'), []);
  lone.wait(29_000, alive);
  assert.equal(lone.zab.established, true);
  // 2 and 1 are all there is: one more failure, and nobody could be elected before 3 is in again.
  lone.wait(2_000, alive);
  assert.equal(reasons(lone).at(-1), 'hands over');
  assert.equal(lone.said(1, 'HANDOVER')[0]?.successor, 1);
});

test('an outpaced voter changes nothing while enough others serve', () => {
  const lone = new Lone({ voters: voters(1, 2, 3, 4, 5) });
  lone.lead(1, 3, 4);
  lone.meet(5);
  lone.present(5, { acceptedEpoch: 9 });
  lone.wait(32_000, () => {
    for (const peer of [1, 3, 4]) lone.pongs(peer);
  });
  assert.equal(lone.zab.established, true);
});

test('an observer’s promises of old do not count, whatever its id', () => {
  const lone = new Lone();
  elected(lone, 1);
  lone.meet(3, 3, { role: 'observer' });
  lone.present(3, { acceptedEpoch: 9, voter: false });
  assert.equal(lone.zab.role, 'leading');
  assert.equal(lone.said(3, 'LEADERINFO')[0]?.epoch, 2);
});

test('a voter with a newer configuration ends an attempt', () => {
  const lone = elected(new Lone(), 1);
  lone.meet(3);
  lone.present(3, { configuration: at('1.9') });
  assert(reasons(lone).includes('a voter has a newer configuration'));
});

test('a voter with a longer history ends an attempt', () => {
  for (const ahead of [{ currentEpoch: 2 }, { lastZxid: at('1.2') }]) {
    const lone = elected(new Lone(), 1);
    lone.promised(1, ahead);
    assert(reasons(lone).includes('peer 1 has a longer history'));
  }
});

test('a promise to another leader ends the attempt only if no quorum is left without it', () => {
  const three = elected(new Lone(), 1);
  three.promised(1, { counted: false });
  assert(reasons(three).includes('peer 1 promised epoch 2 to another leader'));

  const enough = elected(new Lone(), 1, 3);
  enough.promised(1, { counted: false });
  assert.equal(enough.zab.phase, 'discovery');
  enough.promised(3);
  enough.synced(3);
  assert.equal(enough.zab.established, true);
  enough.synced(1);
  assert.equal(enough.said(1, 'UPTODATE').length, 1, 'it is synced like the others');
});

test('a store that comes back with less than it promised is told, and not invited', () => {
  const less = [
    { acceptedEpoch: 1, currentEpoch: 1 },
    { acceptedEpoch: 2, currentEpoch: 1 },
    { acceptedEpoch: 2, currentEpoch: 2, lastZxid: at('2.1') },
  ];
  for (const [times, rest] of less.entries()) {
    const lone = new Lone();
    lone.lead(1, 3);
    lone.propose('x');
    lone.acks(3);
    lone.zab.unlinked(3);
    lone.meet(3, 33, { boot: times === 0 ? 1 : 2 });
    lone.hear(33, {
      type: 'FOLLOWERINFO',
      acceptedFrom: '',
      lastZxid: at('2.2'),
      configuration: at('0.0'),
      voter: true,
      ...rest,
    });
    assert.equal(lone.said(33, 'FORGOTTEN').length, 1);
    assert.deepEqual(lone.said(33, 'LEADERINFO'), []);
    assert.deepEqual(lone.alarms, ['the store of peer 3 has lost promises']);
  }
});

test('so is one that was opened fewer times, and one that only acknowledged the history', () => {
  for (const [boot, lastZxid] of [
    [4, at('2.2')],
    [5, at('0.0')],
  ] as const) {
    const lone = new Lone();
    lone.meet(3, 3, { boot: 5 });
    elected(lone, 1);
    lone.present(3);
    for (const peer of [1, 3]) lone.promised(peer);
    for (const peer of [1, 3]) lone.synced(peer);
    lone.zab.unlinked(3);
    lone.meet(3, 33, { boot });
    const promise = { acceptedEpoch: 2, acceptedFrom: '', currentEpoch: 2, voter: true };
    lone.hear(33, { type: 'FOLLOWERINFO', configuration: at('0.0'), lastZxid, ...promise });
    assert.equal(lone.said(33, 'FORGOTTEN').length, 1);
  }
});

test('so is one that is as it was before it was admitted, and does not count itself', () => {
  const lone = new Lone();
  lone.lead(1);
  const store = 'e'.repeat(32);
  lone.meet(3, 3, { store });
  lone.present(3, { voter: false });
  lone.promised(3, { counted: false });
  lone.synced(3);
  lone.acks(3);
  while (lone.configure !== undefined) {
    const due = lone.configure;
    lone.configure = undefined;
    lone.zab.propose('configuration', encodeConfiguration(due), due);
    lone.settle();
    for (const peer of [1, 3]) lone.acks(peer);
  }
  assert.equal(voterOf(lone.zab.configuration ?? lone.genesis, 3)?.store, store);
  lone.propose('x');
  lone.acks(3);
  lone.zab.unlinked(3);
  lone.meet(3, 33, { store, boot: 2, starts: [1, 2] });
  lone.present(33, { voter: false, acceptedEpoch: 2, currentEpoch: 2, lastZxid: at('2.1') });
  assert.equal(lone.said(33, 'FORGOTTEN').length, 1);
  assert.deepEqual(lone.said(33, 'LEADERINFO'), []);
});

test('what a store says of itself when it presents itself is remembered, promised here or not', () => {
  const lone = new Lone();
  lone.meet(3, 3);
  elected(lone, 1);
  const info = { acceptedFrom: '', configuration: at('0.0'), lastZxid: at('0.0'), voter: true };
  lone.hear(3, { type: 'FOLLOWERINFO', acceptedEpoch: 1, currentEpoch: 0, ...info });
  lone.zab.unlinked(3);
  lone.meet(3, 33, { boot: 2 });
  lone.hear(33, { type: 'FOLLOWERINFO', acceptedEpoch: 0, currentEpoch: 0, ...info });
  assert.equal(lone.said(33, 'FORGOTTEN').length, 1);
});

test('who comes back whole under the same promise is synced again', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.zab.unlinked(3);
  lone.meet(3, 33, { boot: 2 });
  const promise = { acceptedEpoch: 2, acceptedFrom: '', currentEpoch: 2, voter: true };
  const lastZxid = at('2.1');
  lone.hear(33, { type: 'FOLLOWERINFO', configuration: at('0.0'), lastZxid, ...promise });
  assert.deepEqual(lone.said(33, 'FORGOTTEN'), []);
  assert.equal(lone.said(33, 'LEADERINFO').length, 1);
});

test('a counted promise whose id returns with another store ends an attempt', () => {
  const lone = elected(new Lone({ voters: voters(1, 2, 3, 4, 5) }), 1, 3);
  lone.promised(3);
  lone.zab.unlinked(3);
  assert.equal(lone.zab.role, 'leading');
  lone.meet(3, 33, { store: 'e'.repeat(32) });
  assert(reasons(lone).includes('peer 3 has forgotten its promise'));
});

test('another entry under the same zxid is never repaired in silence', () => {
  const lone = elected(new Lone(), 1, 3);
  lone.promised(3);
  lone.promised(1, { lastChain: 4711 });
  assert.equal(lone.said(1, 'FORGOTTEN').length, 1);
  assert.deepEqual(lone.alarms, ['the log of peer 1 differs at its end']);
});

test('a learner that does not acknowledge is cut when it lags, however short the log is kept', () => {
  const lone = new Lone({ options: { lagMax: 5 } });
  lone.lead(1, 3);
  for (let count = 0; count < 6; count += 1) {
    lone.propose('x');
    lone.acks(3);
    lone.zab.trim(lone.zab.applied);
  }
  assert.equal(lone.zab.committed, at('2.7'));
  lone.tick(10);
  assert.equal(lone.closing(1), undefined, 'it may be about to');
  lone.wait(2_200, () => {
    lone.pongs(3);
    for (const peer of [1, 3]) lone.hear(peer, lone.says({ state: 'following' }));
  });
  assert.equal(lone.closing(1), 'lags');
  assert.equal(lone.closing(3), undefined);
});

/** A leader that sends a checkpoint to another store of voter 3, over link 33; peer 1 follows. */
function feeding(options: Partial<Lone['options']>): Lone {
  const lone = new Lone({ options });
  lone.lead(1, 3);
  lone.zab.unlinked(3);
  lone.zab.trim(lone.zab.applied);
  lone.meet(3, 33, { store: 'e'.repeat(32) });
  const mark = { lastZxid: at('0.0'), lastChain: 0, appliedZxid: at('0.0') };
  lone.hear(33, {
    type: 'FOLLOWERINFO',
    acceptedEpoch: 2,
    acceptedFrom: '',
    currentEpoch: 0,
    lastZxid: at('0.0'),
    configuration: at('0.0'),
    voter: false,
  });
  lone.hear(33, {
    type: 'ACKEPOCH',
    epoch: 2,
    counted: false,
    currentEpoch: 0,
    empty: true,
    ...mark,
  });
  assert.equal(lone.snapshots.length, 1);
  return lone;
}

function proposeSix(lone: Lone): void {
  for (let count = 0; count < 6; count += 1) {
    lone.propose('x');
    lone.acks(1);
  }
}

test('what waits behind a checkpoint is bounded', () => {
  const lone = feeding({ heldBytesMax: 100 });
  lone.zab.chunk(33, new Uint8Array(1), false);
  proposeSix(lone);
  assert.deepEqual(lone.said(33, 'PROPOSAL'), [], 'held back');
  lone.tick(10);
  assert.equal(lone.closing(33), 'lags');
  lone.zab.chunk(33, new Uint8Array(1), true);
  lone.settle();
  assert.equal(lone.said(33, 'CHUNK').length, 1, 'no more is sent');
});

test('who takes its copy quicker than anything is proposed is let in, however much waits behind it', () => {
  const lone = feeding({ heldBytesMax: 100 });
  const alive = (): void => {
    lone.pongs(1);
    for (const link of [1, 33]) lone.hear(link, lone.says({ state: 'following' }));
  };
  for (let count = 0; count < 10; count += 1) {
    lone.zab.chunk(33, new Uint8Array(500), false);
    lone.propose('x'.repeat(400));
    lone.acks(1);
    lone.wait(100, alive);
  }
  assert.equal(lone.closing(33), undefined, '4,000 bytes wait, and it has taken 5,000');
  lone.zab.chunk(33, new Uint8Array(1), true);
  lone.settle();
  lone.synced(33);
  assert.equal(lone.said(33, 'UPTODATE').length, 1);
});

test('whoever comes on is not cut, however many entries were proposed while it got a checkpoint', () => {
  const lone = feeding({ lagMax: 5 });
  const alive = (): void => {
    lone.pongs(1);
    for (const link of [1, 33]) lone.hear(link, lone.says({ state: 'following' }));
  };
  lone.zab.chunk(33, new Uint8Array(1), false);
  proposeSix(lone);
  lone.wait(3_000, alive);
  lone.zab.chunk(33, new Uint8Array(1), true);
  lone.settle();
  lone.synced(33);
  lone.wait(1_000, alive);
  assert.equal(lone.closing(33), undefined);
  lone.acks(33);
  proposeSix(lone);
  lone.wait(1_000, alive);
  assert.equal(lone.closing(33), undefined);
  lone.wait(1_500, alive);
  assert.equal(lone.closing(33), 'lags', 'it has stopped');
});

test('a disk has time for what its link has taken: it may be the slower of the two', () => {
  const lone = feeding({ initTimeout: 1_000 });
  const alive = (): void => {
    lone.pongs(1);
    for (const link of [1, 33]) lone.hear(link, lone.says({ state: 'following' }));
  };
  lone.zab.chunk(33, new Uint8Array(4_000_000), false);
  lone.zab.chunk(33, new Uint8Array(4_000_000), true);
  lone.wait(4_500, alive);
  assert.equal(lone.closing(33), undefined);
  lone.wait(1_000, alive);
  assert.equal(lone.closing(33), 'no progress');
});

test('a synchronization without progress is cut; one whose chunks flow is not', () => {
  const lone = new Lone({ options: { initTimeout: 1_000 } });
  lone.lead(3);
  elected(lone, 1);
  lone.promised(1);
  const alive = (): void => {
    lone.pongs(3);
    lone.hear(1, lone.says({ state: 'following' }));
  };
  lone.wait(900, alive);
  assert.equal(lone.closing(1), undefined);
  lone.wait(300, alive);
  assert.equal(lone.closing(1), 'no progress');
});

test('an observer that comes and goes does not keep a leader without voters', () => {
  const lone = elected(new Lone({ options: { initTimeout: 5_000 } }), 1);
  lone.promised(1);
  lone.zab.unlinked(1);
  let link = 100;
  lone.wait(6_000, () => {
    link += 1;
    lone.meet(9, link, { role: 'observer', store: storeOf(9) });
    lone.present(link, { voter: false });
    lone.zab.unlinked(link);
  });
  assert(reasons(lone).includes('no quorum presented itself'));
});

test('no quorum: an attempt ends, and so does an established epoch', () => {
  const lone = elected(new Lone());
  lone.wait(2_200);
  assert.equal(reasons(lone).at(-1), 'no quorum presented itself');
  const established = new Lone();
  established.lead(1, 3);
  established.wait(2_200);
  assert(reasons(established).includes('no quorum answers'));
});

test('the last counter of an epoch ends it, with a successor when one is in step', () => {
  const lone = new Lone({ options: { counterMax: 3 } });
  lone.lead(1, 3);
  lone.propose('x');
  lone.propose('last');
  assert.equal(lone.zab.broadcasting, false);
  assert.equal(lone.zab.role, 'leading', 'until all is committed');
  lone.acks(3);
  assert.equal(lone.said(1, 'HANDOVER')[0]?.successor, 3);
  assert.equal(lone.zab.role, 'looking');
});

test('who gives up leadership while nobody is in step goes without a successor', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.propose('x');
  lone.zab.handOver();
  lone.wait(2_500, () => lone.pongs(1));
  assert.equal(lone.zab.role, 'looking');
  assert.deepEqual(lone.said(1, 'HANDOVER'), []);
});

test('a store that has promised the last epoch there is stops instead of trying for ever', () => {
  const lone = new Lone({
    voters: voters(2),
    epochs: { accepted: EPOCH_MAX, acceptedFrom: '', current: 1 },
  });
  assert.equal(lone.zab.role, 'quarantined');
  assert.deepEqual(lone.alarms, ['no epoch is left']);
  const other = elected(new Lone());
  other.meet(3);
  other.present(3, { acceptedEpoch: EPOCH_MAX });
  assert.notEqual(other.zab.role, 'quarantined', 'of another it ends the attempt only');
  assert(reasons(other).includes('no epoch is left'));
});

test('a round is confirmed by answers to itself, on links that have acknowledged the history', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.tick(300);
  lone.zab.confirm(7);
  assert.deepEqual(lone.confirmed, []);
  const before = lone.said(3, 'PING').at(-1);
  assert(before !== undefined);
  lone.hear(3, { ...before, type: 'PONG' });
  assert.deepEqual(lone.confirmed, [], 'that PING went out before');
  lone.settle();
  lone.pongs(3);
  assert.deepEqual(lone.confirmed, [7]);
  lone.hear(3, { type: 'PONG', epoch: 2, nonce: 1_000 }, { type: 'PONG', epoch: 1, nonce: 2 });
  lone.hear(1, { type: 'PONG', epoch: 2, nonce: 1 });
  assert.deepEqual(lone.confirmed, [7]);
});

test('nobody confirms anything who does not lead', () => {
  const lone = new Lone();
  assert.equal(lone.zab.confirm(1), false);
  assert.throws(() => lone.zab.nextZxid);
  lone.zab.chunk(1, new Uint8Array(1), true);
  assert.equal(lone.zab.proposing, false);
});

test('a long history goes out in messages of bounded size', () => {
  const entries = log('1.1', '1.2', '1.3', '1.4', '1.5');
  const lone = elected(new Lone({ entries, options: { groupBytes: 40 } }), 1);
  lone.promised(1);
  const sizes = lone.said(1, 'HISTORY').map((history) => history.entries.length);
  assert.deepEqual(sizes, [2, 2]);
  lone.synced(1);
});

test('a long history is applied a turn at a time, and nothing is proposed before all of it is', () => {
  const entries = log(...Array.from({ length: 21 }, (_, index) => `1.${index + 1}`));
  const lone = new Lone({ entries, voters: HEAVY, options: { deliverBytesMax: 512 } });
  lone.zab.elected(2);
  let turns = 0;
  for (; lone.zab.applied < at('2.1'); turns += 1) {
    assert.ok(turns < 50, 'it comes to an end');
    const before = lone.zab.applied;
    lone.tick(1);
    if (!lone.zab.established || lone.zab.applied >= at('1.21')) continue;
    assert.ok(lone.zab.applied > before);
    assert.ok(lone.zab.deadline() <= lone.now, 'the next turn comes at once');
    assert.equal(lone.zab.lastZxid, at('1.21'), 'nothing is proposed');
  }
  assert.ok(turns > 2, `all in ${turns} turns`);
  assert.deepEqual(lone.delivered, [...entries.map(({ zxid }) => zxid), at('2.1')]);
});

test('a learner is let in when the leader has applied its history: before, nobody would take what it asks', () => {
  const entries = log(...Array.from({ length: 21 }, (_, index) => `1.${index + 1}`));
  const lone = elected(new Lone({ entries, options: { deliverBytesMax: 512 } }), 1);
  lone.promised(1);
  lone.synced(1);
  let turns = 0;
  for (; lone.zab.applied < at('1.21'); turns += 1) {
    assert.ok(turns < 50, 'it comes to an end');
    assert.ok(lone.zab.established);
    assert.deepEqual(lone.said(1, 'UPTODATE'), []);
    lone.tick(1);
  }
  assert.ok(turns > 2, `all in ${turns} turns`);
  assert.equal(lone.said(1, 'UPTODATE')[0]?.commitZxid, at('1.21'));
});
