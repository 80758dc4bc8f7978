import type { Identity } from './acl.ts';
import type { Owner } from './request.ts';
import type { Session } from './session.ts';

/** The live sessions. Closed is final, and an id never returns: it is the zxid of its creation (S19). */
export declare class SessionTable {
  get size(): number;
  get(id: bigint): Session | undefined;
  /** All, ascending by id. */
  values(): IterableIterator<Session>;
  /** The session that this create-session request made. */
  byRequest(owner: Owner, number: number): Session | undefined;
  /** Sessions that this incarnation owns. */
  ownedBy(owner: Owner): Session[];
  /** What a session is known as: its address and what add-auth added. */
  identities(id: bigint): readonly Identity[];
}
