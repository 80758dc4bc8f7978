/** The twin of {@link WebSocketTransport} without sockets: links between the peers of one process. */
import { assert } from '../base/assert.ts';
import type { LinkId } from '../zab/ready.ts';
import { Dialer } from './dialer.ts';
import { LINK_LIMITS, type LinkLimits } from './limits.ts';
import { LinkTable } from './link-table.ts';
import { type LinkEnd, MemoryChannel, type Wire } from './memory-channel.ts';
import type { MemoryNetwork } from './memory-network.ts';
import { isLoopback, parsePeerUrl } from './peer-url.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** Of everybody. */
const ADDRESS = '127.0.0.1';

/** A {@link Transport} on a {@link MemoryNetwork}. */
export class MemoryTransport implements Transport {
  /** There are no strangers in memory. */
  readonly refused = 0;
  readonly #network: MemoryNetwork;
  readonly #dialer: Dialer;
  readonly #links: LinkTable;
  readonly #limits: LinkLimits;
  #closed = false;

  constructor(network: MemoryNetwork, limits: Partial<LinkLimits> = {}) {
    this.#limits = { ...LINK_LIMITS, ...limits };
    this.#network = network;
    this.#dialer = new Dialer((peer, url) => setImmediate(() => this.#connect(peer, url)));
    this.#links = new LinkTable(this.#limits.queueBytes, (link) => this.#dialer.closed(link));
  }

  start(events: TransportEvents): void {
    this.#links.start(events);
  }

  async listen(url: string): Promise<string> {
    assert(!this.#closed, 'a closed transport does not listen');
    return this.#network.listen(this, loopbackUrl(url));
  }

  dial(peer: number, url: string): void {
    this.#dialer.keep(peer, loopbackUrl(url));
  }

  recognize(link: LinkId, peer: number): void {
    if (this.#links.stands(link)) this.#dialer.recognized(link, peer);
  }

  send(link: LinkId, bytes: Uint8Array): void {
    this.#links.send(link, bytes);
  }

  backlog(link: LinkId): number {
    return this.#links.backlog(link);
  }

  disconnect(link: LinkId, reason: string): void {
    this.#links.disconnect(link, reason);
  }

  handleUpgrade(): boolean {
    return false;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#links.silence();
    this.#dialer.stop();
    this.#links.endAll('the peer closes');
    this.#network.release(this);
  }

  #connect(peer: number, url: string): void {
    if (this.#closed) return;
    const other = this.#network.at(url);
    if (other === undefined || !this.#network.joins(this, other)) {
      this.#dialer.failed(peer);
      this.#links.dialFailed(peer, `connect ECONNREFUSED ${url}`);
      return;
    }
    const wire: Wire = {
      passes: () => this.#network.joins(this, other),
      whenChanged: (callback) => this.#network.whenChanged(callback),
    };
    const here = this.#end();
    const there = other.#end();
    const outward = new MemoryChannel(wire, here, there);
    const inward = new MemoryChannel(wire, there, here);
    there.link = other.#links.open(inward, 'peer', ADDRESS);
    here.link = this.#links.open(outward, 'self', ADDRESS);
    this.#dialer.opened(peer, here.link);
  }

  #end(): LinkEnd {
    return { links: this.#links, frameBytes: this.#limits.frameBytes, link: undefined };
  }
}

/** The network of one process has no other addresses. */
function loopbackUrl(text: string): string {
  const { href, hostname } = parsePeerUrl(text);
  if (!isLoopback(hostname)) throw new TypeError(`${text}: not a loopback address`);
  return href;
}
