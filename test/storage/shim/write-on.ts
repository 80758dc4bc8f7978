/**
 * A process of its own that goes on with the log of a store, one entry after the other, and takes a
 * checkpoint now and then; after three refusals it only waits. It tells the counter of each entry that was acknowledged.
 */
import { writeSync } from 'node:fs';
import { argv, stdin } from 'node:process';
import { QuorateError } from '../../../lib/base/errors.ts';
import { counterOf } from '../../../lib/base/zxid.ts';
import { LevelStorage } from '../../../lib/storage/level-storage.ts';
import {
  baseAt,
  endOf,
  entriesAfter,
  epochsAt,
  GENESIS,
  logBatch,
} from '../../contracts/log-samples.ts';

const [, , path = '', logDirectory] = argv;
/** In one go, so that no kill loses what was told. */
const tell = (line: string): unknown => writeSync(1, `${line}\n`);

const store = new LevelStorage(path, 1, { logDirectory });
const { durable } = await store.open();
tell('open');
if (durable.base === undefined) await store.write(logBatch({ ...GENESIS, epochs: epochsAt(1) }));
let end = durable.entries.at(-1) ?? durable.base ?? endOf([]);
let refusals = 0;
while (refusals < 3) {
  const entries = entriesAfter(end, 1, 1, 5_000);
  const next = endOf(entries);
  const count = counterOf(next.zxid);
  const before = { zxid: end.zxid, chunks: [1, 2].map((byte) => new Uint8Array(2_000).fill(byte)) };
  const checkpoint =
    count % 8 === 0 ? { first: true, ...before, complete: baseAt(end) } : undefined;
  const batch = logBatch({ entries, committed: end.zxid });
  try {
    await store.write(checkpoint === undefined ? batch : { ...batch, checkpoint });
    end = next;
    tell(String(count));
  } catch (error) {
    refusals += 1;
    tell(`refused ${QuorateError.is(error) ? error.code : String(error)}`);
  }
}
tell('waits');
for await (const _ of stdin);
await store.close();
