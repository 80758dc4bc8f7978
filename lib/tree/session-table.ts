import { assert, present } from '../base/assert.ts';
import { addHash, hashBytes, hashText, subtractHash } from '../base/hash.ts';
import type { Identity } from './acl.ts';
import type { Owner } from './request.ts';
import type { Session } from './session.ts';

/** Whether two are the same incarnation of the same store of the same peer. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.peer === b.peer && a.boot === b.boot && a.store === b.store;
}

function identityKey({ scheme, id }: Identity): string {
  return `${scheme.length}:${scheme}:${id.length}:${id}`;
}

function ownerKey({ peer, store, boot }: Owner): string {
  return `${peer}:${store}:${boot}`;
}

function digestOf(session: Session): number {
  const { id, kind, owner, creator, number, timeout, address, identities, password } = session;
  const fields = [
    id,
    kind,
    ownerKey(owner),
    ownerKey(creator),
    number,
    timeout,
    address.length,
    address,
  ];
  const text = `${fields.join('|')}|${identities.map(identityKey).join(',')}`;
  return hashBytes(hashText(0, text), 0, 0, password);
}

/** The live sessions. Closed is final, and an id never returns: it is the zxid of its creation (S19). */
export class SessionTable {
  /** In the order of their creation, which is that of their ids. */
  readonly #sessions = new Map<bigint, Session>();
  #digest = 0;

  get size(): number {
    return this.#sessions.size;
  }

  /** Digest of all: equal for equal tables. */
  get digest(): number {
    return this.#digest;
  }

  get(id: bigint): Session | undefined {
    return this.#sessions.get(id);
  }

  /** All, ascending by id. */
  values(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** The session that this create-session request made, while it lives. */
  byRequest(owner: Owner, number: number): Session | undefined {
    for (const session of this.#sessions.values()) {
      if (session.number === number && sameOwner(session.creator, owner)) return session;
    }
    return undefined;
  }

  /** Sessions that this incarnation owns, ascending by id. */
  ownedBy(owner: Owner): Session[] {
    return [...this.#sessions.values()].filter((session) => sameOwner(session.owner, owner));
  }

  /** What a live session is known as: its address and what add-auth added. */
  identities(id: bigint): readonly Identity[] {
    const session = this.#sessions.get(id);
    return session === undefined ? [] : identitiesOf(session);
  }

  /** A new one; its id is greater than any before. */
  add(session: Session): void {
    assert(!this.#sessions.has(session.id), 'a session id is given once');
    this.#sessions.set(session.id, session);
    this.#digest = addHash(this.#digest, digestOf(session));
  }

  /** Another value for a session that lives. */
  replace(session: Session): void {
    const before = present(this.#sessions.get(session.id), 'session');
    this.#sessions.set(session.id, session);
    this.#digest = addHash(subtractHash(this.#digest, digestOf(before)), digestOf(session));
  }

  remove(id: bigint): void {
    this.#digest = subtractHash(this.#digest, digestOf(present(this.#sessions.get(id), 'session')));
    this.#sessions.delete(id);
  }
}

/** What a session is known as: its address and what add-auth added. */
export function identitiesOf(session: Session): readonly Identity[] {
  if (session.address === '') return session.identities;
  return [{ scheme: 'ip', id: session.address }, ...session.identities];
}

/** A session with one identity more. */
export function withIdentity(session: Session, identity: Identity): Session {
  const key = identityKey(identity);
  if (session.identities.some((known) => identityKey(known) === key)) return session;
  return { ...session, identities: [...session.identities, identity] };
}
