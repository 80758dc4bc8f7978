import type { SessionQueue } from '../session/session-queue.ts';
import type { Reader } from '../tree/reader.ts';
import type { Operation } from '../tree/request.ts';
import type { ReadOperation } from './read.ts';
import type { Ticket } from './ready.ts';
import type { SessionHandle } from './session-handle.ts';

/** One numbering of requests: a session's, or the owner's own for what is asked through no session. */
export interface Channel {
  /** 0 for the owner's own; a session that has no id yet sends nothing. */
  readonly session: bigint;
  readonly queue: SessionQueue<Operation, ReadOperation>;
  /** The present leader takes nothing more of it; the reason comes through the log. */
  blocked: boolean;
}

/** All that a host keeps of one of its sessions, until it ends. */
export class HostedSession implements Channel {
  readonly handle: SessionHandle;
  readonly queue: SessionQueue<Operation, ReadOperation>;
  /** The request that creates it or takes it over. */
  readonly birth: Ticket;
  /** As whom it reads; renewed when the session table changes what it is known as. */
  reader: Reader;
  /** Its close was asked for: nothing more is taken. */
  closing = false;
  /** Of the request that closes it; a session without an id cannot send it yet. */
  closeTicket: Ticket | undefined;
  blocked = false;

  constructor(
    handle: SessionHandle,
    queue: SessionQueue<Operation, ReadOperation>,
    birth: Ticket,
    reader: Reader,
  ) {
    this.handle = handle;
    this.queue = queue;
    this.birth = birth;
    this.reader = reader;
  }

  get session(): bigint {
    return this.handle.id;
  }
}
