/** Turns that have more to take in than is their share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../lib/peer/clock.ts';
import { type LoopObserver, ReadyLoop } from '../../lib/peer/ready-loop.ts';
import { REPLICA_DEFAULTS } from '../../lib/replica/options.ts';
import { Replica } from '../../lib/replica/replica.ts';
import type { Storage } from '../../lib/storage/storage.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { ZAB_DEFAULTS } from '../../lib/zab/options.ts';
import { Disk } from '../replica/pump.ts';

const LIMIT_MS = 10_000;

/** A replica that has a group to itself, on a disk that is released write by write. */
class Stage {
  readonly loop: ReadyLoop;
  readonly broken: unknown[] = [];
  malformed = 0;
  serving = false;
  /** Ends the write under way. */
  written: (() => void) | undefined;

  constructor() {
    const { durable, machine } = new Disk(1).open();
    const zab = {
      ...ZAB_DEFAULTS,
      id: 1,
      role: 'participant',
      spareStore: 'f'.repeat(32),
    } as const;
    const voters = [{ id: 1, weight: 1, group: 0 }];
    const replica = new Replica({ ...REPLICA_DEFAULTS, zab: { ...zab, voters } }, durable, machine);
    const ports = { clock: systemClock, storage: this.#storage(), transport: silent() };
    this.loop = new ReadyLoop(replica, ports, this.#observer(), REPLICA_DEFAULTS.heartbeat);
  }

  #storage(): Storage {
    return {
      open: () => Promise.reject(new Error('it is open')),
      write: () =>
        new Promise((resolve) => {
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
