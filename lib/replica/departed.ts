/**
 * Sessions that this host gave up by itself, with writes whose fate it did not know. What becomes of
 * these is told once it is known: the order of the group decides it, sooner or later.
 */

import type { Zxid } from '../base/zxid.ts';
import type { NumberedWrite } from '../session/session-line.ts';
import type { Operation, OperationResult, Owner } from '../tree/request.ts';
import { sameOwner } from '../tree/session-table.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import type { Outbox } from './outbox.ts';
import type { SessionHandle } from './session-handle.ts';

interface Open {
  readonly handle: SessionHandle;
  /** Undecided, by number. */
  readonly writes: Map<number, NumberedWrite<Operation>>;
}

export class Departed {
  #owner: Owner;
  readonly #outbox: Outbox;
  /** By session id. */
  readonly #open = new Map<bigint, Open>();

  constructor(owner: Owner, outbox: Outbox) {
    this.#owner = owner;
    this.#outbox = outbox;
  }

  /** Another owner asks from now on: of what the former one has asked nothing more will be known. */
  renew(owner: Owner, zxid: Zxid): void {
    this.#owner = owner;
    for (const session of [...this.#open.keys()]) this.forget(session, zxid);
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
    if (open !== undefined) this.#decided(open, cxid, zxid, zxid, result);
    for (const id of applied.ended) this.#end(id, zxid, 'not-applied');
    if (result.type === 'move-session') this.#end(result.session, zxid, 'not-applied');
  }

  /** Somebody else had the session in the meantime: what is not known now stays unknown for good. */
  forget(session: bigint, zxid: Zxid): void {
    this.#end(session, zxid, 'unknown');
  }

  /** After a jump the exactly-once table answers, unless the session has ended or has another owner. */
  resolve(machine: StateMachine): void {
    for (const [session, open] of [...this.#open]) {
      const owner = machine.sessions.get(session)?.owner;
      if (owner === undefined || !sameOwner(owner, this.#owner)) {
        this.forget(session, machine.zxid);
        continue;
      }
      for (const cxid of [...open.writes.keys()]) {
        const answer = machine.answer({ session, cxid, owner: this.#owner });
        if (answer !== undefined)
          this.#decided(open, cxid, machine.zxid, answer.zxid, answer.result);
      }
    }
  }

  #decided(open: Open, cxid: number, zxid: Zxid, decided: Zxid, result: OperationResult): void {
    const write = open.writes.get(cxid);
    if (write === undefined) return;
    open.writes.delete(cxid);
    this.#outbox.deliver({
      type: 'settled',
      session: open.handle,
      ticket: write.ticket,
      zxid,
      cxid,
      decided,
      outcome: result.type === 'error' ? 'not-applied' : 'applied',
    });
  }

  /** What has not come by now will not, or will never be known to have. */
  #end(session: bigint, zxid: Zxid, outcome: 'not-applied' | 'unknown'): void {
    const open = this.#open.get(session);
    if (open === undefined) return;
    this.#open.delete(session);
    const decided = undefined;
    for (const { ticket, cxid } of open.writes.values()) {
      const session = open.handle;
      this.#outbox.deliver({ type: 'settled', session, ticket, zxid, cxid, decided, outcome });
    }
  }
}
