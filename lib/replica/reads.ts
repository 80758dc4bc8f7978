/**
 * Reads on this peer's own tree. One that nothing stands in the way of is answered at once, without a
 * promise, a queue or a copy but of the bytes; what must wait waits in its session's line.
 */
import { TicketLine } from '../base/ticket-line.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import type { StateMachine } from '../tree/state-machine.ts';
import type { HostedSession } from './hosted-session.ts';
import type { Outbox } from './outbox.ts';
import type { ReadOperation, ReadOptions, ReadResult } from './read.ts';
import { type ReadGroup, ReadIndex } from './read-index.ts';
import type { Ticket } from './ready.ts';
import type { Watching } from './watching.ts';

/** A read that waits for more than its place in the line. */
interface Waiting {
  readonly hosted: HostedSession;
  readonly ticket: Ticket;
  readonly after: Zxid;
  /** Set for a linearizable read. */
  readonly group: ReadGroup | undefined;
  /** Needs no group that serves: `stale`, or linearizable with an index known. */
  readonly anytime: boolean;
}

const OVERLOADED: ReadResult = { type: 'error', code: 'OVERLOADED' };

export class Reads {
  readonly #machine: () => StateMachine;
  readonly #watching: Watching;
  readonly #outbox: Outbox;
  readonly index: ReadIndex = new ReadIndex();
  /** In the order in which they were made. */
  readonly #waiting = new TicketLine<Waiting>();
  /** This peer is in step with a leader, or leads. */
  serving = false;
  /** After silence: until a quorum has answered this question, nothing is read unasked. */
  #proof: ReadGroup | undefined;

  constructor(machine: () => StateMachine, watching: Watching, outbox: Outbox) {
    this.#machine = machine;
    this.#watching = watching;
    this.#outbox = outbox;
  }

  /** A quorum is to confirm the leader before anything more is read. */
  doubt(): void {
    // A question that is under way may have been answered before: its answer proves nothing of now. Nor does
    // the word of a leader that this peer is in step, which may have been said before as well.
    this.#proof = this.index.join();
  }

  /** The result, or undefined: then it will be delivered under `ticket`. */
  read(
    hosted: HostedSession,
    ticket: Ticket,
    operation: ReadOperation,
    options: ReadOptions,
  ): ReadResult | undefined {
    const { consistency = 'local', after = ZERO } = options;
    const stale = consistency === 'stale';
    const linearizable = consistency === 'linearizable';
    const free = stale || (this.#free(hosted) && !linearizable);
    const isFirst = consistency !== 'local' || hosted.queue.idle;
    if (free && after <= this.#machine().zxid && isFirst) {
      const result = this.#perform(hosted, operation);
      // Behind what was not handed over yet, or the session would hear of it out of order (S24).
      if (!this.#outbox.undelivered) return result;
      this.#deliver(hosted, ticket, result);
      return undefined;
    }
    if (free && after <= this.#machine().zxid) {
      return hosted.queue.read(ticket, operation) === 'later' ? undefined : OVERLOADED;
    }
    if (!hosted.queue.barrier(ticket, operation)) return OVERLOADED;
    const group = linearizable ? this.index.join() : undefined;
    this.#waiting.push(ticket, { hosted, ticket, after, group, anytime: stale || linearizable });
    return undefined;
  }

  /** Its turn in the line has come. */
  run(hosted: HostedSession, ticket: Ticket, operation: ReadOperation): void {
    this.#deliver(hosted, ticket, this.#perform(hosted, operation));
  }

  /**
   * Lets go what waited for this state, for an index that is known now, or for the group.
   * @returns the sessions whose writes may go on: one never leaves before a read that was made before it.
   */
  release(): readonly HostedSession[] {
    if (this.#proof?.zxid !== undefined && this.#proof.zxid <= this.#machine().zxid) {
      this.#proof = undefined;
    }
    if (this.#waiting.size === 0) return [];
    const due = this.#waiting.values().filter((waiting) => this.#isDue(waiting));
    for (const { ticket } of due) this.#waiting.take(ticket);
    for (const { hosted, ticket } of due) {
      for (const read of hosted.queue.lift(ticket)) this.run(hosted, read.ticket, read.operation);
    }
    return due.map(({ hosted }) => hosted);
  }

  /** Whether a read waits for more than its place in the line. */
  waits(ticket: Ticket): boolean {
    return this.#waiting.get(ticket) !== undefined;
  }

  /** Nobody waits for it any more. */
  forget(ticket: Ticket): void {
    this.#waiting.take(ticket);
  }

  #isDue({ hosted, after, group, anytime }: Waiting): boolean {
    const { zxid } = this.#machine();
    if (after > zxid) return false;
    if (group !== undefined && (group.zxid === undefined || group.zxid > zxid)) return false;
    return anytime || this.#free(hosted);
  }

  #free(hosted: HostedSession): boolean {
    return this.serving && this.#proof === undefined && hosted.session !== 0n;
  }

  #deliver(hosted: HostedSession, ticket: Ticket, result: ReadResult): void {
    const { zxid } = this.#machine();
    this.#outbox.deliver({ type: 'read', session: hosted.handle, ticket, zxid, result });
  }

  /** Reads, and sets the watch, at one state (step 31). */
  #perform(hosted: HostedSession, operation: ReadOperation): ReadResult {
    const machine = this.#machine();
    const { handle, reader } = hosted;
    hosted.queue.told(machine.zxid);
    switch (operation.type) {
      case 'get': {
        const result = machine.get(operation.path, reader);
        if (operation.watch === true && result.type !== 'error')
          this.#watch(hosted, operation.path, 'data');
        return result;
      }
      case 'get-text':
        return machine.getText(operation.path, reader);
      case 'exists': {
        const result = machine.exists(operation.path, reader);
        const absent = result.type === 'error' && result.code === 'NO_NODE';
        if (operation.watch === true && (absent || result.type !== 'error'))
          this.#watch(hosted, operation.path, 'exist');
        return result;
      }
      case 'children': {
        const result = machine.children(operation.path, reader, operation);
        if (operation.watch === true && result.type !== 'error')
          this.#watch(hosted, operation.path, 'child');
        return result;
      }
      case 'get-acl':
        return machine.getAcl(operation.path, reader);
      case 'count':
        return machine.countDescendants(operation.path, reader);
      case 'ephemerals':
        return { type: 'ephemerals', paths: machine.ephemerals(handle.id, operation.prefix) };
      case 'subtree':
        return machine.subtree(operation.path, reader);
      case 'add-watch':
        this.#watch(hosted, operation.path, operation.mode);
        return { type: 'add-watch' };
      case 'remove-watch':
        return this.#watching.remove(handle, operation.path, operation.kind)
          ? { type: 'remove-watch' }
          : { type: 'error', code: 'NO_WATCHER', path: operation.path };
      case 'sync':
        return { type: 'sync' };
    }
  }

  #watch(hosted: HostedSession, path: string, kind: Parameters<Watching['add']>[2]): void {
    this.#watching.add(hosted.handle, path, kind, this.#machine().zxid);
  }
}
