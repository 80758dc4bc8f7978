/** Entries into a tree: one as it is delivered, and at a start those of the own log. */
import { present } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import type { Txn } from '../tree/txn.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeTxn } from '../wire/txn.ts';
import { History } from '../zab/history.ts';
import type { Entry } from '../zab/log-entry.ts';
import type { Durable } from '../zab/ready.ts';
import type { StoredLog } from '../zab/stored-log.ts';

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
 * Takes up the log that the store holds, before there is a replica: nobody has sessions or watches yet. All
 * of it becomes the history in memory; what is known to be committed is applied. A few entries at a time,
 * as the log behind a checkpoint is long. What cannot be read is left to the replica, which stops there
 * as it would at any time.
 */
export class Replay {
  /** Undefined before the group is born. */
  readonly history: History | undefined;
  readonly #machine: StateMachine;
  readonly #entries: StoredLog;
  readonly #committed: Zxid;
  readonly #alarms: string[] = [];
  #next = 0;
  #stuck = false;
  #applied = 0;
  #bytes = 0;

  /** @param machine restored from a checkpoint, which the log reaches back to. */
  constructor(machine: StateMachine, { base, entries, committed }: Durable) {
    this.history = base === undefined ? undefined : new History(base, entries);
    this.#machine = machine;
    this.#entries = entries;
    this.#committed = committed;
  }

  /** Entries that were applied. */
  get applied(): number {
    return this.#applied;
  }

  /** Bytes of those. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Transactions that should not have been proposed: they had no effect. */
  get alarms(): readonly string[] {
    return this.#alarms;
  }

  /** The next entries, at most `limit`. False: there are no more. */
  step(limit: number): boolean {
    const end = Math.min(this.#next + limit, this.#entries.length);
    for (; this.#next < end; this.#next += 1) {
      const zxid = this.#entries.zxid(this.#next);
      if (zxid > this.#machine.zxid && zxid <= this.#committed) {
        this.#apply(present(this.#entries.at(this.#next), 'an entry of the log'));
      }
    }
    return this.#next < this.#entries.length;
  }

  #apply(entry: Entry): void {
    if (this.#stuck) return;
    const applied = applyEntry(this.#machine, entry);
    if (applied === 'unreadable') {
      this.#stuck = true;
      return;
    }
    if (applied !== 'skipped' && applied.alarm !== undefined) this.#alarms.push(applied.alarm);
    this.#applied += 1;
    this.#bytes += entry.bytes.length;
  }
}
