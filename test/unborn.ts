import { ZERO } from '../lib/base/zxid.ts';
import type { Durable } from '../lib/zab/ready.ts';

/** The store of a voter that has never been in a group. */
export function unborn(id: number): Durable {
  return {
    store: `${id}`.repeat(32),
    boot: 1,
    starts: [1],
    birth: { state: 'unborn' },
    epochs: { accepted: 0, acceptedFrom: '', current: 0, syncing: 0 },
    base: undefined,
    genesis: undefined,
    entries: [],
    applied: ZERO,
    committed: ZERO,
  };
}
