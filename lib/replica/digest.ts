/**
 * Trees that differ at the same zxid: detection is always on (S16). The leader's digest comes with or
 * before the commit of what it speaks of, so one is kept until this peer has come as far.
 */
import type { Zxid } from '../base/zxid.ts';

/** Two trees at one zxid. */
export interface Divergence {
  readonly zxid: Zxid;
  readonly own: number;
  readonly leader: number;
}

export class DigestCheck {
  #expected: { readonly zxid: Zxid; readonly hash: number } | undefined;

  /** The leader's DIGEST, while this peer stands at `applied`. */
  heard(zxid: Zxid, hash: number, applied: Zxid, own: () => number): Divergence | undefined {
    this.#expected = { zxid, hash };
    return this.applied(applied, own);
  }

  /** This peer has come to `zxid`. */
  applied(zxid: Zxid, own: () => number): Divergence | undefined {
    const expected = this.#expected;
    if (expected === undefined || expected.zxid > zxid) return undefined;
    this.#expected = undefined;
    if (expected.zxid < zxid) return undefined;
    const hash = own();
    return hash === expected.hash ? undefined : { zxid, own: hash, leader: expected.hash };
  }

  /** Another leader, or another tree: what was said does not count. */
  reset(): void {
    this.#expected = undefined;
  }
}
