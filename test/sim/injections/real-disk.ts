/** Bugs that only files can show: each is caught by a test of the real store on a disk that fails. */
import type { Injection } from './injection.ts';

const STORAGE = 'lib/storage/level-storage.ts';
const FAILING = 'test/storage/failing-disk.test.ts';
const DAMAGED = 'test/storage/damaged-files.test.ts';

/** The one write that counts. */
const LAST_WRITE = `else if (chunks.length > 0) await places.chunks.batch(chunks, { sync: true });
  await writeBatch(places.log, operations);`;
const CHUNKS_FIRST =
  'else if (chunks.length > 0) await places.chunks.batch(chunks, { sync: true });';

export const REAL_DISK: readonly Injection[] = [
  {
    id: 'corrupt-record-skipped',
    origin: 'row 30, LevelDB 1.20 skips corrupt records in the middle of its log',
    title: 'a log that LevelDB gives back with a hole is taken as it is',
    patches: [
      {
        file: 'lib/storage/level-log.ts',
        find: 'if (previous.zxid !== end.zxid || previous.chain !== end.chain) {',
        replace: 'if (previous.zxid < end.zxid) {',
      },
    ],
    expects: ['S5'],
    machine: 'zab',
    directed: DAMAGED,
  },
  {
    id: 'lost-end-of-log-not-missed',
    origin: 'row 30, LevelDB 1.20 takes a log that was cut short for a whole one',
    title: 'what was acknowledged is not compared with what is there',
    patches: [
      {
        file: 'lib/storage/level-open.ts',
        find: 'if (tail.sequence < acknowledged) throw lost(tail.sequence, acknowledged);',
        replace: '',
      },
    ],
    expects: ['S5'],
    machine: 'zab',
    directed: DAMAGED,
  },
  {
    id: 'checksums-not-compared',
    origin: 'bit rot, as in "Protocol-Aware Recovery", FAST 2018',
    title: 'a value whose checksum does not fit is taken as it is',
    patches: [
      {
        file: 'lib/wire/sealed.ts',
        find: 'if (written !== checksum(plain)) throw',
        replace: 'if (written !== checksum(plain) && length < 0) throw',
      },
    ],
    expects: ['S17'],
    machine: 'zab',
    directed: DAMAGED,
  },
  {
    id: 'unsynced-write-acknowledged',
    origin: 'lost unsynced writes, as ZOOKEEPER-4646',
    title: 'a batch is acknowledged before it is synced',
    patches: [
      {
        file: STORAGE,
        find: LAST_WRITE,
        replace: `${CHUNKS_FIRST}
  await places.log.batch(operations, { sync: false });`,
      },
    ],
    expects: ['S5'],
    machine: 'zab',
    directed: FAILING,
    needs: 'disk-shim',
  },
  {
    id: 'refused-write-tried-again',
    origin: 'failed fsync, as in "Can Applications Recover from fsync Failures?", ATC 2020',
    title: 'a write that failed is tried again, and acknowledged when that succeeds',
    patches: [
      {
        file: STORAGE,
        find: LAST_WRITE,
        replace: `${CHUNKS_FIRST}
  try { await writeBatch(places.log, operations); }
  catch { await writeBatch(places.log, operations); }`,
      },
    ],
    expects: ['S5'],
    machine: 'zab',
    directed: FAILING,
    needs: 'disk-shim',
  },
  {
    id: 'failed-sync-swallowed',
    origin: 'failed fsync, as in "Can Applications Recover from fsync Failures?", ATC 2020',
    title: 'a write that failed is acknowledged',
    patches: [
      {
        file: STORAGE,
        find: LAST_WRITE,
        replace: `${CHUNKS_FIRST}
  await writeBatch(places.log, operations).catch(() => undefined);`,
      },
    ],
    expects: ['S5'],
    machine: 'zab',
    directed: FAILING,
    needs: 'disk-shim',
  },
];
