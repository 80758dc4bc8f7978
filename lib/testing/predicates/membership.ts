import { epochOf, formatZxid } from '../../base/zxid.ts';
import type { VoterKey } from '../../zab/configuration.ts';
import { holdsQuorum } from '../ghost.ts';
import { demand, keyOf, type Predicate } from './predicate.ts';

const NOBODY: ReadonlySet<VoterKey> = new Set();

/**
 * S31: at most one change of membership is under way, and every decision had a quorum in each
 * configuration in force: discovery of promises, establishment and commit of disks.
 */
export const membership: Predicate = {
  name: 'S31',
  title: 'every decision had its quorums',
  watch({ ghost }) {
    return {
      proposed(peer, node) {
        if (node.entry?.configuration === undefined) return;
        const before = node.parent?.configured;
        demand(before === undefined || ghost.contains(ghost.committed, before), 'S31', () => {
          return `peer ${peer.id} proposes a configuration at ${formatZxid(node.zxid)} while another is not committed`;
        });
        const start = ghost.ancestor(node, ghost.before(node, epochOf(node.zxid)).depth + 1);
        demand(ghost.contains(ghost.committed, start), 'S31', () => {
          return `peer ${peer.id} proposes a configuration before its epoch-start is committed`;
        });
      },
      elected(peer, epoch, history) {
        const promised = ghost.promises.get(`${epoch} ${keyOf(peer)}`) ?? NOBODY;
        const force = ghost.configurations(history, ghost.committed);
        demand(
          holdsQuorum(force, (key) => promised.has(key)),
          'S31',
          () => {
            return `${keyOf(peer)} ends discovery of epoch ${epoch} with the promises of ${[...promised].join(' ')}`;
          },
        );
      },
      established(peer, epoch, history) {
        const followers = ghost.followers.get(epoch) ?? NOBODY;
        const force = ghost.configurations(history, ghost.committed);
        demand(
          holdsQuorum(force, (key) => followers.has(key)),
          'S31',
          () => {
            return `${keyOf(peer)} establishes epoch ${epoch} with ${[...followers].join(' ')}`;
          },
        );
      },
      committed(peer, entry, before) {
        if (ghost.contains(before, entry)) return;
        const { epoch } = peer.view;
        demand(epochOf(entry.zxid) === epoch || ghost.established.has(epoch), 'S31', () => {
          return `peer ${peer.id} commits ${formatZxid(entry.zxid)} of an older epoch before ${epoch} is established`;
        });
        // A change of membership that this commits is in force for what comes behind it.
        const steps = [entry];
        let change = entry.configured;
        while (change !== undefined && !ghost.contains(before, change)) {
          if (change !== entry) steps.unshift(change);
          change = change.parent?.configured;
        }
        let known = before;
        for (const step of steps) {
          const force = ghost.configurations(step, known);
          demand(
            holdsQuorum(force, (key) => step.holders.has(key)),
            'S31',
            () => {
              return `peer ${peer.id} commits ${formatZxid(step.zxid)}, which only ${[...step.holders].join(' ')} ever held`;
            },
          );
          known = step;
        }
      },
    };
  },
};

/** The core of S28 below sessions: a confirmed round speaks of a commit that reflects everything seen before. */
export const linearizableRounds: Predicate = {
  name: 'S28',
  title: 'a confirmed leader knows all that was seen before',
  watch() {
    return {
      confirmed(peer, zxid, floor) {
        demand(zxid >= floor, 'S28', () => {
          return `peer ${peer.id} confirms ${formatZxid(zxid)}, but ${formatZxid(floor)} was applied somewhere before it was asked`;
        });
      },
    };
  },
};
