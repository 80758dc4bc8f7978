/** What waits for the disk: in batches that end where a turn ended, and gone as a whole with the role it was for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAIN_START } from '../../lib/base/hash.ts';
import { ZERO, type Zxid } from '../../lib/base/zxid.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import { History } from '../../lib/zab/history.ts';
import type { Batch } from '../../lib/zab/ready.ts';
import { WriteQueue } from '../../lib/zab/write-queue.ts';
import { at, entryAfter } from './lone.ts';

const GENESIS: Configuration = { version: ZERO, voters: [], origin: { type: 'genesis' } };

/** A queue whose batches are full with 250 bytes, each entry counted as some 164. */
class Queue {
  readonly history = new History({ zxid: ZERO, chain: CHAIN_START, configuration: GENESIS });
  committed: Zxid = ZERO;
  readonly writes = new WriteQueue(() => this.history, 250);

  /** A turn that appends these. */
  turn(...names: readonly string[]): void {
    for (const name of names)
      this.writes.append(entryAfter(this.history.last, name, 'x'.repeat(100)));
    this.writes.seal(this.committed);
  }

  take(): Batch {
    const batch = this.writes.take(ZERO);
    assert.ok(batch, 'something waits');
    return batch;
  }

  /** The zxids of every batch, each written before the next is asked for. */
  writeAll(): string[][] {
    const batches: string[][] = [];
    for (let batch = this.writes.take(ZERO); batch !== undefined; batch = this.writes.take(ZERO)) {
      this.writes.persisted(batch.id);
      assert.equal(this.history.durable, batch.entries.at(-1)?.zxid);
      batches.push(batch.entries.map(({ zxid }) => `${zxid >> 32n}.${zxid & 0xffffn}`));
    }
    return batches;
  }
}

test('what waits for a slow disk becomes batches of a bounded size, each as long as whole turns are', () => {
  const queue = new Queue();
  queue.turn('1.1');
  const first = queue.take();
  queue.turn('1.2');
  queue.turn('1.3', '1.4');
  queue.turn('1.5', '1.6', '1.7');
  queue.turn('1.8');
  assert.equal(queue.writes.bytes, 7 * 164);
  queue.writes.persisted(first.id);
  assert.deepEqual(queue.writeAll(), [['1.2', '1.3', '1.4'], ['1.5', '1.6', '1.7'], ['1.8']]);
  assert.equal(queue.writes.bytes, 0);
  assert.ok(queue.writes.empty);
});

test('a step waits for the batch that it was queued with, not for what came later', () => {
  const queue = new Queue();
  queue.turn('1.1');
  const first = queue.take();
  queue.writes.whenDurable({ type: 'renewed' });
  queue.turn('1.2', '1.3');
  queue.turn('1.4');
  assert.deepEqual(queue.writes.persisted(first.id).steps, []);
  assert.deepEqual(queue.writes.persisted(queue.take().id).steps, [{ type: 'renewed' }]);
  assert.deepEqual(queue.writes.persisted(queue.take().id).steps, []);
});

test('what the store was given is not written to any more, whatever is queued meanwhile', () => {
  const queue = new Queue();
  queue.turn('1.1');
  const first = queue.take();
  const given = structuredClone(first);
  queue.turn('1.2', '1.3');
  queue.writes.whenDurable({ type: 'renewed' });
  queue.writes.epochs({ accepted: 2, acceptedFrom: '', current: 1, syncing: 0 });
  queue.writes.birth({ state: 'born' }, GENESIS);
  queue.writes.renew('a'.repeat(32));
  queue.writes.stage(true, new Uint8Array(1));
  queue.writes.discard();
  queue.writes.truncate(ZERO);
  queue.turn('2.1');
  assert.deepEqual(first, given);
  assert.deepEqual(queue.writes.persisted(first.id), { batch: given, steps: [] });
});

test('a role that ends takes along every batch that the store has not been given', () => {
  const queue = new Queue();
  queue.turn('1.1');
  const first = queue.take();
  queue.turn('1.2', '1.3');
  queue.turn('1.4', '1.5');
  queue.turn('1.6');
  queue.writes.discard();
  assert.equal(queue.history.last.zxid, at('1.1'));
  assert.deepEqual([queue.writes.empty, queue.writes.bytes], [true, 0]);
  queue.writes.persisted(first.id);
  assert.equal(queue.history.durable, at('1.1'));
  queue.turn('2.1');
  assert.deepEqual(queue.writeAll(), [['2.1']]);
});

test('a cut that waits behind full batches bounds what counts as durable, and is undone with them', () => {
  const queue = new Queue();
  queue.turn('1.1', '1.2');
  const first = queue.take();
  queue.writes.truncate(at('1.1'));
  queue.turn('2.1', '2.2');
  queue.turn('2.3');
  queue.writes.persisted(first.id);
  assert.equal(queue.history.durable, at('1.1'), '1.2 is about to go');
  queue.writes.discard();
  assert.equal(queue.history.last.zxid, at('1.2'));
});

test('a batch says of what is committed what was known when it was full, not what is known when it is written', () => {
  const queue = new Queue();
  queue.turn('1.1');
  const first = queue.take();
  queue.committed = at('1.1');
  queue.turn('1.2', '1.3');
  queue.writes.persisted(first.id);
  assert.equal(queue.writes.take(at('1.3'))?.committed, at('1.1'));
});
