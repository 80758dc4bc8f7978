import { epochOf, formatZxid } from '../../base/zxid.ts';
import type { Proposed } from '../ghost.ts';
import { demand, type Predicate } from './predicate.ts';

/** S8: what a peer applies is exactly G from the beginning, without a gap. */
export const totalOrder: Predicate = {
  name: 'S8',
  title: 'everybody applies G in its order',
  watch({ ghost }) {
    return {
      delivered(peer, entry) {
        const node = ghost.at(entry, 'S8', peer.id);
        demand(node.parent === peer.applied, 'S8', () => {
          return `peer ${peer.id} applies ${formatZxid(entry.zxid)} after ${formatZxid(peer.applied.zxid)}`;
        });
        demand(ghost.contains(ghost.committed, node), 'S8', () => {
          return `peer ${peer.id} applies ${formatZxid(entry.zxid)}, which is not committed`;
        });
      },
      installed(peer, mark) {
        const node = ghost.at(mark, 'S8', peer.id);
        demand(ghost.contains(ghost.committed, node), 'S8', () => {
          return `peer ${peer.id} takes over a state at ${formatZxid(mark.zxid)}, which is not committed`;
        });
      },
      written(peer, batch) {
        // A log on disk is a path of P: no gap, no strange entry (rule G3).
        for (const entry of batch.entries) ghost.at(entry, 'S8', peer.id);
      },
    };
  },
};

/** S9: entries of one primary are applied in the order in which it proposed them. */
export const localPrimaryOrder: Predicate = {
  name: 'S9',
  title: 'local primary order',
  watch({ ghost }) {
    return {
      delivered(peer, entry) {
        const node = ghost.proposed.get(entry.zxid);
        const before = node?.parent;
        if (before === undefined || epochOf(before.zxid) !== epochOf(entry.zxid)) return;
        demand(peer.applied.zxid >= before.zxid && peer.applied.zxid < entry.zxid, 'S9', () => {
          return `peer ${peer.id} applies ${formatZxid(entry.zxid)} at ${formatZxid(peer.applied.zxid)}, not after ${formatZxid(before.zxid)}`;
        });
      },
    };
  },
};

/** S10: entries of an earlier primary are applied before those of a later one. */
export const globalPrimaryOrder: Predicate = {
  name: 'S10',
  title: 'global primary order',
  watch() {
    return {
      delivered(peer, entry) {
        demand(epochOf(peer.applied.zxid) <= epochOf(entry.zxid), 'S10', () => {
          return `peer ${peer.id} applies ${formatZxid(entry.zxid)} after ${formatZxid(peer.applied.zxid)}`;
        });
      },
    };
  },
};

/** S11: before its first proposal a primary has delivered all of earlier epochs that anybody ever delivers. */
export const primaryIntegrity: Predicate = {
  name: 'S11',
  title: 'primary integrity',
  watch({ ghost }) {
    const begun = new Map<number, Proposed>();
    return {
      proposed(peer, { zxid }) {
        const epoch = epochOf(zxid);
        if (begun.has(epoch)) return;
        begun.set(epoch, peer.applied);
        const owed = ghost.before(ghost.committed, epoch);
        demand(ghost.contains(peer.applied, owed), 'S11', () => {
          return `peer ${peer.id} proposes in epoch ${epoch} at ${formatZxid(peer.applied.zxid)}, before ${formatZxid(owed.zxid)}`;
        });
      },
      delivered(peer, entry) {
        const node = ghost.proposed.get(entry.zxid);
        for (const [epoch, applied] of begun) {
          if (node === undefined || epochOf(entry.zxid) >= epoch) continue;
          demand(ghost.contains(applied, node), 'S11', () => {
            return `peer ${peer.id} applies ${formatZxid(entry.zxid)}, unknown to the primary of epoch ${epoch}`;
          });
        }
      },
    };
  },
};

/** S12: what is applied was proposed, with the same bytes. */
export const integrity: Predicate = {
  name: 'S12',
  title: 'integrity',
  watch({ ghost }) {
    return {
      delivered(peer, entry) {
        const bytes = ghost.at(entry, 'S12', peer.id).entry?.bytes;
        demand(bytes !== undefined && equal(bytes, entry.bytes), 'S12', () => {
          return `peer ${peer.id} applies other bytes as ${formatZxid(entry.zxid)}`;
        });
      },
    };
  },
};

function equal(one: Uint8Array, two: Uint8Array): boolean {
  return one === two || (one.length === two.length && one.every((byte, at) => byte === two[at]));
}
