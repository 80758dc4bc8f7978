import { REPLICA_DEFAULTS, type ReplicaOptions } from '../replica/options.ts';
import { randomStoreId } from '../storage/store-id.ts';
import { ZAB_DEFAULTS } from '../zab/options.ts';
import type { CheckedOptions } from './options.ts';

/** The address of own sessions while this peer leads itself; others are known by their links. */
const LOOPBACK = '127.0.0.1';

/** The replica of a peer with these options; what no user is asked for has its default. */
export function replicaOptions(options: CheckedOptions): ReplicaOptions {
  const {
    id,
    addresses,
    heartbeat,
    syncTimeout,
    initTimeout,
    snapCount,
    snapRetainCount,
    maxTreeBytes,
  } = options;
  const own = addresses.find((address) => address.id === id);
  const voters = addresses.filter(({ role }) => role === 'participant');
  return {
    ...REPLICA_DEFAULTS,
    zab: {
      ...ZAB_DEFAULTS,
      id,
      role: own?.role ?? 'participant',
      voters: voters.map(({ id: voter, weight, group }) => ({ id: voter, weight, group })),
      bootstrap: options.bootstrap,
      heartbeat,
      syncTimeout,
      initTimeout,
      spareStore: randomStoreId(),
    },
    heartbeat,
    address: LOOPBACK,
    snapCount,
    snapRetainCount,
    maxTreeBytes,
  };
}
