import { setImmediate as turn } from 'node:timers/promises';
import { Mutex } from '../../../lib/recipes/index.ts';
import { createTestGroup } from '../../../lib/testing/index.ts';
import { counting } from '../../recipes/support.ts';
import { collect, report } from '../measure.ts';

const WAITERS = 1_000;
const FEW = 1_000;
const MANY = 10_000;

/** Bytes that are alive. */
async function heap(): Promise<number> {
  await turn();
  collect();
  return process.memoryUsage().heapUsed;
}

/** A thousand wait for one mutex, and who had it queues again: who is woken, and what stays in memory. */
export async function waiters(): Promise<void> {
  // The log of so many transactions is held in memory: let it be full at both looks.
  await using group = await createTestGroup(1, { snapCount: 1_000, sessionTimeout: 40_000 });
  const [peer] = group.peers;
  if (peer === undefined) throw new Error('a group of none');
  const { client, counts } = counting(peer);
  const mutex = new Mutex(client, '/mutex');
  const looks = (): number => counts.get('children') ?? 0;
  let done = 0;
  let reached: () => void = () => {};
  const until = (count: number): Promise<void> => {
    return new Promise((resolve) => {
      reached = () => {
        if (done >= count) resolve();
      };
    });
  };
  let isOver = false;
  const workers = Array.from({ length: WAITERS }, async () => {
    while (!isOver) {
      await mutex.run(() => {
        done += 1;
        reached();
      });
    }
  });
  await until(FEW);
  const [before, begun, looked] = [await heap(), performance.now(), looks()];
  const counted = done;
  await until(MANY);
  const [elapsed, last] = [performance.now() - begun, done];
  const woken = (looks() - looked) / (last - counted) - 1;
  report({
    name: 'hand-overs among 1,000 waiters',
    unit: '/s',
    rounds: [((last - counted) / elapsed) * 1000],
  });
  report({ name: 'looks of those who waited, a release', unit: 'looks', rounds: [woken] });
  report({
    name: 'heap after 10,000 over that after 1,000',
    unit: 'x',
    rounds: [(await heap()) / before],
  });
  isOver = true;
  await Promise.all(workers);
}
