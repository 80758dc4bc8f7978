import { present } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { Replay } from '../replica/replay.ts';
import { fastCrc32 } from '../storage/fast-crc32.ts';
import { Restorer } from '../tree/restorer.ts';
import { StateMachine } from '../tree/state-machine.ts';
import { restoreCheckpointPart } from '../wire/checkpoint.ts';
import type { Opened } from '../wire/store-batch.ts';
import type { Durable } from '../zab/ready.ts';
import { Breather } from './breather.ts';

/** What a store's checkpoint and log have become. */
export interface Restored {
  /** All that the store knows to be committed is in it. */
  readonly stateMachine: StateMachine;
  readonly replay: Replay;
  /** What the store holds, with the place of the checkpoint that was read. */
  readonly durable: Durable;
  /** What an operator should hear of: newer checkpoints that cannot be read, transactions without effect. */
  readonly warnings: readonly QuorateError[];
}

/** Entries between two looks at the clock. */
const REPLAYED_AT_ONCE = 64;

/**
 * The state that the newest checkpoint holds that can be read, and the log behind it. The log reaches back
 * to each that is kept, so an older one leads to the same state, and later only. In short pieces, so that
 * opening a large store stalls nobody.
 * @throws {QuorateError} QUARANTINED: all of them are damaged; of the newest one
 */
export async function restore(opened: Opened): Promise<Restored> {
  const newest = { zxid: opened.durable.applied, chunks: opened.checkpoint };
  const retained = opened.older.map(({ zxid }) => zxid);
  const damages: QuorateError[] = [];
  const breather = new Breather();
  for (const { zxid, chunks } of [newest, ...opened.older]) {
    try {
      const stateMachine = await restoreStateMachine(chunks, breather);
      const durable = { ...opened.durable, applied: zxid, retained };
      const replay = new Replay(stateMachine, durable);
      while (replay.step(REPLAYED_AT_ONCE)) await breather.breathe();
      const alarms = replay.alarms.map((alarm) => QuorateError.make('QUARANTINED', alarm));
      return { stateMachine, replay, durable, warnings: [...damages, ...alarms] };
    } catch (error) {
      if (!QuorateError.is(error, 'QUARANTINED')) throw error;
      damages.push(error);
    }
  }
  throw present(damages[0], 'a checkpoint that was tried');
}

/** The state that a checkpoint holds; a fresh one if there is none. */
async function restoreStateMachine(
  checkpoint: AsyncIterable<Uint8Array>,
  breather: Breather,
): Promise<StateMachine> {
  const restorer = new Restorer();
  let sequence = 0;
  try {
    for await (const chunk of checkpoint) {
      restoreCheckpointPart(chunk, sequence, restorer, fastCrc32);
      sequence += 1;
      await breather.breathe();
    }
    return sequence === 0 ? new StateMachine() : restorer.finish();
  } catch (error) {
    if (QuorateError.is(error)) throw error;
    throw QuorateError.make('QUARANTINED', 'the checkpoint in the store cannot be read', {
      cause: error,
    });
  }
}
