/** Turns that have more to take in than is their share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../lib/peer/clock.ts';
import { type LoopObserver, ReadyLoop } from '../../lib/peer/ready-loop.ts';
import { REPLICA_DEFAULTS, type ReplicaOptions } from '../../lib/replica/options.ts';
import { Replica } from '../../lib/replica/replica.ts';
import type { Storage } from '../../lib/storage/storage.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import type { StoreBatch } from '../../lib/wire/store-batch.ts';
import { ZAB_DEFAULTS } from '../../lib/zab/options.ts';
import { Disk } from '../replica/pump.ts';

const LIMIT_MS = 10_000;

/** A replica that has a group to itself, on a disk that is released write by write. */
class Stage {
  readonly loop: ReadyLoop;
  readonly broken: unknown[] = [];
  readonly batches: StoreBatch[] = [];
  malformed = 0;
  serving = false;
  /** Ends the write under way. */
  written: (() => void) | undefined;

  constructor(changed: Partial<ReplicaOptions> = {}) {
    const { durable, machine } = new Disk(1).open();
    const zab = {
      ...ZAB_DEFAULTS,
      id: 1,
      role: 'participant',
      spareStore: 'f'.repeat(32),
    } as const;
    const voters = [{ id: 1, weight: 1, group: 0 }];
    const options = { ...REPLICA_DEFAULTS, ...changed, zab: { ...zab, voters } };
    const replica = new Replica(options, durable, machine);
    const ports = { clock: systemClock, storage: this.#storage(), transport: silent() };
    this.loop = new ReadyLoop(replica, ports, this.#observer(), REPLICA_DEFAULTS.heartbeat);
  }

  #storage(): Storage {
    return {
      open: () => Promise.reject(new Error('it is open')),
      write: (batch) =>
        new Promise((resolve) => {
          this.batches.push(batch);
          this.written = resolve;
        }),
      close: () => Promise.resolve(),
    };
  }

  #observer(): LoopObserver {
    const nothing = (): void => {};
    return {
      deliver: nothing,
      status: ({ serving }) => {
        this.serving = serving;
      },
      event: nothing,
      connection: nothing,
      refused: nothing,
      malformed: () => {
        this.malformed += 1;
      },
      written: nothing,
      storeFailed: nothing,
      broken: (error) => this.broken.push(error),
      turned: nothing,
    };
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (const end = Date.now() + LIMIT_MS; !condition(); ) {
      assert.ok(Date.now() < end, what);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function silent(): Transport {
  const nothing = (): void => {};
  return {
    ...{ start: nothing, dial: nothing, recognize: nothing, send: nothing, disconnect: nothing },
    listen: (url) => Promise.resolve(url),
    backlog: () => 0,
    refused: 0,
    handleUpgrade: () => false,
    close: () => Promise.resolve(),
  };
}

test('a write that ends behind frames of many turns is over when its turn comes, not before', async (t) => {
  const stage = new Stage();
  t.after(() => stage.loop.stop());
  stage.loop.wake();
  await stage.until('something is written', () => stage.written !== undefined);
  const frames = 20;
  for (let link = 1; link <= frames; link += 1) {
    stage.loop.transportEvents.frame(link, new Uint8Array(200 * 1024).fill(255));
  }
  await stage.until('it serves', () => {
    stage.written?.();
    stage.written = undefined;
    return stage.serving || stage.broken.length > 0;
  });
  assert.deepEqual(stage.broken, []);
  assert.equal(stage.malformed, frames, 'every frame was read');
});

test('while the disk is at work the rest of a checkpoint is made, a part in a pass', async (t) => {
  const stage = new Stage({ snapCount: 1 });
  t.after(() => stage.loop.stop());
  stage.loop.wake();
  const last = (): StoreBatch | undefined => stage.batches.at(-1);
  await stage.until('a checkpoint is begun', () => {
    if (last()?.checkpoint !== undefined) return true;
    stage.written?.();
    stage.written = undefined;
    return false;
  });
  assert.equal(last()?.checkpoint?.chunks.length, 1, 'nothing is prepared for the first slice');
  const begun = stage.batches.length;
  for (let pass = 0; pass < 100; pass += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stage.batches.length, begun, 'the disk has not ended');
  stage.written?.();
  await stage.until('another batch', () => stage.batches.length > begun);
  const rest = last()?.checkpoint;
  assert.equal(rest?.chunks.length, 1, 'the nodes');
  assert.ok(rest?.complete !== undefined, 'that nothing follows them was found out meanwhile');
  assert.deepEqual(stage.broken, []);
});
