/**
 * The stream to one learner as far as its link has not taken it yet: the history and what comes behind
 * it. It waits for a checkpoint under way, and then for the link: all of it at once would be more
 * than a link may have waiting, which ends it (step 35), and the next one in the same way.
 */
import { Fifo } from '../base/fifo.ts';
import type { ZabMessage } from './messages.ts';

/** What a message takes beside its entries, and an entry beside its bytes. */
const FIXED_BYTES = 16;

/** Roughly what a message takes where it waits. */
export function bytesOfMessage(message: ZabMessage): number {
  let bytes = FIXED_BYTES;
  if (message.type !== 'PROPOSAL' && message.type !== 'INFORM' && message.type !== 'HISTORY')
    return bytes;
  for (const entry of message.entries) bytes += entry.bytes.length + FIXED_BYTES;
  return bytes;
}

export class HeldMessages {
  readonly #messages = new Fifo<ZabMessage>();
  /** Of the messages, through NEWLEADER: their entries are in the log, and cost nothing more here. */
  #history = 0;
  #lag = 0;
  /** A checkpoint goes first: nothing leaves before its last chunk. */
  behindSnapshot: boolean;

  constructor(behindSnapshot: boolean) {
    this.behindSnapshot = behindSnapshot;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Bytes of what came behind the history. */
  get lagBytes(): number {
    return this.#lag;
  }

  push(message: ZabMessage): void {
    this.#messages.push(message);
    this.#lag += bytesOfMessage(message);
  }

  /** All that was pushed so far is the history. */
  endHistory(): void {
    this.#history = this.#messages.size;
    this.#lag = 0;
  }

  /** The next message, if it may leave. */
  shift(): ZabMessage | undefined {
    if (this.behindSnapshot) return undefined;
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    if (this.#history > 0) this.#history -= 1;
    else this.#lag -= bytesOfMessage(message);
    return message;
  }
}
