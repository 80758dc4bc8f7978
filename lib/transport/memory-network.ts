/** A network inside one process: who listens where, and who can reach whom. */
import type { MemoryTransport } from './memory-transport.ts';
import { withPort } from './peer-url.ts';

const FIRST_FREE_PORT = 49_152;

/**
 * Connects {@link MemoryTransport}s. Peers are named by the URLs at which they listen.
 *
 * While a partition lasts, links across it stand and carry nothing, as TCP's do when packets are
 * lost: what was sent arrives after {@link heal}, unless the link was closed before. Dials across
 * it fail.
 */
export class MemoryNetwork {
  readonly #listening = new Map<string, MemoryTransport>();
  /** Where a transport listens or listened: what it sent before it closed still travels from there. */
  readonly #places = new WeakMap<MemoryTransport, string>();
  /** Which side of the partition a URL is on; those not named share a side of their own. */
  readonly #sides = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #nextPort = FIRST_FREE_PORT;

  /** Divides the network: peers of one group reach each other and nobody else. Replaces the partition before. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#sides.clear();
    for (const [side, urls] of groups.entries()) {
      for (const url of urls) this.#sides.set(placeOf(url), side);
    }
    this.#release();
  }

  /** Ends the partition. */
  heal(): void {
    this.#sides.clear();
    this.#release();
  }

  /** @internal */
  listen(transport: MemoryTransport, text: string): string {
    const url = new URL(text);
    if (url.port === '0') {
      url.port = String(this.#nextPort);
      this.#nextPort += 1;
    }
    const place = placeOf(url.href);
    if (this.#listening.has(place)) throw new Error(`listen EADDRINUSE: address in use ${place}`);
    this.#listening.set(place, transport);
    this.#places.set(transport, place);
    return withPort(url, Number(url.port));
  }

  /** @internal */
  release(transport: MemoryTransport): void {
    for (const [place, holder] of this.#listening) {
      if (holder === transport) this.#listening.delete(place);
    }
  }

  /** Who listens at a URL. @internal */
  at(url: string): MemoryTransport | undefined {
    return this.#listening.get(placeOf(url));
  }

  /** Whether frames pass between two transports now. @internal */
  joins(one: MemoryTransport, other: MemoryTransport): boolean {
    return this.#sideOf(one) === this.#sideOf(other);
  }

  /** Calls back once, when the partition has changed. @internal */
  whenChanged(callback: () => void): void {
    this.#waiting.add(callback);
  }

  #sideOf(transport: MemoryTransport): number | undefined {
    return this.#sides.get(this.#places.get(transport) ?? '');
  }

  #release(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }
}

/** A URL without its path: only one may listen on a port. */
function placeOf(url: string): string {
  return new URL(url).host;
}
