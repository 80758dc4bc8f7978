/** Real stores on disks that fail: what was acknowledged is there afterwards, and the process lives on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { counterOf, ZERO } from '../../lib/base/zxid.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { type Order, ShimmedDisk, type ShimmedProcess, shimIsMissing } from './shim/disk-shim.ts';

const skip = await shimIsMissing();

interface Layout {
  readonly data: string;
  readonly log: string | undefined;
}

/** One database, or two; what goes wrong while it is written. */
const LAYOUTS: Readonly<Record<string, { apart: string | undefined; failures: readonly Order[] }>> =
  {
    'one database': {
      apart: undefined,
      failures: [
        'sync EIO',
        'sync EIO once',
        'sync ENOSPC once',
        'write EIO once',
        'write ENOSPC',
        'write ENOSPC once',
      ],
    },
    'the log apart': { apart: 'log', failures: ['sync EIO once', 'write EIO once'] },
  };

function layout({ path }: ShimmedDisk, log: string | undefined): Layout {
  return { data: join(path, 'data'), log: log === undefined ? undefined : join(path, log) };
}

function writeOn(disk: ShimmedDisk, { data, log }: Layout, loses: boolean): ShimmedProcess {
  return disk.run('write-on.ts', log === undefined ? [data] : [data, log], loses);
}

function acknowledged({ lines }: ShimmedProcess): number {
  return Math.max(0, ...lines.map(Number).filter((count) => !Number.isNaN(count)));
}

/** The counter of the last entry of a store that opens and is whole. */
async function lastOf(t: TestContext, { data, log }: Layout): Promise<number> {
  const store = new LevelStorage(data, 1, { logDirectory: log });
  t.after(() => store.close());
  const { durable, checkpoint } = await store.open();
  let chunks = 0;
  for await (const chunk of checkpoint) chunks += chunk.length;
  assert.equal(chunks, durable.applied === ZERO ? 0 : 4_000);
  await store.close();
  return counterOf(durable.entries.at(-1)?.zxid ?? durable.base?.zxid ?? ZERO);
}

for (const [what, { apart, failures }] of Object.entries(LAYOUTS)) {
  describe(`${what}, on a disk that fails`, { skip }, () => {
    it('loses nothing acknowledged to power cuts, wherever they come', async (t) => {
      const disk = await ShimmedDisk.make(t);
      const place = layout(disk, apart);
      let before = 0;
      for (const more of [1, 9, 30, 60]) {
        const writer = writeOn(disk, place, true);
        await writer.line((line) => Number(line) >= before + more);
        await writer.kill();
        const last = await lastOf(t, place);
        assert.ok(last >= acknowledged(writer), `${last} of ${acknowledged(writer)}`);
        before = last;
      }
    });

    for (const failure of failures) {
      it(`${failure}: it writes no more, and lost nothing`, async (t) => {
        const disk = await ShimmedDisk.make(t);
        const place = layout(disk, apart);
        const writer = writeOn(disk, place, true);
        await writer.line((line) => Number(line) >= 20);
        await disk.order(failure);
        await writer.line((line) => line === 'waits');
        const refusals = writer.lines.filter((line) => line.startsWith('refused'));
        assert.deepEqual(refusals, Array(3).fill('refused QUARANTINED'));
        const count = acknowledged(writer);
        await disk.heal();
        await writer.kill();
        const last = await lastOf(t, place);
        assert.ok(last >= count && last <= count + 1, `${last} of ${count}`);
        const next = writeOn(disk, place, true);
        await next.line((line) => Number(line) > last);
        await next.kill();
      });
    }

    it('does not open while the disk refuses, and opens again when it does not', async (t) => {
      const disk = await ShimmedDisk.make(t);
      const place = layout(disk, apart);
      const writer = writeOn(disk, place, true);
      await writer.line((line) => Number(line) >= 5);
      await writer.kill();
      await disk.order('sync EIO');
      const refused = writeOn(disk, place, true);
      await assert.rejects(refused.line((line) => line === 'open'));
      await disk.heal();
      assert.ok((await lastOf(t, place)) >= acknowledged(writer));
    });
  });
}
