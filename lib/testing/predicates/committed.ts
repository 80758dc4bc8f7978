import { epochOf, formatZxid } from '../../base/zxid.ts';
import type { VoterKey } from '../../zab/configuration.ts';
import { type Ghost, holdsQuorum, type Proposed } from '../ghost.ts';
import { demand, keyOf, type Predicate, type Scene, type Witness } from './predicate.ts';

/** S4: what peers believe committed is a prefix of G. */
export const prefixes: Predicate = {
  name: 'S4',
  title: 'committed sequences are prefixes of one another',
  watch({ ghost }) {
    return {
      committed(peer, entry, before) {
        demand(ghost.contains(entry, before) || ghost.contains(before, entry), 'S4', () => {
          return `peer ${peer.id} commits ${formatZxid(entry.zxid)}, but ${formatZxid(before.zxid)} is committed`;
        });
      },
      moved(peer, before) {
        const { committed } = peer.view;
        if (committed === before.committed) return;
        const entry = ghost.proposed.get(committed);
        demand(entry !== undefined && ghost.contains(ghost.committed, entry), 'S4', () => {
          return `peer ${peer.id} takes ${formatZxid(committed)} for committed, G ends with ${formatZxid(ghost.committed.zxid)}`;
        });
      },
    };
  },
};

/** Whether a disk's (currentEpoch, last) may win against another's. */
function beats(winner: Witness, loser: Witness): boolean {
  const one = winner.disk;
  const two = loser.disk;
  if (one.epochs.current !== two.epochs.current) return one.epochs.current > two.epochs.current;
  return one.last.zxid >= two.last.zxid;
}

function tip(ghost: Ghost, peer: Witness): Proposed {
  return ghost.at(peer.disk.last, 'S8', peer.id);
}

/**
 * S5: in every quorum of disks the greatest (currentEpoch, last) belongs to one that holds all of G.
 * Said the other way round: no disk without all of G is the greatest of any quorum.
 */
function checkNeverLost({ ghost, peers }: Scene): void {
  for (const peer of peers) {
    if (peer.observer || !peer.disk.born || ghost.liars.has(peer.disk.store)) continue;
    const log = tip(ghost, peer);
    if (ghost.contains(log, ghost.committed)) continue;
    const below = new Set<VoterKey>();
    for (const other of peers) {
      const eligible = !other.observer && other.disk.born && !ghost.liars.has(other.disk.store);
      if (eligible && beats(peer, other)) below.add(keyOf(other));
    }
    const force = ghost.configurations(log, ghost.committed);
    demand(!below.has(keyOf(peer)) || !holdsQuorum(force, (key) => below.has(key)), 'S5', () => {
      return (
        `${keyOf(peer)} at (${peer.disk.epochs.current}, ${formatZxid(log.zxid)}) lacks ` +
        `${formatZxid(ghost.committed.zxid)} and may win with ${[...below].join(' ')}`
      );
    });
  }
}

export const neverLost: Predicate = {
  name: 'S5',
  title: 'committed is never lost',
  watch(scene) {
    return {
      written: () => checkNeverLost(scene),
      grown: () => checkNeverLost(scene),
      tampered: () => checkNeverLost(scene),
      sent(peer, message) {
        if (message.type !== 'ACKEPOCH' || !message.counted) return;
        demand(!scene.ghost.liars.has(peer.disk.store), 'S5', () => {
          return `${keyOf(peer)} promises epoch ${message.epoch}, though it has forgotten what it promised before`;
        });
      },
    };
  },
};

/** S6: I(e') holds all that leaders of earlier epochs ever commit. */
export const completeness: Predicate = {
  name: 'S6',
  title: 'a leader has everything committed before its epoch',
  watch({ ghost }) {
    /** The greatest entry that the leader of an epoch has committed. */
    const commits = new Map<number, Proposed>();
    const check = (epoch: number, history: Proposed, by: number, entry: Proposed): void => {
      if (by >= epoch) return;
      demand(ghost.contains(history, entry), 'S6', () => {
        return `I(${epoch}) ends with ${formatZxid(history.zxid)} and lacks ${formatZxid(entry.zxid)}, committed in epoch ${by}`;
      });
    };
    return {
      elected(_peer, epoch, history) {
        for (const [by, entry] of commits) check(epoch, history, by, entry);
      },
      established(peer, epoch, history) {
        const G = ghost.committed;
        demand(ghost.contains(history, G) || ghost.contains(G, history), 'S6', () => {
          return `I(${epoch}) of ${keyOf(peer)} ends with ${formatZxid(history.zxid)}, apart from ${formatZxid(G.zxid)}`;
        });
      },
      committed(peer, entry) {
        const { epoch: by } = peer.view;
        commits.set(by, entry);
        for (const { epoch, history } of ghost.attempts.values()) check(epoch, history, by, entry);
      },
    };
  },
};

/** S7: what an established epoch left out is never applied, and in no history of that epoch or later. */
export const discarded: Predicate = {
  name: 'S7',
  title: 'the discarded never reappears',
  watch({ ghost, peers }) {
    const check = (peer: Witness): void => {
      const { current } = peer.disk.epochs;
      if (!peer.disk.born || peer.observer) return;
      const log = tip(ghost, peer);
      for (const { epoch, history } of ghost.established.values()) {
        if (epoch > current) continue;
        const old = ghost.before(log, epoch);
        demand(ghost.contains(history, old), 'S7', () => {
          return `${keyOf(peer)} in epoch ${current} holds ${formatZxid(old.zxid)}, which I(${epoch}) left out`;
        });
      }
    };
    return {
      written(peer, batch) {
        const appended = batch.entries.some(({ zxid }) => epochOf(zxid) < peer.disk.epochs.current);
        if (appended || batch.epochs !== undefined || batch.install !== undefined) check(peer);
      },
      established: () => peers.forEach(check),
      delivered(peer, entry) {
        const node = ghost.at(entry, 'S12', peer.id);
        for (const { epoch, history } of ghost.established.values()) {
          if (epoch <= epochOf(entry.zxid)) continue;
          demand(ghost.contains(history, node), 'S7', () => {
            return `peer ${peer.id} applies ${formatZxid(entry.zxid)}, which I(${epoch}) left out`;
          });
        }
      },
    };
  },
};
