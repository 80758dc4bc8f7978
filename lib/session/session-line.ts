/** What goes into a session's line, and what comes out of it: the words of {@link SessionQueue}. */

/** Names one read or write; chosen by the caller, rising. */
export type QueueTicket = number;

export interface SessionQueueOptions<Write> {
  /** Writes that may wait or be under way; then no more are taken (OVERLOADED). */
  readonly pendingMax: number;
  /** Writes that may be numbered and undecided: what the exactly-once table must remember for the session. @default pendingMax */
  readonly inFlightMax?: number;
  /** What a numbered and undecided write weighs, and how much all of them may; one alone always may. @default no bound */
  readonly weightOf?: (operation: Write) => number;
  readonly weightMax?: number;
  /** Bytes of a write while it waits or is under way, and how many all of them may have; one alone always may. @default no bound */
  readonly bytesOf?: (operation: Write) => number;
  readonly bytesMax?: number;
  /** Reads that may wait behind writes. @default no bound */
  readonly readsMax?: number;
  /** A session that is taken over goes on after its last number. @default 0 */
  readonly lastCxid?: number;
}

/** A write as it goes to the leader. */
export interface NumberedWrite<Write> {
  readonly ticket: QueueTicket;
  readonly cxid: number;
  readonly operation: Write;
  /** Nobody waits for it any more, but its fate will be known. */
  readonly abandoned: boolean;
}

/** A read whose turn has come: run all of them now, in this order, before the next transaction. */
export interface DueRead<Read> {
  readonly ticket: QueueTicket;
  readonly operation: Read;
}

/** What a decided write sets free: first its own reply, then the reads behind it. */
export interface Decision<Write, Read> {
  readonly write: NumberedWrite<Write>;
  readonly reads: readonly DueRead<Read>[];
}

/** What `abandon` could do. */
export type Abandonment<Read> =
  /** A read, or a write that never left: it will not happen. Reads behind it may be due now. */
  | { readonly type: 'withdrawn'; readonly reads: readonly DueRead<Read>[] }
  /** It has a number: it is decided as ever, and `Decision.write.abandoned` is set. */
  | { readonly type: 'under-way' }
  /** Decided or run before. */
  | { readonly type: 'gone' };

/** What a session that ends leaves behind, in order. */
export interface Remains<Write, Read> {
  /** They may be in the log. */
  readonly underWay: readonly NumberedWrite<Write>[];
  /** These never left: they have no effect. */
  readonly withdrawn: readonly DueRead<Write>[];
  readonly reads: readonly DueRead<Read>[];
}
