/** A log that is taken up before there is a replica leads to where the replica would have come by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counterOf } from '../../lib/base/zxid.ts';
import { Replay } from '../../lib/replica/replay.ts';
import type { StateMachine } from '../../lib/tree/state-machine.ts';
import type { Durable } from '../../lib/zab/ready.ts';
import { StoredLog } from '../../lib/zab/stored-log.ts';
import { Cluster, create, type Disk } from './pump.ts';

const WRITES = 30;

/** The disk of a group of one that has written, and what its tree came to. */
function written(): { readonly disk: Disk; readonly hash: number; readonly zxid: bigint } {
  const cluster = new Cluster({ size: 1 });
  const id = cluster.settle();
  const session = cluster.open(id);
  for (let at = 0; at < WRITES; at += 1) cluster.ask(id, session, create(`/n${at}`));
  // The commit of what was written last becomes durable with what comes behind it.
  cluster.run(1_000);
  const { stateMachine } = cluster.peer(id);
  const [hash, zxid] = [stateMachine.hash(), stateMachine.zxid];
  const disk = cluster.disk(id).copy();
  return { disk, hash, zxid };
}

function taken(
  { durable, machine }: { readonly durable: Durable; readonly machine: StateMachine },
  limit: number,
): { readonly replay: Replay; readonly steps: number } {
  const replay = new Replay(machine, durable);
  let steps = 1;
  while (replay.step(limit)) steps += 1;
  return { replay, steps };
}

test('all that is known to be committed is applied, a few entries at a time', () => {
  const { disk, zxid } = written();
  const opened = disk.open();
  const entries = [...opened.durable.entries];
  const { replay, steps } = taken(opened, 7);
  assert.equal(steps, Math.ceil(entries.length / 7));
  const { committed } = opened.durable;
  assert.ok(committed >= zxid - 2n && counterOf(committed) > WRITES, 'most of it is committed');
  assert.equal(opened.machine.zxid, committed);
  assert.equal(replay.applied, entries.filter((entry) => entry.zxid <= committed).length);
  assert.equal(replay.history?.last.zxid, entries.at(-1)?.zxid);
  assert.equal(replay.history?.durable, entries.at(-1)?.zxid);
  assert.equal(replay.history?.last.chain, entries.at(-1)?.chain);
});

test('where everything is committed the tree is the one that was left', () => {
  const { disk, hash, zxid } = written();
  const opened = disk.open();
  taken({ ...opened, durable: { ...opened.durable, committed: zxid as Durable['committed'] } }, 7);
  assert.equal(opened.machine.zxid, zxid);
  assert.equal(opened.machine.hash(), hash);
});

test('what cannot be read is not applied, nor anything behind it, and stays in the log', () => {
  const opened = written().disk.open();
  const entries = [...opened.durable.entries].map((entry, index) =>
    index === 20 ? { ...entry, bytes: new Uint8Array([255]) } : entry,
  );
  const { replay } = taken(
    { ...opened, durable: { ...opened.durable, entries: StoredLog.of(entries) } },
    7,
  );
  assert.equal(opened.machine.zxid, entries[19]?.zxid);
  assert.equal(replay.history?.length, entries.length);
});
