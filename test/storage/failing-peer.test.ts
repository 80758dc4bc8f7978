/** A real peer whose disk begins to fail: quarantine and an event, and the process goes on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPeer } from '../../lib/index.ts';
import { type Order, ShimmedDisk, shimIsMissing } from './shim/disk-shim.ts';

const skip = await shimIsMissing();

for (const failure of ['sync EIO', 'write ENOSPC', 'write EIO once'] satisfies Order[]) {
  test(`${failure}: the peer is in quarantine, its process lives, and a new peer goes on`, {
    skip,
  }, async (t) => {
    const disk = await ShimmedDisk.make(t);
    const dataDir = join(disk.path, 'data');
    const host = disk.run('serve.ts', [dataDir], true);
    await host.line((line) => Number(line) >= 25);
    await disk.order(failure);
    await host.line((line) => line === 'quarantined');
    assert.deepEqual(
      host.lines.filter((line) => line.startsWith('refused')),
      Array(3).fill('refused QUARANTINED'),
    );
    assert.ok(host.lines.includes('error QUARANTINED'));
    assert.equal(await host.end(), 0);
    assert.equal(host.lines.at(-1), 'closed');
    await disk.heal();

    const acknowledged = host.lines.filter((line) => /^\d+$/.test(line));
    const peer = await openPeer({ dataDir, snapCount: 10 });
    t.after(() => peer.close());
    const names = new Set(await peer.children('/'));
    for (const number of acknowledged) assert.ok(names.has(`n${number}`), `n${number}`);
    await peer.create('/after', 'x');
  });
}
