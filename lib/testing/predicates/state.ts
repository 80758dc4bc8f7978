import { formatZxid } from '../../base/zxid.ts';
import { demand, type Predicate } from './predicate.ts';

/** S15: an election begins with an idle writer and a state that is the replay of G. */
export const processConsistency: Predicate = {
  name: 'S15',
  title: 'a role change ends with tree = replay of the log',
  watch({ ghost }) {
    return {
      moved(peer, before) {
        const { view, disk } = peer;
        if (view.role !== 'looking' || before.role === 'looking') return;
        demand(view.lastZxid === disk.last.zxid || disk.writing, 'S15', () => {
          return `peer ${peer.id} looks with ${formatZxid(view.lastZxid)} queued and ${formatZxid(disk.last.zxid)} on disk`;
        });
        demand(view.applied === peer.applied.zxid, 'S15', () => {
          return `peer ${peer.id} says it applied ${formatZxid(view.applied)}, but it was ${formatZxid(peer.applied.zxid)}`;
        });
      },
      sent(peer, message) {
        if (message.type !== 'NOTIFICATION' || message.state !== 'looking') return;
        const { vote } = message;
        const { last } = peer.disk;
        demand(vote?.leader !== peer.id || vote.zxid === last.zxid, 'S15', () => {
          return `peer ${peer.id} votes with ${formatZxid(vote?.zxid ?? last.zxid)}, and has ${formatZxid(last.zxid)} on disk`;
        });
      },
      started(peer) {
        demand(ghost.contains(ghost.committed, peer.applied), 'S15', () => {
          return `peer ${peer.id} starts with a state at ${formatZxid(peer.applied.zxid)}, which is not committed`;
        });
      },
    };
  },
};

/** S16: equal appliedZxid, equal hash. */
export const hashes: Predicate = {
  name: 'S16',
  title: 'equal zxids, equal trees',
  watch({ model }) {
    const known = new Map<bigint, { readonly digest: number; readonly peer: number }>();
    return {
      digested(peer, at, digest) {
        const truth = model.digests.get(at.zxid);
        if (truth !== undefined && at.zxid !== 0n) {
          demand(truth === digest, 'S16', () => {
            return `at ${formatZxid(at.zxid)} peer ${peer.id} has ${digest}, the model ${truth}`;
          });
          return;
        }
        const first = known.get(at.zxid);
        if (first === undefined) {
          known.set(at.zxid, { digest, peer: peer.id });
          return;
        }
        demand(first.digest === digest, 'S16', () => {
          return `at ${formatZxid(at.zxid)} peer ${peer.id} has ${digest}, peer ${first.peer} had ${first.digest}`;
        });
      },
    };
  },
};

/** S17: what is loaded from a checkpoint is the state at its zxid. */
export const snapshots: Predicate = {
  name: 'S17',
  title: 'a checkpoint is exact',
  judges: 'replica',
  watch({ model }) {
    return {
      restored(peer, at, digest) {
        const truth = model.digests.get(at.zxid);
        demand(truth === undefined || truth === digest, 'S17', () => {
          return `peer ${peer.id} has loaded ${formatZxid(at.zxid)} as ${digest}, it was ${truth}`;
        });
      },
    };
  },
};

/** S34: nothing escapes: no exception, no unbounded queue. */
export const containment: Predicate = {
  name: 'S34',
  title: 'nothing escapes, and queues stay within their caps',
  watch() {
    return {
      escaped(peer, error) {
        const story = error instanceof Error ? (error.stack ?? error.message) : String(error);
        demand(false, 'S34', () => `peer ${peer.id}: ${story}`);
      },
      measured(peer, queue, size, cap) {
        demand(size <= cap, 'S34', () => `peer ${peer.id}: ${queue}: ${size}, and ${cap} at most`);
      },
    };
  },
};
