/** Ticks whose transactions are answered late, or refused for good. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/index.ts';
import { Schedule, type ScheduledRun } from '../../lib/recipes/index.ts';
import { solo } from '../client/solo.ts';
import { answeredLate } from './support.ts';

/** Ticks of which each is due soon after the first look or the job of the one before: none is overtaken by a slow machine. */
class Ticks {
  readonly #count: number;
  readonly due: number[] = [];
  /** Those that were run, and for the how manieth time. */
  readonly ran: (readonly [tick: number, attempt: number])[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  readonly next = (after: Date): Date | undefined => {
    if (this.due.length === 0) this.due.push(after.getTime() + 100);
    const tick = this.due.find((due) => due > after.getTime());
    return tick === undefined ? undefined : new Date(tick);
  };

  readonly run = ({ tick, attempt }: ScheduledRun): void => {
    this.ran.push([tick.getTime(), attempt]);
    if (this.due.length < this.#count) this.due.push(Date.now() + 100);
  };

  /** Each was run, once, at the first attempt. */
  check(): void {
    assert.deepEqual(
      this.ran,
      this.due.map((tick) => [tick, 1]),
    );
    assert.equal(this.due.length, this.#count);
  }
}

/** No tick is too late. */
const GRACE = 3_600_000;

for (const interrupted of ['skip', 'retry'] as const) {
  test(`a tick whose claim is answered later than a call waits is run all the same, and once: ${interrupted}`, async (t) => {
    const peer = await solo(t);
    const late = answeredLate(peer, 'multi', 400);
    const ticks = new Ticks(2);
    const options = { next: ticks.next, interrupted, grace: GRACE } as const;
    const first = new Schedule(late.client, '/s', options).run(ticks.run);
    await late.applied;
    // Whoever else takes part sees that the tick was taken.
    await Promise.all([first, new Schedule(peer, '/s', options).run(ticks.run)]);
    ticks.check();
  });
}

test('a record that is refused for good is told, and the ticks after it are run', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  // Room for records, not for all that a job may say when it fails.
  const limits = '/zookeeper/quota/s/zookeeper_limits';
  await peer.create(limits, 'byteHardLimit=600', { parents: true });
  const ticks = new Ticks(3);
  const verbose = new Error('x'.repeat(1_000));
  const schedule = new Schedule(peer, '/s', { next: ticks.next, grace: GRACE, owner: 'me' });
  await schedule.run((run) => {
    ticks.run(run);
    if (ticks.ran.length === 1) throw verbose;
  });
  ticks.check();
  assert.equal(errors[0], verbose);
  assert.ok(QuorateError.is(errors[1], 'QUOTA_EXCEEDED'));
  assert.equal(errors.length, 2);
  assert.deepEqual(await peer.children('/s/runs'), []);
  assert.equal((await schedule.watch().until(() => true))?.state, 'done');
});
