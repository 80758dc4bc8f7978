/** Those who came in and have not shown the secret yet: few at a time, and fewer of one network. */
import { isLoopback } from './peer-url.ts';

/** Of an IPv6 address, what a network is given: whoever has one has the 2^64 beside it. */
const NETWORK_GROUPS = 4;
const ALL_GROUPS = 8;

export class Strangers {
  readonly #most: number;
  readonly #mostOfOne: number;
  /** The network that each came from. */
  readonly #networks = new Map<unknown, string>();

  /** @param most at a time. @param mostOfOne of one network; this machine itself may have all of them. */
  constructor(most: number, mostOfOne: number) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
  }

  /** Why one more from there is turned away; undefined: there is room. */
  objection(address: string): string | undefined {
    if (this.#networks.size >= this.#most) return 'too many strangers at a time';
    if (isLoopback(address)) return undefined;
    const network = networkOf(address);
    const known = [...this.#networks.values()].filter((other) => other === network);
    return known.length < this.#mostOfOne ? undefined : 'too many strangers from one place';
  }

  add(stranger: unknown, address: string): void {
    this.#networks.set(stranger, networkOf(address));
  }

  /** It is known now, or gone. */
  delete(stranger: unknown): void {
    this.#networks.delete(stranger);
  }
}

/** An IPv4 address is its own; of an IPv6 address the first half counts. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = [], tail = []] = address
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':')));
  const missing = address.includes('::') ? ALL_GROUPS - head.length - tail.length : 0;
  const groups = [...head, ...new Array<string>(Math.max(0, missing)).fill('0'), ...tail];
  return groups.slice(0, NETWORK_GROUPS).join(':');
}
