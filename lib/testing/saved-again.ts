/** S17: a state that was loaded, saved again, gives the very bytes that it was loaded from. */
import type { StateMachine } from '../tree/state-machine.ts';
import { encodeCheckpointPart } from '../wire/checkpoint.ts';
import { Violation } from './violation.ts';

/** @param limit nodes in a part, at most, as when it was saved */
export function demandSavedAgain(
  chunks: readonly Uint8Array[],
  machine: StateMachine,
  limit: number,
): void {
  const checkpoint = machine.checkpoint();
  let sequence = 0;
  for (let part = checkpoint.next(limit); part !== undefined; part = checkpoint.next(limit)) {
    const again = encodeCheckpointPart(part, sequence);
    const saved = chunks[sequence];
    if (saved === undefined || !isEqual(saved, again)) {
      throw new Violation('S17', `part ${sequence} (${part.type}) was saved in other bytes`);
    }
    sequence += 1;
  }
  if (sequence < chunks.length) {
    throw new Violation('S17', `${chunks.length} parts were saved, ${sequence} are left of them`);
  }
}

function isEqual(one: Uint8Array, two: Uint8Array): boolean {
  if (one.length !== two.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== two[at]) return false;
  return true;
}
