import type { DueRead } from '../session/session-line.ts';
import { SessionQueue } from '../session/session-queue.ts';
import type { Reader } from '../tree/reader.ts';
import type { Operation } from '../tree/request.ts';
import { bytesOfAnswer, bytesOfOperation } from './operation-size.ts';
import type { ReadOperation } from './read.ts';
import type { Ticket } from './ready.ts';
import type { SessionHandle } from './session-handle.ts';

/** Undecided requests of one numbering at the leader: well within what the exactly-once table remembers. */
export const IN_FLIGHT_MAX = 512;
/**
 * Bytes of their answers: the table forgets these with the next request only, if there is one, and a
 * checkpoint has all answers of a session in one part, which must be read again.
 */
const ANSWERS_MAX = 2 * 1024 * 1024;
/**
 * Bytes of the writes of one session that may wait or be under way: some at their largest size, and far
 * from filling the memory of a process whose group has no quorum.
 */
const PENDING_BYTES_MAX = 64 * 1024 * 1024;
/** For the close, which always finds room. */
const CLOSE_BYTES = 1024;
/** Reads of one session that may wait, in multiples of its writes. */
const READS_PER_WRITE = 16;
const NOBODY: Reader = { identities: [] };

/** One numbering of requests: a session's, or the owner's own for what is asked through no session. */
export interface Channel {
  /** 0 for the owner's own. */
  readonly session: bigint;
  readonly queue: SessionQueue<Operation, ReadOperation>;
  /** The present leader takes nothing more of it; the reason comes through the log. */
  blocked: boolean;
  /** It sends nothing for now. */
  readonly held: boolean;
}

/** All that a host keeps of one of its sessions, until it ends. */
export class HostedSession implements Channel {
  readonly handle: SessionHandle;
  /** The request that creates it or takes it over. */
  readonly birth: Ticket;
  /** As whom it reads; renewed when the session table changes what it is known as. */
  reader: Reader = NOBODY;
  /** Its close was asked for: nothing more is taken. */
  closing = false;
  /** Of the request that closes it; a session without an id cannot send it yet. */
  closeTicket: Ticket | undefined;
  blocked = false;
  /**
   * This same host has asked to take the session over, under another handle. The leader cannot tell
   * the two apart, so nothing of this one may follow that request.
   */
  held = false;
  readonly #pendingMax: number;
  #queue: SessionQueue<Operation, ReadOperation>;

  constructor(handle: SessionHandle, birth: Ticket, pendingMax: number) {
    this.handle = handle;
    this.birth = birth;
    this.#pendingMax = pendingMax;
    this.#queue = this.#line(0);
  }

  get session(): bigint {
    return this.handle.id;
  }

  get queue(): SessionQueue<Operation, ReadOperation> {
    return this.#queue;
  }

  /** Whether a write finds room. One place more is kept for the close. */
  hasRoom(operation: Operation): boolean {
    const { pendingWrites, pendingBytes } = this.#queue;
    if (pendingWrites >= this.#pendingMax) return false;
    return pendingBytes + bytesOfOperation(operation) <= PENDING_BYTES_MAX;
  }

  /**
   * A session that was taken over goes on behind the last number of its former owner.
   * @param waits whether a read waits for more than its place in the line.
   * @returns reads that nothing stands in the way of.
   */
  continueAt(
    lastCxid: number,
    waits: (ticket: Ticket) => boolean,
  ): readonly DueRead<ReadOperation>[] {
    if (lastCxid === this.#queue.lastCxid) return [];
    const { withdrawn, reads } = this.#queue.close();
    const queue = this.#line(lastCxid);
    this.#queue = queue;
    const due: DueRead<ReadOperation>[] = [];
    const again = [
      ...withdrawn.map(({ ticket, operation }) => ({
        ticket,
        enter: () => queue.write(ticket, operation),
      })),
      ...reads.map((read) => ({
        ticket: read.ticket,
        enter: () => {
          if (waits(read.ticket)) queue.barrier(read.ticket, read.operation);
          else if (queue.read(read.ticket, read.operation) === 'now') due.push(read);
        },
      })),
    ];
    for (const { enter } of again.sort((a, b) => a.ticket - b.ticket)) enter();
    return due;
  }

  #line(lastCxid: number): SessionQueue<Operation, ReadOperation> {
    return new SessionQueue({
      pendingMax: this.#pendingMax + 1,
      inFlightMax: IN_FLIGHT_MAX,
      weightOf: bytesOfAnswer,
      weightMax: ANSWERS_MAX,
      bytesOf: bytesOfOperation,
      bytesMax: PENDING_BYTES_MAX + CLOSE_BYTES,
      readsMax: this.#pendingMax * READS_PER_WRITE,
      lastCxid,
    });
  }
}
