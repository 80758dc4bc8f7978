import type { Identity } from './acl.ts';
import type { Owner } from './request.ts';

/** A replicated session. Values are never changed: a change makes another one. */
export interface Session {
  /** The zxid of the transaction that made it: never given again. */
  readonly id: bigint;
  /** `peer`: lives and dies with its owner. `client`: ZooKeeper's, may be taken over with the password. */
  readonly kind: 'peer' | 'client';
  /** The one incarnation whose requests count (S19). */
  readonly owner: Owner;
  /** The owner's number of the create-session request, and who that owner was. */
  readonly number: number;
  readonly creator: Owner;
  /** Milliseconds. */
  readonly timeout: number;
  readonly password: Uint8Array;
  /** Of the peer's or client's link, as the leader saw it: its `ip` identity. Empty: none. */
  readonly address: string;
  /** Added by add-auth, in order, without duplicates. */
  readonly identities: readonly Identity[];
}
