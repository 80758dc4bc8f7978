/** Hand-made histories for one predicate: peers that are whatever a test says. */
import assert from 'node:assert/strict';
import { CHAIN_START } from '../../lib/base/hash.ts';
import { makeZxid, ZERO, type Zxid } from '../../lib/base/zxid.ts';
import { Ghost, type Proposed } from '../../lib/testing/ghost.ts';
import type { MachineView } from '../../lib/testing/machine.ts';
import { Model } from '../../lib/testing/model.ts';
import type {
  DiskMarks,
  DiskView,
  Observer,
  Predicate,
  Scene,
  Witness,
} from '../../lib/testing/predicates/predicate.ts';
import { Violation } from '../../lib/testing/violation.ts';
import type { Txn } from '../../lib/tree/txn.ts';
import { encodeTxn } from '../../lib/wire/txn.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import { chainOf, type EntryKind } from '../../lib/zab/log-entry.ts';
import type { Batch } from '../../lib/zab/ready.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A peer whose every field a test may set. */
export interface Dummy extends Mutable<Omit<Witness, 'disk' | 'view'>> {
  readonly disk: Mutable<DiskView>;
  readonly view: Mutable<MachineView>;
}

export const STORE = (id: number): string => `store-${id}`;

export class Stage {
  readonly ghost: Ghost = new Ghost();
  readonly model: Model = new Model();
  readonly peers: Dummy[] = [];
  readonly scene: Mutable<Scene>;

  constructor(size = 3) {
    const voters = Array.from({ length: size }, (_, index) => {
      return { id: index + 1, store: STORE(index + 1), start: 0, weight: 1, group: 0 };
    });
    const genesis: Configuration = { version: ZERO, voters, origin: { type: 'genesis' } };
    this.ghost.genesis = genesis;
    for (const { id } of voters) this.peers.push(dummy(id, this.ghost.root));
    const { ghost, model, peers } = this;
    this.scene = { ghost, model, peers, now: 0, answered: ZERO };
  }

  peer(id: number): Dummy {
    const found = this.peers[id - 1];
    assert.ok(found !== undefined);
    return found;
  }

  /** Proposes an entry that is nothing to the tree. */
  entry(epoch: number, counter: number, parent: Proposed = this.ghost.root): Proposed {
    return this.#propose(epoch, counter, parent, 'configuration', Uint8Array.of(counter));
  }

  #propose(
    epoch: number,
    counter: number,
    parent: Proposed,
    kind: EntryKind,
    bytes: Uint8Array,
  ): Proposed {
    const zxid = makeZxid(epoch, counter);
    const chain = chainOf(parent.chain, zxid, bytes);
    return this.ghost.propose(parent, { zxid, kind, bytes, chain }, 1);
  }

  /** A transaction at the next place. */
  txn(epoch: number, counter: number, txn: Txn, parent: Proposed = this.ghost.root): Proposed {
    return this.#propose(epoch, counter, parent, 'transaction', encodeTxn(txn));
  }

  /** Puts a log on a disk. */
  write(id: number, log: Proposed, current = 1): Dummy {
    const peer = this.peer(id);
    peer.disk.last = { zxid: log.zxid, chain: log.chain };
    peer.disk.epochs = { accepted: current, acceptedFrom: '', current, syncing: 0 };
    for (let at: Proposed | undefined = log; at !== undefined; at = at.parent) {
      at.holders.add(`${id}:${peer.disk.store}`);
    }
    return peer;
  }

  /** The committed sequence ends here. */
  commit(entry: Proposed): void {
    const path: Proposed[] = [];
    for (
      let at: Proposed | undefined = entry;
      at !== undefined && at !== this.ghost.committed;
      at = at.parent
    ) {
      path.push(at);
    }
    this.ghost.committed = entry;
    for (const node of path.reverse()) if (node.entry !== undefined) this.model.apply(node);
  }
}

function dummy(id: number, root: Proposed): Dummy {
  const origin = { zxid: ZERO, chain: CHAIN_START };
  const nothing = { accepted: 0, acceptedFrom: '', current: 0, syncing: 0 };
  return {
    id,
    life: 1,
    alive: true,
    observer: false,
    paused: false,
    applied: root,
    disk: {
      store: STORE(id),
      boot: 1,
      born: true,
      epochs: nothing,
      base: origin,
      last: origin,
      entries: [],
      applied: ZERO,
      committed: ZERO,
      writing: false,
    },
    view: {
      role: 'following',
      phase: 'broadcast',
      epoch: 1,
      leader: 1,
      established: false,
      broadcasting: false,
      lastZxid: ZERO,
      durable: ZERO,
      committed: ZERO,
      applied: ZERO,
      configuration: undefined,
    },
  };
}

/** The marks of a disk as they are now, for a write that comes. */
export function marksOf({ disk }: Dummy): DiskMarks {
  const { store, epochs, last, applied, committed } = disk;
  return { store, epochs, last, applied, committed };
}

/** A batch of nothing, or of these parts. */
export function batch(parts: Partial<Batch> = {}): Batch {
  return { id: 1, entries: [], committed: ZERO, ...parts };
}

/** The predicate does not hold after this. */
export function fires(
  predicate: Predicate,
  name: string,
  stage: Stage,
  act: (on: Required<Observer>) => void,
): void {
  const on = predicate.watch(stage.scene) as Required<Observer>;
  assert.throws(
    () => act(on),
    (error) => {
      assert.ok(error instanceof Violation, String(error));
      assert.equal(error.predicate, name);
      return true;
    },
  );
}

/** The predicate holds after this. */
export function holds(
  predicate: Predicate,
  stage: Stage,
  act: (on: Required<Observer>) => void,
): void {
  act(predicate.watch(stage.scene) as Required<Observer>);
}

/** A zxid of epoch 1. */
export function z(counter: number): Zxid {
  return makeZxid(1, counter);
}
