/** One direction of a link in memory, and at its end the other side's table. */
import type { LinkId } from '../zab/ready.ts';
import type { Channel, LinkTable } from './link-table.ts';

/** What a direction needs of the network. */
export interface Wire {
  /** Whether frames pass now. */
  passes(): boolean;
  /** Calls back once when that may have changed. */
  whenChanged(callback: () => void): void;
}

/** One end of a link: a table and the link's number there, known once that end was opened. */
export interface LinkEnd {
  readonly links: LinkTable;
  /** The longest frame that this end takes. */
  readonly frameBytes: number;
  link: LinkId | undefined;
}

/**
 * Frames arrive in a later turn of the event loop than the one in which they were sent, so that peers
 * in one process never starve its timers.
 */
export class MemoryChannel implements Channel {
  readonly #wire: Wire;
  readonly #from: LinkEnd;
  readonly #to: LinkEnd;
  #queue: Uint8Array[] = [];
  #bytes = 0;
  #scheduled = false;
  /** Why the link ends, once it was closed on this side. */
  #reason: string | undefined;

  constructor(wire: Wire, from: LinkEnd, to: LinkEnd) {
    this.#wire = wire;
    this.#from = from;
    this.#to = to;
  }

  get backlog(): number {
    return this.#bytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#reason !== undefined) return;
    this.#queue.push(new Uint8Array(bytes));
    this.#bytes += bytes.length;
    this.#schedule();
  }

  end(reason: string): void {
    this.#reason ??= reason;
    this.#schedule();
  }

  destroy(): void {
    this.#queue = [];
    this.#bytes = 0;
    this.end('connection reset');
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    if (!this.#wire.passes()) {
      this.#wire.whenChanged(() => setImmediate(() => this.#deliver()));
      return;
    }
    this.#scheduled = false;
    const frames = this.#queue;
    this.#queue = [];
    this.#bytes = 0;
    for (const bytes of frames) this.#arrive(bytes);
    const { links, link } = this.#from;
    if (link !== undefined) links.drained(link);
    if (this.#reason !== undefined) lose(this.#to, this.#reason);
  }

  #arrive(bytes: Uint8Array): void {
    const { links, link, frameBytes } = this.#to;
    if (link === undefined) return;
    if (bytes.length <= frameBytes) {
      links.received(link, bytes);
      return;
    }
    for (const end of [this.#to, this.#from]) lose(end, `a frame of ${bytes.length} bytes`);
  }
}

function lose({ links, link }: LinkEnd, reason: string): void {
  if (link !== undefined) links.lost(link, reason);
}
