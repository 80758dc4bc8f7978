/** Host names to addresses, anew at every dial: in a container a name outlives its address. */
import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';

type Found = (error: Error | null, addresses: readonly LookupAddress[]) => void;
/** `dns.lookup` with `all`. */
type Lookup = (hostname: string, found: Found) => void;

const LOCALHOST: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * `dns.lookup` is the only way that knows the hosts file and search domains, and it occupies a
 * thread of the pool that the disk needs, too, for as long as a name server does not answer. Therefore
 * one name is asked for at a time, whatever number of peers is to be dialled: three of the four
 * threads stay free. Addresses, and `localhost`, need no thread.
 */
export class NameLookup {
  readonly #lookup: Lookup;
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  constructor(using: Lookup = (hostname, found) => lookup(hostname, { all: true }, found)) {
    this.#lookup = using;
  }

  /** Calls back once, now or later, unless closed before. @param hostname without brackets. */
  resolve(hostname: string, found: Found): void {
    const family = isIP(hostname);
    if (family !== 0) found(null, [{ address: hostname, family }]);
    else if (hostname === 'localhost') found(null, LOCALHOST);
    else {
      this.#waiting.push(() => this.#ask(hostname, found));
      this.#next();
    }
  }

  /** Asks nothing more: what waits is not called back. */
  close(): void {
    this.#waiting.length = 0;
  }

  #ask(hostname: string, found: Found): void {
    this.#busy = true;
    this.#lookup(hostname, (error, addresses) => {
      this.#busy = false;
      found(error, addresses);
      this.#next();
    });
  }

  #next(): void {
    if (!this.#busy) this.#waiting.shift()?.();
  }
}
