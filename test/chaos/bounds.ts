/** What real time says of the places of writes. */
import type { Instant, Operation } from './history.ts';

export class Bounds {
  readonly #answered: { readonly time: Instant; zxid: bigint }[];
  readonly #asked: { readonly time: Instant; zxid: bigint }[];

  /** @param told when transactions were seen by anybody at all */
  constructor(
    operations: readonly Operation[],
    places: ReadonlyMap<string, bigint>,
    told: ReadonlyMap<bigint, Instant>,
  ) {
    const placed = operations.flatMap(({ id, invoked, returned }) => {
      const zxid = places.get(id);
      return zxid === undefined ? [] : [{ zxid, invoked, returned }];
    });
    this.#answered = placed
      .filter(({ returned }) => returned !== Number.POSITIVE_INFINITY)
      .map(({ returned, zxid }) => ({ time: returned, zxid }))
      .concat([...told].map(([zxid, time]) => ({ time, zxid })))
      .sort((a, b) => a.time - b.time);
    let highest = 0n;
    for (const one of this.#answered) {
      if (one.zxid > highest) highest = one.zxid;
      one.zxid = highest;
    }
    this.#asked = placed
      .map(({ invoked, zxid }) => ({ time: invoked, zxid }))
      .sort((a, b) => a.time - b.time);
    let lowest: bigint | undefined;
    for (const one of this.#asked.toReversed()) {
      if (lowest === undefined || one.zxid < lowest) lowest = one.zxid;
      one.zxid = lowest;
    }
  }

  /** The last transaction that was answered before: what is asked then comes after it. */
  after(invoked: Instant): bigint {
    const at = firstAt(this.#answered, invoked);
    return this.#answered[at - 1]?.zxid ?? 0n;
  }

  /** The first transaction that was asked for later: what was answered then came before it. Undefined: there is none. */
  before(returned: Instant): bigint | undefined {
    const at = firstAt(this.#asked, returned);
    const later = this.#asked[at]?.time === returned ? at + 1 : at;
    return this.#asked[later]?.zxid;
  }
}

/** The first that is not earlier. */
function firstAt(sorted: readonly { readonly time: Instant }[], time: Instant): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.time ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
