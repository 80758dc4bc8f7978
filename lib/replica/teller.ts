/** What sessions are told of their requests and of themselves, in the order in which it is so. */
import type { ErrorCode, Outcome } from '../base/errors.ts';
import type { Zxid } from '../base/zxid.ts';
import type { NumberedWrite } from '../session/session-line.ts';
import type { Operation, OperationResult } from '../tree/request.ts';
import type { StateMachine } from '../tree/state-machine.ts';
import type { HostedSession } from './hosted-session.ts';
import type { Outbox } from './outbox.ts';
import type { Ticket } from './ready.ts';
import type { SessionHandle, SessionState } from './session-handle.ts';

/** The write that a reply answers. */
export type Answered = Pick<NumberedWrite<Operation>, 'ticket' | 'cxid' | 'abandoned'>;

export class Teller {
  readonly #machine: () => StateMachine;
  readonly #outbox: Outbox;

  constructor(machine: () => StateMachine, outbox: Outbox) {
    this.#machine = machine;
    this.#outbox = outbox;
  }

  /** A write was decided by the transaction at `zxid`. */
  decided(hosted: HostedSession, write: Answered, zxid: Zxid, result: OperationResult): void {
    const outcome = result.type === 'error' ? 'not-applied' : 'applied';
    this.#reply(hosted, write, result, outcome, zxid);
  }

  /** A write has no transaction, or none that is known. */
  failed(hosted: HostedSession, write: Answered, code: ErrorCode, outcome: Outcome): void {
    this.#reply(hosted, write, { type: 'error', code }, outcome, undefined);
  }

  #reply(
    { handle }: HostedSession,
    { ticket, cxid, abandoned }: Answered,
    result: OperationResult,
    outcome: Outcome,
    decided: Zxid | undefined,
  ): void {
    this.#outbox.deliver({
      type: 'reply',
      session: handle,
      ticket,
      zxid: this.#machine().zxid,
      cxid,
      decided,
      result,
      outcome,
      abandoned,
    });
  }

  /** The fate of a write that was answered with `unknown`; told again, it stays so: nobody will ever know. */
  settled(
    session: SessionHandle,
    { ticket, cxid }: Pick<Answered, 'ticket' | 'cxid'>,
    outcome: Outcome,
    decided: Zxid | undefined,
  ): void {
    const { zxid } = this.#machine();
    this.#outbox.deliver({ type: 'settled', session, ticket, zxid, cxid, decided, outcome });
  }

  state(session: SessionHandle, state: SessionState, code: ErrorCode | undefined): void {
    const { zxid } = this.#machine();
    this.#outbox.deliver({ type: 'state', session, state, zxid, code });
  }

  /**
   * Answers all that waited in a session that has ended.
   * @param outcome of what has left for the leader; what has not is not applied.
   * @param forget is told of each read that waited. Sessions may end by the thousand: nobody looks for the
   * reads of one among those of all.
   * @returns what has left.
   */
  remains(
    hosted: HostedSession,
    code: ErrorCode,
    outcome: Outcome,
    forget: (read: Ticket) => void,
  ): readonly NumberedWrite<Operation>[] {
    const { underWay, withdrawn, reads } = hosted.queue.close();
    const others = underWay.filter(({ ticket }) => ticket !== hosted.closeTicket);
    for (const write of others) this.failed(hosted, write, code, outcome);
    for (const { ticket } of withdrawn) {
      if (ticket === hosted.closeTicket) continue;
      this.failed(hosted, { ticket, cxid: 0, abandoned: false }, code, 'not-applied');
    }
    const { zxid } = this.#machine();
    const result = { type: 'error', code } as const;
    for (const { ticket } of reads) {
      forget(ticket);
      this.#outbox.deliver({ type: 'read', session: hosted.handle, ticket, zxid, result });
    }
    return others;
  }
}
