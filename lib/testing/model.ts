/** What the group must be: G, applied by one state machine that never crashed, and what each entry did. */
import type { Zxid } from '../base/zxid.ts';
import { type Applied, StateMachine } from '../tree/state-machine.ts';
import type { Txn } from '../tree/txn.ts';
import { decodeTxn } from '../wire/txn.ts';
import type { Proposed } from './ghost.ts';

/** A committed transaction and its effect. */
export interface Decided {
  readonly entry: Proposed;
  readonly txn: Txn;
  readonly applied: Applied;
}

export class Model {
  readonly machine: StateMachine = new StateMachine();
  /** By zxid; entries that are not transactions are absent. */
  readonly decided: Map<Zxid, Decided> = new Map();
  /** Hash of the state after each entry. */
  readonly digests: Map<Zxid, number> = new Map();
  readonly #txns = new WeakMap<Proposed, Txn>();

  constructor() {
    this.digests.set(this.machine.zxid, this.machine.hash());
  }

  /** The transaction in an entry; undefined for other kinds. */
  txn(node: Proposed): Txn | undefined {
    const { entry } = node;
    if (entry === undefined || entry.kind === 'configuration') return undefined;
    let txn = this.#txns.get(node);
    if (txn === undefined) {
      txn = decodeTxn(entry.bytes);
      this.#txns.set(node, txn);
    }
    return txn;
  }

  /** The next entry of G. */
  apply(entry: Proposed): Decided | undefined {
    const { machine } = this;
    const txn = this.txn(entry);
    let decided: Decided | undefined;
    if (txn === undefined) machine.skip(entry.zxid);
    else {
      decided = { entry, txn, applied: machine.apply(entry.zxid, txn) };
      this.decided.set(entry.zxid, decided);
    }
    this.digests.set(entry.zxid, machine.hash());
    return decided;
  }
}
