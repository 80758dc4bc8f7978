/**
 * When a request of a session is refused, so is all that its host had sent behind it (FIFO, step 25):
 * what comes over that link is dropped until the number comes that was expected.
 */
import type { Request } from '../tree/request.ts';
import type { LinkId } from '../zab/ready.ts';

export class RefusedTails {
  /** By session, then by link: the number that will be taken again; 0: none. No inner map is empty. */
  readonly #expected = new Map<bigint, Map<LinkId, number>>();

  /** Sessions of which something was refused. */
  get size(): number {
    return this.#expected.size;
  }

  refuse(link: LinkId, session: bigint, expected: number): void {
    const links = this.#expected.get(session);
    if (links === undefined) this.#expected.set(session, new Map([[link, expected]]));
    else links.set(link, expected);
  }

  /** Whether a request belongs to no such tail; the one that was expected ends it. */
  admits(link: LinkId, { session, cxid }: Request): boolean {
    if (this.#expected.size === 0) return true;
    const expected = this.#expected.get(session)?.get(link);
    if (expected === undefined) return true;
    if (expected !== cxid) return false;
    this.#drop(link, session);
    return true;
  }

  /** The session has another owner, or has ended. */
  forget(session: bigint): void {
    this.#expected.delete(session);
  }

  unlinked(link: LinkId): void {
    for (const session of [...this.#expected.keys()]) this.#drop(link, session);
  }

  #drop(link: LinkId, session: bigint): void {
    const links = this.#expected.get(session);
    links?.delete(link);
    if (links?.size === 0) this.#expected.delete(session);
  }
}
