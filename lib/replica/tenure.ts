import type { Zxid } from '../base/zxid.ts';
import type { LinkId } from '../zab/ready.ts';
import type { Zab } from '../zab/zab.ts';
import type { LeaderDuties } from './leader-duties.ts';
import { SELF } from './outbox.ts';

/** One attachment of this peer's host to a leader: another link or epoch is another tenure. */
export interface Tenure {
  readonly link: LinkId;
  readonly epoch: number;
}

/**
 * Says to whom this peer's host may turn. A learner serves when it has applied what UPTODATE said is
 * committed: what its host asked of earlier leaders is then in the tree or never will be (step 26). A
 * leader serves when its EPOCH_START is applied (rule G12).
 */
export class Attachment {
  #awaited: (Tenure & { readonly commit: Zxid }) | undefined;
  #tenure: Tenure | undefined;

  get tenure(): Tenure | undefined {
    return this.#tenure;
  }

  /** Follows the role. True if the host has another leader, or none, since the last call. */
  follow(zab: Zab, duties: LeaderDuties | undefined, applied: Zxid): boolean {
    const before = this.#tenure;
    this.#tenure = zab.role === 'leading' ? this.#own(duties) : this.#learned(zab, applied);
    return this.#tenure !== before;
  }

  #own(duties: LeaderDuties | undefined): Tenure | undefined {
    this.#awaited = undefined;
    if (duties?.active !== true) return undefined;
    return this.#same(SELF, duties.epoch) ?? { link: SELF, epoch: duties.epoch };
  }

  #learned(zab: Zab, applied: Zxid): Tenure | undefined {
    const { leaderLink: link, epoch } = zab;
    if (link === undefined || !zab.serving) {
      this.#awaited = undefined;
      return undefined;
    }
    if (this.#awaited?.link !== link || this.#awaited.epoch !== epoch) {
      this.#awaited = { link, epoch, commit: zab.committed };
    }
    return applied < this.#awaited.commit
      ? undefined
      : (this.#same(link, epoch) ?? { link, epoch });
  }

  #same(link: LinkId, epoch: number): Tenure | undefined {
    const { tenure } = this;
    return tenure?.link === link && tenure.epoch === epoch ? tenure : undefined;
  }
}
