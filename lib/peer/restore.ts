import { QuorateError } from '../base/errors.ts';
import { Restorer } from '../tree/restorer.ts';
import { StateMachine } from '../tree/state-machine.ts';
import { decodeCheckpointPart } from '../wire/checkpoint.ts';
import type { Opened } from '../wire/store-batch.ts';

/**
 * The state that the store's checkpoint holds; a fresh one if there is none. Chunks are read one at a
 * time, with a breath of the event loop between them, so that opening a large store stalls nobody.
 * @throws {QuorateError} QUARANTINED: the checkpoint is damaged
 */
export async function restoreStateMachine(opened: Opened): Promise<StateMachine> {
  const restorer = new Restorer();
  let sequence = 0;
  try {
    for await (const chunk of opened.checkpoint) {
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
