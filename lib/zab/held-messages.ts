/**
 * The stream to one learner as far as its link has not taken it yet: the history and what comes behind
 * it. It waits for a checkpoint under way, and then for the link: all of it at once would be more
 * than a link may have waiting, which ends it (step 35), and the next one in the same way. The history is
 * read from the log as it leaves: a long one at once would stop the event loop.
 */
import { Fifo } from '../base/fifo.ts';
import type { Zxid } from '../base/zxid.ts';
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
  /** Of the history, through NEWLEADER, what was not read from the log yet. */
  readonly #unread: Iterator<ZabMessage>;
  /** What of it was read and has not left: its entries are in the log, and cost nothing more here. */
  readonly #history = new Fifo<ZabMessage>();
  /** It was read from the log through here. */
  #readThrough: Zxid;
  /** What came behind it. */
  readonly #messages = new Fifo<ZabMessage>();
  #lag = 0;
  /** A checkpoint goes first: nothing leaves before its last chunk. */
  behindSnapshot: boolean;

  /** @param history from `after` on, with NEWLEADER at its end. */
  constructor(history: Iterator<ZabMessage>, after: Zxid, behindSnapshot: boolean) {
    this.#unread = history;
    this.#readThrough = after;
    this.behindSnapshot = behindSnapshot;
  }

  get isEmpty(): boolean {
    if (this.#history.size === 0) this.#read();
    return this.#history.size === 0 && this.#messages.size === 0;
  }

  /** Bytes of what came behind the history. */
  get lagBytes(): number {
    return this.#lag;
  }

  push(message: ZabMessage): void {
    this.#messages.push(message);
    this.#lag += bytesOfMessage(message);
  }

  /** The log is about to lose its entries through `base`: what of the history they are is read before. */
  keep(base: Zxid): void {
    while (this.#readThrough < base && this.#read());
  }

  /** The next message, if it may leave. */
  shift(): ZabMessage | undefined {
    if (this.behindSnapshot) return undefined;
    if (this.#history.size === 0) this.#read();
    const message = this.#history.shift();
    if (message !== undefined) return message;
    const next = this.#messages.shift();
    if (next !== undefined) this.#lag -= bytesOfMessage(next);
    return next;
  }

  /** False: the history has come to its end. */
  #read(): boolean {
    const { done, value } = this.#unread.next();
    if (done === true) return false;
    this.#history.push(value);
    const last = value.type === 'HISTORY' ? value.entries[value.entries.length - 1] : undefined;
    if (last !== undefined) this.#readThrough = last.zxid;
    return true;
  }
}
