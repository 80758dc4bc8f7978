/** Writes without a pause, tells of each write that was acknowledged, and ends in the middle, as its argument says. */
import { writeSync } from 'node:fs';
import { openPeer } from '../../lib/index.ts';

const [dataDir = '', end = ''] = process.argv.slice(2);
const ENOUGH = 100;

const ends: Readonly<Record<string, () => void>> = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('a bug of the application');
  },
  reject: () => void Promise.reject(new Error('a bug of the application')),
};

const peer = await openPeer({ dataDir });
await peer.ready({ timeout: 30_000 });
let acknowledged = 0;

async function write(): Promise<void> {
  for (;;) {
    const { path } = await peer.create('/n-', 'x', { sequential: true });
    writeSync(1, `${path}\n`);
    acknowledged += 1;
    if (acknowledged === ENOUGH) setImmediate(() => ends[end]?.());
  }
}

for (let writer = 0; writer < 8; writer += 1) void write();
