/**
 * The lives of links, the same for every transport: a link gets a number, is opened once and closed
 * once, and is silent from the moment it is closed, by whichever side.
 */
import { assert } from '../base/assert.ts';
import type { LinkId } from '../zab/ready.ts';
import { printable } from './printable.ts';
import type { DialSide, TransportEvents } from './transport.ts';

/** What carries a link. */
export interface Channel {
  /** Queues a frame. */
  send(bytes: Uint8Array): void;
  /** Bytes that wait. Once none do, the owner calls {@link LinkTable.drained}. */
  readonly backlog: number;
  /** Closes after what was sent, within a bounded time. */
  end(reason: string): void;
  /** Closes at once. */
  destroy(): void;
}

export class LinkTable {
  readonly #channels = new Map<LinkId, Channel>();
  /** Links whose backlog was asked for and was not empty. */
  readonly #filled = new Set<LinkId>();
  readonly #queueBytes: number;
  readonly #closed: (link: LinkId) => void;
  #events: TransportEvents | undefined;
  #silent = false;
  #last: LinkId = 0;

  /**
   * @param queueBytes the bound of a link's backlog.
   * @param closed told just after the driver was.
   */
  constructor(queueBytes: number, closed: (link: LinkId) => void) {
    this.#queueBytes = queueBytes;
    this.#closed = closed;
  }

  start(events: TransportEvents): void {
    assert(this.#events === undefined, 'a transport is started once');
    this.#events = events;
  }

  /** No callback is made from now on. */
  silence(): void {
    this.#silent = true;
  }

  open(channel: Channel, dialer: DialSide, address: string): LinkId {
    this.#last += 1;
    const link = this.#last;
    this.#channels.set(link, channel);
    this.#tell()?.linkOpened(link, dialer, address);
    return link;
  }

  /** A driver may still have to read what came before the end of a link that is gone. */
  stands(link: LinkId): boolean {
    return this.#channels.has(link);
  }

  received(link: LinkId, bytes: Uint8Array): void {
    if (this.#channels.has(link)) this.#tell()?.frame(link, bytes);
  }

  drained(link: LinkId): void {
    if (this.#filled.delete(link)) this.#tell()?.linkDrained(link);
  }

  /** The channel is gone, by itself or by the other side. */
  lost(link: LinkId, reason: string): void {
    if (this.#forget(link)) this.#tellClosed(link, printable(reason));
  }

  dialFailed(peer: number, reason: string): void {
    this.#tell()?.dialFailed(peer, printable(reason));
  }

  refused(address: string, reason: string): void {
    this.#tell()?.refused(address, printable(reason));
  }

  /** The id of the group; empty while it has none. */
  get cluster(): string {
    return this.#events?.cluster() ?? '';
  }

  send(link: LinkId, bytes: Uint8Array): void {
    const channel = this.#channels.get(link);
    if (channel === undefined) return;
    channel.send(bytes);
    if (channel.backlog <= this.#queueBytes) return;
    channel.destroy();
    this.#close(link, `more than ${this.#queueBytes} bytes waited to be sent`);
  }

  backlog(link: LinkId): number {
    const bytes = this.#channels.get(link)?.backlog ?? 0;
    if (bytes > 0) this.#filled.add(link);
    return bytes;
  }

  disconnect(link: LinkId, reason: string): void {
    this.#channels.get(link)?.end(reason);
    this.#close(link, reason);
  }

  /** Ends every link that stands. */
  endAll(reason: string): void {
    for (const link of [...this.#channels.keys()]) this.disconnect(link, reason);
  }

  /** Closes a link now and tells it when the caller has returned. */
  #close(link: LinkId, reason: string): void {
    if (this.#forget(link)) queueMicrotask(() => this.#tellClosed(link, reason));
  }

  #forget(link: LinkId): boolean {
    this.#filled.delete(link);
    return this.#channels.delete(link);
  }

  #tellClosed(link: LinkId, reason: string): void {
    this.#tell()?.linkClosed(link, reason);
    this.#closed(link);
  }

  #tell(): TransportEvents | undefined {
    return this.#silent ? undefined : this.#events;
  }
}
