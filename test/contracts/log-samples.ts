/** Entries, bases and batches for whoever tests a log. */
import { CHAIN_START } from '../../lib/base/hash.ts';
import { counterOf, epochOf, makeZxid, ZERO, type Zxid } from '../../lib/base/zxid.ts';
import { encodeConfiguration } from '../../lib/wire/configuration.ts';
import type { StoreBatch } from '../../lib/wire/store-batch.ts';
import { type Configuration, withStore } from '../../lib/zab/configuration.ts';
import { chainOf, type Entry, type Mark } from '../../lib/zab/log-entry.ts';
import type { Base, Batch, Epochs } from '../../lib/zab/ready.ts';

export const START: Mark = { zxid: ZERO, chain: CHAIN_START };

export const CONFIGURATION: Configuration = {
  version: ZERO,
  voters: [1, 2, 3].map((id) => ({ id, store: `${id}`.repeat(32), start: 0, weight: 1, group: 1 })),
  origin: { type: 'genesis' },
};

export const GENESIS: Partial<Batch> = { birth: { state: 'born' }, genesis: CONFIGURATION };

/** `count` entries behind a mark, in its epoch or in a later one. */
export function entriesAfter(previous: Mark, count: number, epoch?: number, size = 20): Entry[] {
  const entries: Entry[] = [];
  let { zxid, chain } = previous;
  for (let made = 0; made < count; made += 1) {
    zxid = successor(zxid, epoch ?? Math.max(1, epochOf(zxid)));
    const bytes = new Uint8Array(size).fill(counterOf(zxid) + 7 * epochOf(zxid));
    chain = chainOf(chain, zxid, bytes);
    entries.push({
      zxid,
      kind: counterOf(zxid) === 1 ? 'epoch-start' : 'transaction',
      bytes,
      chain,
    });
  }
  return entries;
}

/** The entry behind a mark that gives the group another store for voter 3. */
export function configurationAfter(previous: Mark): Entry {
  const zxid = successor(previous.zxid, epochOf(previous.zxid));
  const next = withStore(CONFIGURATION, ZERO, 3, 'c'.repeat(32), 9);
  const bytes = encodeConfiguration(next);
  const chain = chainOf(previous.chain, zxid, bytes);
  return { zxid, kind: 'configuration', bytes, chain, configuration: { ...next, version: zxid } };
}

function successor(zxid: Zxid, epoch: number): Zxid {
  return epochOf(zxid) === epoch ? makeZxid(epoch, counterOf(zxid) + 1) : makeZxid(epoch, 1);
}

/** The place of the last entry. */
export function endOf(entries: readonly Entry[]): Mark {
  const last = entries.at(-1);
  return last === undefined ? START : { zxid: last.zxid, chain: last.chain };
}

/** A base at a mark. */
export function baseAt({ zxid, chain }: Mark): Base {
  return { zxid, chain, configuration: CONFIGURATION };
}

/** A batch of the log and nothing else. */
export function logBatch(part: Partial<Batch>): StoreBatch {
  return { id: 1, log: { id: 1, entries: [], committed: ZERO, ...part } };
}

/** The promises of a peer that follows an established leader of this epoch. */
export function epochsAt(epoch: number): Epochs {
  return { accepted: epoch, acceptedFrom: '1:11', current: epoch, syncing: 0 };
}
