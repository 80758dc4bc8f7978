import { present } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { Restorer } from '../tree/restorer.ts';
import { StateMachine } from '../tree/state-machine.ts';
import { decodeCheckpointPart } from '../wire/checkpoint.ts';
import type { Opened } from '../wire/store-batch.ts';
import type { Durable } from '../zab/ready.ts';

/** What a store's checkpoint has become. */
export interface Restored {
  readonly stateMachine: StateMachine;
  /** What the store holds, with the place of this checkpoint: the log is applied from there on. */
  readonly durable: Durable;
  /** What is wrong with newer checkpoints. */
  readonly damages: readonly QuorateError[];
}

/**
 * The state that the newest checkpoint holds that can be read. The log reaches back to each that is kept,
 * so an older one leads to the same state, and later only.
 * @throws {QuorateError} QUARANTINED: all of them are damaged; of the newest one
 */
export async function restore(opened: Opened): Promise<Restored> {
  const newest = { zxid: opened.durable.applied, chunks: opened.checkpoint };
  const retained = opened.older.map(({ zxid }) => zxid);
  const damages: QuorateError[] = [];
  for (const { zxid, chunks } of [newest, ...opened.older]) {
    try {
      const stateMachine = await restoreStateMachine(chunks);
      return { stateMachine, durable: { ...opened.durable, applied: zxid, retained }, damages };
    } catch (error) {
      if (!QuorateError.is(error, 'QUARANTINED')) throw error;
      damages.push(error);
    }
  }
  throw present(damages[0], 'a checkpoint that was tried');
}

/**
 * The state that a checkpoint holds; a fresh one if there is none. Chunks are read one at a
 * time, with a breath of the event loop between them, so that opening a large store stalls nobody.
 */
async function restoreStateMachine(checkpoint: AsyncIterable<Uint8Array>): Promise<StateMachine> {
  const restorer = new Restorer();
  let sequence = 0;
  try {
    for await (const chunk of checkpoint) {
      restorer.add(decodeCheckpointPart(chunk, sequence));
      sequence += 1;
    }
    return sequence === 0 ? new StateMachine() : restorer.finish();
  } catch (error) {
    if (QuorateError.is(error)) throw error;
    throw QuorateError.make('QUARANTINED', 'the checkpoint in the store cannot be read', {
      cause: error,
    });
  }
}
