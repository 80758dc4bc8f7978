/** Entries into a tree: one as it is delivered, and at a start those of the own log. */
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import type { Txn } from '../tree/txn.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeTxn } from '../wire/txn.ts';
import type { Entry } from '../zab/log-entry.ts';
import type { Durable } from '../zab/ready.ts';

/** Applies the next entry. `skipped`: it was not for the tree; `unreadable`: nothing was done. */
export function applyEntry(
  machine: StateMachine,
  { zxid, kind, bytes }: Entry,
): Applied | 'skipped' | 'unreadable' {
  if (kind === 'configuration') {
    machine.skip(zxid);
    return 'skipped';
  }
  const txn = decoded(bytes);
  return txn === undefined ? 'unreadable' : machine.apply(zxid, txn);
}

function decoded(bytes: Uint8Array): Txn | undefined {
  try {
    return decodeTxn(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/**
 * Applies what the own log is known to have committed, before there is a replica: nobody has sessions
 * or watches yet. A few entries at a time, as the log behind a checkpoint is long. What cannot be read
 * is left to the replica, which stops there as it would at any time.
 */
export class Replay {
  readonly #machine: StateMachine;
  readonly #entries: readonly Entry[];
  readonly #committed: Durable['committed'];
  readonly #alarms: string[] = [];
  #next: number;

  /** @param machine restored from a checkpoint, which the log reaches back to. */
  constructor(machine: StateMachine, { entries, committed }: Durable) {
    this.#machine = machine;
    this.#entries = entries;
    this.#committed = committed;
    const first = entries.findIndex(({ zxid }) => zxid > machine.zxid);
    this.#next = first < 0 ? entries.length : first;
  }

  /** Transactions that should not have been proposed: they had no effect. */
  get alarms(): readonly string[] {
    return this.#alarms;
  }

  /** The next entries, at most `limit`. False: there are no more. */
  step(limit: number): boolean {
    for (let count = 0; count < limit; count += 1) {
      const entry = this.#entries[this.#next];
      if (entry === undefined || entry.zxid > this.#committed) return false;
      const applied = applyEntry(this.#machine, entry);
      if (applied === 'unreadable') return false;
      if (applied !== 'skipped' && applied.alarm !== undefined) this.#alarms.push(applied.alarm);
      this.#next += 1;
    }
    return true;
  }
}
