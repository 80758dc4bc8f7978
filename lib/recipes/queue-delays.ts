/** Items whose time has come are let in. */
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import type { Op } from '../client/operation.ts';
import type { RawSession } from './any-client.ts';
import { WITHOUT_END } from './keep-trying.ts';
import { delayedOf, entryPrefix, type QueuePlace } from './queue-place.ts';

const MOVED_AT_ONCE = 64;
const BYTES_AT_ONCE = 256 * 1024;
/** Before an item that was refused is tried again, ms. */
const REFUSED_PAUSE = 1_000;

export class QueueDelays {
  readonly #session: RawSession;
  readonly #place: QueuePlace;
  readonly #report: (error: unknown) => void;
  /** Items that were refused, and when they are tried again, in ms since 1970: they are in nobody's way. */
  readonly #refused = new Map<string, number>();

  /** @param report is told once of each item that is refused */
  constructor(session: RawSession, place: QueuePlace, report: (error: unknown) => void) {
    this.#session = session;
    this.#place = place;
    this.#report = report;
  }

  /**
   * Moves some that are due, in one transaction: each is either there or here.
   * @returns when to look again, in ms since 1970
   */
  async moveDue(): Promise<number> {
    const now = Date.now();
    const limit = MOVED_AT_ONCE + this.#refused.size;
    const page = await this.#session.children(this.#place.delayed, { ...WITHOUT_END, limit });
    const here = new Set(page);
    for (const name of this.#refused.keys()) if (!here.has(name)) this.#refused.delete(name);
    const ops: Op<Uint8Array>[] = [];
    const names: string[] = [];
    let bytes = 0;
    let next = page.length < limit ? Number.POSITIVE_INFINITY : 0;
    for (const name of page) {
      const { due, priority } = delayedOf(name);
      if (due > now || bytes > BYTES_AT_ONCE) {
        next = due;
        break;
      }
      if ((this.#refused.get(name) ?? 0) > now) continue;
      const data = await this.#read(name);
      if (data === undefined) continue;
      const create = joinPath(this.#place.entries, entryPrefix(priority));
      ops.push({ delete: joinPath(this.#place.delayed, name) }, { create, sequential: true, data });
      names.push(name);
      bytes += data.length;
    }
    if (!(await this.#move(ops, names))) return 0;
    for (const again of this.#refused.values()) next = Math.min(next, again);
    return next;
  }

  /** Undefined: it is gone, or nobody may read it here. */
  async #read(name: string): Promise<Uint8Array | undefined> {
    try {
      const node = await this.#session.find(joinPath(this.#place.delayed, name), WITHOUT_END);
      return node?.data;
    } catch (error) {
      if (!QuorateError.is(error, 'NO_AUTH')) throw error;
      this.#refuse(name, error);
      return undefined;
    }
  }

  /** @param names of the items, two operations each. False: look again */
  async #move(ops: readonly Op<Uint8Array>[], names: readonly string[]): Promise<boolean> {
    try {
      if (ops.length > 0) await this.#session.multi(ops, WITHOUT_END);
    } catch (error) {
      const index = QuorateError.is(error, 'NO_NODE', 'NOT_EMPTY') ? (error.index ?? -1) : -1;
      const name = names[Math.floor(index / 2)];
      // What keeps one from being made keeps all of them.
      if (name === undefined || ops[index]?.create !== undefined) throw error;
      // Or somebody else has moved it.
      if (QuorateError.is(error, 'NOT_EMPTY')) this.#refuse(name, error);
      return false;
    }
    for (const name of names) this.#refused.delete(name);
    return true;
  }

  #refuse(name: string, error: unknown): void {
    if (!this.#refused.has(name)) this.#report(error);
    this.#refused.set(name, Date.now() + REFUSED_PAUSE);
  }
}
