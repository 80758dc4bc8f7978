/** The plan that the leader of a partitioner writes down: the data of one node, as JSON. */
import { textOf } from '../base/utf8.ts';
import { type Codec, refusePromise, utf8 } from '../client/codec.ts';
import type { Shares } from './share-out.ts';

/** Text. Bytes that are none are no plan, as any other text that is none: they end nothing. */
export const planText: Codec<string> = {
  encode: (text) => utf8.encode(text),
  decode: (data) => textOf(data) ?? '',
};

/** Undefined: it is none. */
export function readAssignment(text: string | undefined): Shares | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isShares(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isShares(value: unknown): value is Shares {
  // A list or a map would be one without any owner.
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) return false;
  return Object.values(value).every((owner) => typeof owner === 'string');
}

/** The same text for the same plan. */
export function writeAssignment(shares: Shares): string {
  return JSON.stringify(Object.fromEntries(Object.entries(shares).sort(byKey)));
}

function byKey([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

/**
 * Checks what a strategy of the application has said.
 * @throws {TypeError} it gives something to nobody who is there, or what there is not
 */
export function checkShares(
  shares: unknown,
  partitions: readonly string[],
  members: readonly string[],
): Shares {
  refusePromise(shares, 'Partitioner: assign is synchronous');
  if (!isShares(shares)) throw new TypeError('Partitioner: assign returns a member by partition');
  const [known, present] = [new Set(partitions), new Set(members)];
  for (const [partition, member] of Object.entries(shares)) {
    if (!known.has(partition)) {
      throw new TypeError(`Partitioner: assign gave away '${partition}', which is no partition`);
    }
    if (!present.has(member)) {
      throw new TypeError(
        `Partitioner: assign gave '${partition}' to '${member}', who is no member`,
      );
    }
  }
  return shares;
}
