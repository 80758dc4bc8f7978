import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QuorateSystem } from '../cluster/quorate-system.ts';
import { report } from '../measure.ts';

const WAITING = 100_000;
/** Of one process, in a round. */
const ITEMS = 20_000;

/** Three processes put and take at once, on disk, while a hundred thousand items wait. */
export async function queue(rounds: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-queue-'));
  const system = new QuorateSystem(directory);
  try {
    await system.start();
    const loads = [...system.loads.values()];
    await Promise.all(loads.map((load) => load.ask('putItems', Math.ceil(WAITING / loads.length))));
    const rates: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const begun = performance.now();
      const work = loads.flatMap((load) => [
        load.ask('putItems', ITEMS),
        load.ask('takeItems', ITEMS),
      ]);
      await Promise.all(work);
      const seconds = (performance.now() - begun) / 1000;
      // The first round is for the compilers.
      if (round > 0) rates.push((ITEMS * loads.length) / seconds);
    }
    report({ name: 'queue: put and taken, 100,000 waiting', unit: 'items/s', rounds: rates });
  } finally {
    await system.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
