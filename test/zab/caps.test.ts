/** What waits is bounded: streams go as their links take them, and whoever needs too much is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../lib/zab/log-entry.ts';
import { at, entryAfter, Lone, log, newLeader } from './lone.ts';

const NAMES = Array.from({ length: 40 }, (_, index) => `1.${index + 1}`);
const [FIRST] = log('1.1');
assert(FIRST !== undefined);

/** A log of forty entries at a leader of which peer 1 has the first. */
function leaderOf(options: Partial<Lone['options']>): Lone {
  const lone = new Lone({ entries: log(...NAMES), options: { groupBytes: 64, ...options } });
  lone.meet(1);
  lone.meet(3);
  lone.zab.elected(2);
  lone.settle();
  lone.present(1);
  lone.present(3);
  return lone;
}

/** Peer 3 takes the history, turn by turn. */
function join(lone: Lone): void {
  lone.promised(3);
  lone.wait(1_000);
  lone.synced(3);
}

function entriesSaid(lone: Lone, link: number): number {
  return lone.said(link, 'HISTORY').reduce((sum, { entries }) => sum + entries.length, 0);
}

test('a long history pauses while its link is full, goes on when it has drained, and ends with NEWLEADER', () => {
  const lone = leaderOf({ linkBacklogMax: 200 });
  lone.zab.backlog(1, 1_000);
  lone.promised(1);
  assert.equal(lone.said(1, 'DIFF').length, 1);
  assert.equal(entriesSaid(lone, 1), 0, 'the link is full');
  lone.zab.backlog(1, 100);
  lone.zab.ready().send.forEach(({ to, message }) => {
    for (const link of to) lone.sent.push({ link, message });
  });
  const some = entriesSaid(lone, 1);
  assert(some > 0 && some < 39, `as much as it takes: ${some}`);
  assert.equal(lone.said(1, 'NEWLEADER').length, 0);
  assert.equal(lone.zab.deadline(), lone.now, 'there is more to do at once');
  lone.zab.backlog(1, 0);
  lone.settle();
  lone.wait(1_000);
  assert.equal(some + entriesSaid(lone, 1), 39);
  lone.synced(1);
  assert.equal(lone.zab.established, true);
});

test('a history is read from the log as it leaves, and the rest of it before the log is trimmed', () => {
  const lone = leaderOf({ linkBacklogMax: 200, deliverBytesMax: 2_560 });
  join(lone);
  // What is large is applied turn by turn, and EPOCH_START comes behind it.
  lone.wait(1_000, () => lone.pongs(3));
  lone.acks(3);
  lone.zab.backlog(1, 1_000);
  lone.promised(1);
  lone.propose('x');
  lone.acks(3);
  lone.zab.trim(lone.zab.applied);
  assert.equal(lone.zab.logBase, lone.zab.applied, 'nothing of the history is left in the log');
  lone.zab.backlog(1, 0);
  lone.wait(1_000, () => lone.pongs(3));
  const histories = lone.said(1, 'HISTORY');
  const names = histories.flatMap(({ entries }) => entries.map(({ zxid }) => zxid));
  assert.deepEqual(names, [...NAMES.slice(1), '2.1'].map(at));
  lone.synced(1);
  assert.equal(lone.said(1, 'UPTODATE').length, 1);
});

test('a link that takes nothing for initTimeout is cut', () => {
  const lone = leaderOf({ linkBacklogMax: 200, initTimeout: 3_000 });
  join(lone);
  lone.zab.backlog(1, 1_000);
  lone.promised(1);
  lone.wait(4_000, () => {
    lone.hear(1, lone.says({ state: 'following' }));
    lone.pongs(3);
  });
  assert.equal(lone.closing(1), 'no progress');
});

test('what a learner is told behind its history waits for the history', () => {
  const lone = leaderOf({ linkBacklogMax: 200 });
  join(lone);
  lone.acks(3);
  lone.zab.backlog(1, 1_000);
  lone.promised(1);
  lone.propose('x');
  lone.acks(3);
  assert.deepEqual(lone.said(1, 'PROPOSAL'), []);
  lone.zab.backlog(1, 0);
  lone.wait(1_000, () => lone.pongs(3));
  assert.equal(entriesSaid(lone, 1), 40, 'EPOCH_START too');
  assert.equal(lone.said(1, 'PROPOSAL').length, 1);
  lone.synced(1);
  assert.equal(lone.said(1, 'UPTODATE').length, 1);
});

test('more proposals than are kept for a learner cut its link, in bytes too', () => {
  const lone = leaderOf({ linkBacklogMax: 200, heldBytesMax: 500 });
  join(lone);
  lone.acks(3);
  lone.zab.backlog(1, 1_000);
  lone.promised(1);
  lone.propose('x'.repeat(300));
  assert.equal(lone.closing(1), undefined);
  lone.propose('x'.repeat(300));
  assert.equal(lone.closing(1), 'lags');
  const over: string[] = [];
  lone.zab.measure((queue, size, cap) => {
    if (size > cap) over.push(queue);
  });
  assert.deepEqual(over, []);
});

test('a learner leaves a leader that sends more than its disk can take', () => {
  const lone = new Lone({ options: { writeQueueBytesMax: 2_000 } });
  lone.serve(1, 2, FIRST);
  lone.slow = true;
  let previous: Entry = FIRST;
  for (let count = 1; count <= 6; count += 1) {
    const next = entryAfter(previous, `2.${count}`, 'x'.repeat(400));
    lone.hear(1, { type: 'PROPOSAL', epoch: 2, previous: previous.zxid, entries: [next] });
    previous = next;
  }
  assert.equal(lone.closing(1), 'more came than the disk can take');
  assert.equal(lone.zab.role, 'looking');
  lone.hurry();
  assert.equal(lone.zab.durableZxid, at('2.1'), 'what was in flight counts, the rest is forgotten');
});

test('so does one that is sent a copy without end', () => {
  const lone = new Lone({ options: { writeQueueBytesMax: 2_000 } });
  lone.promise(1, 7);
  const snap = { type: 'SNAP', epoch: 7, zxid: at('6.9'), chain: 5 } as const;
  lone.hear(1, { ...snap, configuration: lone.genesis });
  lone.slow = true;
  for (let sequence = 0; sequence < 5; sequence += 1) {
    const bytes = new Uint8Array(700);
    lone.hear(1, { type: 'CHUNK', epoch: 7, sequence, bytes, last: false });
  }
  assert.equal(lone.closing(1), 'more came than the disk can take');
});

test('a history is held back within the bound of the disk queue, and written as it comes beyond its own', () => {
  const lone = new Lone({ options: { syncBufferBytes: 100 } });
  lone.promise(1, 2);
  lone.hear(1, { type: 'DIFF', epoch: 2, from: FIRST.zxid, chain: FIRST.chain });
  const next = entryAfter(FIRST, '1.2', 'x'.repeat(300));
  lone.hear(1, { type: 'HISTORY', epoch: 2, previous: FIRST.zxid, entries: [next] });
  assert.equal(lone.zab.durableZxid, at('1.2'));
  lone.hear(1, newLeader(2, next));
  assert.equal(lone.said(1, 'ACKNEWLEADER').length, 1);
});
