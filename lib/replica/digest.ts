/** Trees that differ at the same zxid: detection is always on (S16). */
import type { Zxid } from '../base/zxid.ts';

/** How many of the last states keep their hash for comparison. */
const KEPT = 1024;

export interface Divergence {
  readonly zxid: Zxid;
  readonly own: number;
  readonly leader: number;
}

/** The hashes of the last states of this peer, and what the leader said of states yet to come. */
export class DigestRing {
  readonly #zxids: (Zxid | undefined)[] = new Array<Zxid | undefined>(KEPT).fill(undefined);
  readonly #hashes = new Float64Array(KEPT);
  #next = 0;
  #expected: { readonly zxid: Zxid; readonly hash: number } | undefined;

  /** A transaction was applied. Says if the leader's tree was another one there. */
  applied(zxid: Zxid, hash: number): Divergence | undefined {
    this.#zxids[this.#next] = zxid;
    this.#hashes[this.#next] = hash;
    this.#next = (this.#next + 1) % KEPT;
    const expected = this.#expected;
    if (expected === undefined || expected.zxid > zxid) return undefined;
    this.#expected = undefined;
    if (expected.zxid < zxid || expected.hash === hash) return undefined;
    return { zxid, own: hash, leader: expected.hash };
  }

  /** The leader's DIGEST: compared now, or when this peer has come as far. */
  heard(zxid: Zxid, hash: number, applied: Zxid): Divergence | undefined {
    if (zxid > applied) {
      this.#expected = { zxid, hash };
      return undefined;
    }
    const at = this.#zxids.indexOf(zxid);
    const own = at < 0 ? undefined : this.#hashes[at];
    return own === undefined || own === hash ? undefined : { zxid, own, leader: hash };
  }

  /** Another leader: what the last one said may never come. */
  forgetExpected(): void {
    this.#expected = undefined;
  }

  /** The tree was replaced. */
  reset(): void {
    this.#zxids.fill(undefined);
    this.#expected = undefined;
  }
}
