import { ZERO } from '../lib/base/zxid.ts';
import type { Durable } from '../lib/zab/ready.ts';
import { StoredLog } from '../lib/zab/stored-log.ts';

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
    entries: new StoredLog(),
    applied: ZERO,
    committed: ZERO,
  };
}
