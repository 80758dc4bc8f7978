/**
 * Every pair of (follower, leader) logs over three epochs with up to three entries each: whatever the
 * two hold, the stream that the plan begins turns the follower's log into the leader's, and cuts
 * nothing that both share (ZOOKEEPER-1154: a DIFF chosen because a zxid merely lies within a range).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochOf, makeZxid, ZERO, type Zxid } from '../../lib/base/zxid.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import { History } from '../../lib/zab/history.ts';
import { chained, type Entry, type Mark } from '../../lib/zab/log-entry.ts';
import { StoredLog } from '../../lib/zab/stored-log.ts';
import { planSync } from '../../lib/zab/sync-plan.ts';

const configuration: Configuration = { version: ZERO, voters: [], origin: { type: 'genesis' } };
const GENESIS = { zxid: ZERO, chain: 0, configuration };
const COUNTS = [0, 1, 2, 3];

function log(counts: readonly number[]): Entry[] {
  let previous: Mark = GENESIS;
  const entries: Entry[] = [];
  for (const [at, count] of counts.entries()) {
    for (let counter = 1; counter <= count; counter += 1) {
      const zxid = makeZxid(at + 1, counter);
      // One primary per epoch, so one content per zxid, as the protocol guarantees.
      const bytes = new TextEncoder().encode(`${at + 1}.${counter}`);
      const entry = chained(previous, { zxid, kind: 'transaction', bytes, chain: 0 });
      entries.push(entry);
      previous = entry;
    }
  }
  return entries;
}

const LOGS = COUNTS.flatMap((a) => COUNTS.flatMap((b) => COUNTS.map((c) => log([a, b, c]))));

/** What the follower's log is after the stream, or undefined for a SNAP. */
function synchronized(follower: readonly Entry[], leader: History): Zxid[] | undefined {
  const last = follower[follower.length - 1] ?? GENESIS;
  const learner = { lastZxid: last.zxid, lastChain: last.chain, empty: false };
  const plan = planSync(learner, leader, leader.last.zxid);
  if (plan.mode === 'SNAP') return undefined;
  assert(plan.mode !== 'MISMATCH', 'intact logs never mismatch at a shared zxid');
  const from = plan.mode === 'DIFF' ? plan.from : plan.to;
  const kept = follower.map(({ zxid }) => zxid).filter((zxid) => zxid <= from.zxid);
  if (plan.mode === 'DIFF') assert.equal(kept.length, follower.length, 'a DIFF cuts nothing');
  assert(kept.length === 0 || kept[kept.length - 1] === from.zxid, 'the follower holds the mark');
  return [...kept, ...leader.slice(from.zxid, leader.last.zxid).map(({ zxid }) => zxid)];
}

function below(entries: readonly Entry[], epoch: number): string {
  return entries
    .filter(({ zxid }) => epochOf(zxid) < epoch)
    .map(({ zxid }) => zxid)
    .join();
}

/**
 * Logs that the protocol can bring together. An entry of epoch e was proposed by an established leader,
 * so everything below e is I(e): a later leader holds exactly that (S6), and so does a follower that has
 * come as far. Only a follower's own end may be something that was discarded.
 */
function canMeet(leader: readonly Entry[], follower: readonly Entry[]): boolean {
  const reach = Math.max(0, ...follower.map(({ zxid }) => epochOf(zxid)));
  const same = (epoch: number): boolean => below(leader, epoch) === below(follower, epoch);
  return (
    follower.every(({ zxid }) => same(epochOf(zxid))) &&
    leader.every(({ zxid }) => epochOf(zxid) > reach || same(epochOf(zxid)))
  );
}

test('every pair of logs that can meet ends as the leader log', () => {
  let pairs = 0;
  for (const leaderLog of LOGS) {
    const leader = new History(GENESIS, StoredLog.of(leaderLog));
    for (const follower of LOGS) {
      if (!canMeet(leaderLog, follower)) continue;
      const end = synchronized(follower, leader);
      pairs += 1;
      assert.deepEqual(
        end,
        leaderLog.map(({ zxid }) => zxid),
      );
    }
  }
  assert(pairs > 300, `${pairs} pairs`);
});

test('a log that differs under a zxid both hold is a mismatch or is cut before it', () => {
  let mismatches = 0;
  for (const leaderLog of LOGS) {
    const leader = new History(GENESIS, StoredLog.of(leaderLog));
    for (const follower of LOGS) {
      if (canMeet(leaderLog, follower)) continue;
      const last = follower[follower.length - 1] ?? GENESIS;
      const learner = { lastZxid: last.zxid, lastChain: last.chain, empty: false };
      const plan = planSync(learner, leader, leader.last.zxid);
      if (plan.mode === 'MISMATCH') mismatches += 1;
      else assert.notEqual(plan.mode, 'DIFF', 'never a DIFF onto another history');
    }
  }
  assert(mismatches > 100, `${mismatches} mismatches`);
});

test('a log that begins above the follower needs a SNAP; at its base a DIFF will do', () => {
  for (const leaderLog of LOGS) {
    if (leaderLog.length < 2) continue;
    const leader = new History(GENESIS, StoredLog.of(leaderLog));
    const cut = leaderLog[Math.floor(leaderLog.length / 2)];
    assert(cut !== undefined);
    leader.trim(cut.zxid);
    assert.equal(leader.base.zxid, cut.zxid);
    const below = { lastZxid: ZERO, lastChain: 0, empty: false };
    assert.equal(planSync(below, leader, leader.last.zxid).mode, 'SNAP');
    const at = { lastZxid: cut.zxid, lastChain: cut.chain, empty: false };
    assert.equal(planSync(at, leader, leader.last.zxid).mode, 'DIFF');
  }
});

test('whoever has lost its log gets a SNAP, and an observer keeps nothing that is not committed', () => {
  const leader = new History(GENESIS, StoredLog.of(log([3, 0, 0])));
  const last = leader.last;
  const lost = { lastZxid: last.zxid, lastChain: last.chain, empty: true };
  assert.equal(planSync(lost, leader, last.zxid).mode, 'SNAP');
  const whole = { lastZxid: last.zxid, lastChain: last.chain, empty: false };
  const plan = planSync(whole, leader, makeZxid(1, 2));
  assert(plan.mode === 'TRUNC');
  assert.equal(plan.to.zxid, makeZxid(1, 2));
  assert.equal(epochOf(plan.to.zxid), 1);
});
