/**
 * Sessions that this host gave up by itself, with writes whose fate it did not know. What becomes of
 * these is told once it is known: the order of the group decides it, sooner or later.
 */

import type { Zxid } from '../base/zxid.ts';
import type { NumberedWrite } from '../session/session-line.ts';
import type { Operation, OperationResult, Owner } from '../tree/request.ts';
import { sameOwner } from '../tree/session-table.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import type { SessionHandle } from './session-handle.ts';
import type { Teller } from './teller.ts';

interface Open {
  readonly handle: SessionHandle;
  /** Undecided, by number. */
  readonly writes: Map<number, NumberedWrite<Operation>>;
}

export class Departed {
  #owner: Owner;
  readonly #teller: Teller;
  /** By session id. */
  readonly #open = new Map<bigint, Open>();

  constructor(owner: Owner, teller: Teller) {
    this.#owner = owner;
    this.#teller = teller;
  }

  /** Another owner asks from now on: of what the former one has asked nothing more will be known. */
  renew(owner: Owner): void {
    this.#owner = owner;
    for (const session of [...this.#open.keys()]) this.forget(session);
  }

  add(handle: SessionHandle, writes: readonly NumberedWrite<Operation>[]): void {
    if (writes.length === 0) return;
    const byNumber = new Map(writes.map((write) => [write.cxid, write]));
    this.#open.set(handle.id, { handle, writes: byNumber });
  }

  /** A transaction was applied here. When the session's close is, what has not come will never come. */
  applied(applied: Applied): void {
    if (this.#open.size === 0) return;
    const { session, cxid, zxid, result } = applied;
    const open = this.#open.get(session);
    if (open !== undefined) this.#decided(open, cxid, zxid, result);
    for (const id of applied.ended) this.#end(id, 'not-applied');
    if (result.type === 'move-session') this.#end(result.session, 'not-applied');
  }

  /** Somebody else had the session in the meantime: what is not known now stays unknown for good. */
  forget(session: bigint): void {
    this.#end(session, 'unknown');
  }

  /** After a jump the exactly-once table answers, unless the session has ended or has another owner. */
  resolve(machine: StateMachine): void {
    for (const [session, open] of [...this.#open]) {
      const owner = machine.sessions.get(session)?.owner;
      if (owner === undefined || !sameOwner(owner, this.#owner)) {
        this.forget(session);
        continue;
      }
      for (const cxid of [...open.writes.keys()]) {
        const answer = machine.answer({ session, cxid, owner: this.#owner });
        if (answer !== undefined) this.#decided(open, cxid, answer.zxid, answer.result);
      }
    }
  }

  #decided(open: Open, cxid: number, decided: Zxid, result: OperationResult): void {
    const write = open.writes.get(cxid);
    if (write === undefined) return;
    open.writes.delete(cxid);
    const outcome = result.type === 'error' ? 'not-applied' : 'applied';
    this.#teller.settled(open.handle, write, outcome, decided);
  }

  /** What has not come by now will not, or will never be known to have. */
  #end(session: bigint, outcome: 'not-applied' | 'unknown'): void {
    const open = this.#open.get(session);
    if (open === undefined) return;
    this.#open.delete(session);
    for (const write of open.writes.values()) {
      this.#teller.settled(open.handle, write, outcome, undefined);
    }
  }
}
