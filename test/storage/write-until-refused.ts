/** A process of its own that writes to a store until its disk is full, and then tries again. */
import { argv } from 'node:process';
import { QuorateError } from '../../lib/base/errors.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { entriesAfter, epochsAt, GENESIS, logBatch, START } from '../contracts/log-samples.ts';

const store = new LevelStorage(argv[2] ?? '', 1);
await store.open();
await store.write(logBatch({ ...GENESIS, epochs: epochsAt(1) }));
const entries = entriesAfter(START, 400, 1, 50_000);
const refusals: string[] = [];
let acknowledged = 0;
for (const entry of entries) {
  try {
    await store.write(logBatch({ entries: [entry] }));
    acknowledged += 1;
  } catch (error) {
    refusals.push(QuorateError.is(error) ? error.code : String(error));
    if (refusals.length === 3) break;
  }
}
await store.close();
console.log(JSON.stringify({ acknowledged, refusals }));
