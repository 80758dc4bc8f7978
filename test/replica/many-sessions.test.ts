/** What many sessions of one peer cost at the moment in which something happens to all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpiryQueue } from '../../lib/session/expiry-queue.ts';
import { TouchRounds } from '../../lib/session/touch-rounds.ts';
import { Touches } from '../../lib/session/touches.ts';
import { Cluster } from './pump.ts';

/** Of processor time, in ms. */
function cost(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1000;
}

test('sessions that are given up together, with reads that wait, cost no square of their number', () => {
  const SESSIONS = 4_000;
  const READS = 5;
  const cluster = new Cluster();
  cluster.settle();
  const { sessions } = cluster.peer(1);
  const open = Array.from({ length: SESSIONS }, () => sessions.open({ timeout: 6_000 }));
  cluster.until('all are connected', () => open.every(({ state }) => state === 'connected'));
  cluster.isolate(1);
  cluster.run(500);
  const waiting = new Set<number>();
  for (let round = 0; round < READS; round += 1) {
    for (const session of open) {
      const ticket = sessions.read(
        session,
        { type: 'get', path: '/' },
        { consistency: 'linearizable' },
      );
      assert.ok(typeof ticket === 'number');
      waiting.add(ticket);
    }
  }
  let longest = 0;
  cluster.until('all are given up', () => {
    longest = Math.max(
      longest,
      cost(() => cluster.step()),
    );
    return open.every(({ state }) => state === 'expired');
  });
  for (const told of cluster.told(1)) {
    if (told.type !== 'read') continue;
    assert.deepEqual(told.result, { type: 'error', code: 'SESSION_EXPIRED' });
    waiting.delete(told.ticket);
  }
  assert.equal(waiting.size, 0, 'every read was answered');
  // A tenth of a second; it was more than one, and eight times that for three times as many.
  assert.ok(longest < 700, `${longest} ms in one turn`);
});

test('a touch of which every session is refused costs no square of their number', () => {
  const SESSIONS = 40_000;
  const host = new Touches(250);
  for (let id = 1n; id <= SESSIONS; id += 1n) host.add(id, 6_000, 0, 0);
  const touch = host.due(0);
  assert.ok(touch);
  const rounds = new TouchRounds<string>(new ExpiryQueue(250));
  const spent = cost(() => {
    rounds.received('host', touch, 0, () => true);
    rounds.begin(1);
    const [answer] = rounds.confirmed(1);
    assert.equal(answer?.refused.length, SESSIONS);
    // As it comes over a link: other numbers of the same value.
    host.acknowledged(
      touch.id,
      answer.refused.map((id) => id + 1n - 1n),
    );
  });
  // It was eight seconds.
  assert.ok(spent < 1_500, `${spent} ms`);
});
