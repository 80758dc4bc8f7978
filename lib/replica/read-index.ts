/**
 * Host side of step 27: which reads wait for which index. All linearizable reads of one turn share
 * one question; the leader's answer says how far this peer must have applied before it may read.
 */
import type { Zxid } from '../base/zxid.ts';

/** Reads that were asked for in the same turn. */
export interface ReadGroup {
  /** The question it was last put as; 0: not put to the present leader. */
  id: number;
  /** Known when a quorum has confirmed the leader. */
  zxid: Zxid | undefined;
}

export class ReadIndex {
  #open: ReadGroup | undefined;
  /** Unanswered, in the order of asking. */
  #groups: ReadGroup[] = [];
  #lastId = 0;

  /** The group of a read that is asked for now. */
  join(): ReadGroup {
    if (this.#open === undefined) {
      this.#open = { id: 0, zxid: undefined };
      this.#groups.push(this.#open);
    }
    return this.#open;
  }

  /** The id to ask the leader with, if something is to be asked. One question serves all that wait. */
  question(): number | undefined {
    const unasked = this.#groups.filter((group) => group.id === 0);
    if (unasked.length === 0) return undefined;
    this.#open = undefined;
    this.#lastId += 1;
    for (const group of unasked) group.id = this.#lastId;
    return this.#lastId;
  }

  /** READINDEX_OK. A later question's answer also serves what was asked before. */
  answered(id: number, zxid: Zxid): void {
    if (id > this.#lastId) return;
    for (const group of this.#groups) if (group.id !== 0 && group.id <= id) group.zxid = zxid;
    this.#groups = this.#groups.filter((group) => group.zxid === undefined);
  }

  /** Another leader, or another link to it: all that is unanswered is asked again, under a new id. */
  reset(): void {
    for (const group of this.#groups) group.id = 0;
  }
}
