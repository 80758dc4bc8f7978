/**
 * What nobody in the group can see and the predicates judge by: P, every entry ever proposed; G, the
 * committed sequence, which grows when a leader first commits; E, who led which epoch. Every log is a
 * path in one tree of entries (equal chains, equal logs), so "contains" is "is an ancestor of".
 */
import { CHAIN_START } from '../base/hash.ts';
import { epochOf, formatZxid, ZERO, type Zxid } from '../base/zxid.ts';
import type { Configuration, VoterKey } from '../zab/configuration.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import { Violation } from './violation.ts';

/** One entry ever proposed, under the entry before it. */
export interface Proposed {
  readonly zxid: Zxid;
  readonly chain: number;
  /** Absent for the root. */
  readonly entry: Entry | undefined;
  /** The peer that proposed it. */
  readonly by: number;
  readonly parent: Proposed | undefined;
  /** An ancestor far away, for {@link Ghost.contains} in logarithmic time. */
  readonly jump: Proposed | undefined;
  /** Entries before it. */
  readonly depth: number;
  /** The nearest entry at or above here that changed the configuration; the root for the first. */
  readonly configured: Proposed | undefined;
  /** Every store whose disk ever had it. */
  readonly holders: Set<VoterKey>;
}

/** An epoch whose leader passed step 12, or is ESTABLISHED. */
export interface Reign {
  readonly epoch: number;
  readonly leader: VoterKey;
  readonly history: Proposed;
}

export class Ghost {
  readonly root: Proposed = {
    zxid: ZERO,
    chain: CHAIN_START,
    entry: undefined,
    by: 0,
    parent: undefined,
    jump: undefined,
    depth: 0,
    configured: undefined,
    holders: new Set(),
  };
  /** P. */
  readonly proposed: Map<Zxid, Proposed> = new Map([[ZERO, this.root]]);
  /** G, as its last entry. */
  committed: Proposed = this.root;
  /** The greatest zxid that any peer has applied, and so may have shown to somebody. */
  seen: Zxid = ZERO;
  /** I(e) of every epoch whose leader passed step 12. */
  readonly attempts: Map<number, Reign> = new Map();
  /** E. */
  readonly established: Map<number, Reign> = new Map();
  /** The configuration the group was born with. */
  genesis: Configuration | undefined;
  /** Stores that promised an epoch, with the leader that they promised it to: `epoch from`. */
  readonly promises: Map<string, Set<VoterKey>> = new Map();
  /** Stores that took over the history of an epoch. */
  readonly followers: Map<number, Set<VoterKey>> = new Map();
  /** Stores whose promises a fault took back: they prove nothing any more. */
  readonly liars: Set<string> = new Set();

  /** The entry of a mark; a mark that nobody proposed is a lie of somebody. */
  at(mark: Mark, predicate: string, who: number): Proposed {
    const node = this.proposed.get(mark.zxid);
    if (node !== undefined && node.chain === mark.chain) return node;
    throw new Violation(
      predicate,
      `peer ${who} has ${formatZxid(mark.zxid)} with chain ${mark.chain}, proposed was ${node?.chain ?? 'nothing'}`,
    );
  }

  /** Adds an entry to P under the one before it. */
  propose(parent: Proposed, entry: Entry, by: number): Proposed {
    const uncle = parent.jump;
    const node: Proposed = {
      zxid: entry.zxid,
      chain: entry.chain,
      entry,
      by,
      parent,
      depth: parent.depth + 1,
      jump:
        uncle !== undefined && parent.depth - uncle.depth === uncle.depth - (uncle.jump?.depth ?? 0)
          ? (uncle.jump ?? this.root)
          : parent,
      configured: undefined,
      holders: new Set(),
    };
    const own = entry.configuration === undefined ? parent.configured : node;
    const complete = Object.assign(node, { configured: own });
    this.proposed.set(entry.zxid, complete);
    return complete;
  }

  /** Whether the log that ends with `log` contains `entry`. */
  contains(log: Proposed, entry: Proposed): boolean {
    return this.ancestor(log, entry.depth) === entry;
  }

  /** The entry of a log with so many before it. */
  ancestor(log: Proposed, depth: number): Proposed {
    let at = log;
    while (at.depth > depth) {
      const { jump, parent } = at;
      if (jump !== undefined && jump.depth >= depth) at = jump;
      else if (parent !== undefined) at = parent;
      else break;
    }
    return at;
  }

  /** The last entry of a log that is of an epoch below `epoch`. */
  before(log: Proposed, epoch: number): Proposed {
    let at = log;
    while (at.parent !== undefined && epochOf(at.zxid) >= epoch) {
      at = at.jump !== undefined && epochOf(at.jump.zxid) >= epoch ? at.jump : at.parent;
    }
    return at;
  }

  /** The configurations in force at the end of a log, newest first, while `committed` is known (step 37). */
  configurations(log: Proposed, committed: Proposed): readonly InForce[] {
    const result: InForce[] = [];
    let at = log.configured;
    while (at !== undefined && !this.contains(committed, at)) {
      const configuration = at.entry?.configuration;
      if (configuration !== undefined) result.push({ configuration, committed: false });
      at = at.parent?.configured;
    }
    const last = at?.entry?.configuration ?? this.genesis;
    if (last !== undefined) result.push({ configuration: last, committed: true });
    return result;
  }

  promise(epoch: number, from: string, store: VoterKey): void {
    setOf(this.promises, `${epoch} ${from}`).add(store);
  }

  follow(epoch: number, store: VoterKey): void {
    setOf(this.followers, epoch).add(store);
  }
}

export interface InForce {
  readonly configuration: Configuration;
  readonly committed: boolean;
}

function setOf<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  let set = map.get(key);
  if (set === undefined) {
    set = new Set();
    map.set(key, set);
  }
  return set;
}

/** The predicates' own idea of a quorum, written apart from the one under test. */
export function holdsQuorum(force: readonly InForce[], has: (key: VoterKey) => boolean): boolean {
  return (
    force.length > 0 &&
    force.every(({ configuration, committed }) => {
      const { origin, voters } = configuration;
      const groups = new Map<number, { held: number; all: number }>();
      for (const voter of voters) {
        if (voter.weight === 0) continue;
        const group = groups.get(voter.group) ?? { held: 0, all: 0 };
        groups.set(voter.group, group);
        group.all += voter.weight;
        const pending = !committed && origin.type === 'replace-store' && origin.id === voter.id;
        if (!pending && has(`${voter.id}:${voter.store}`)) group.held += voter.weight;
      }
      let held = 0;
      for (const group of groups.values()) if (group.held > group.all / 2) held += 1;
      return held > groups.size / 2;
    })
  );
}
