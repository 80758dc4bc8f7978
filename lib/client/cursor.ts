/** Says that there is nothing newer than what was given last. */
export const SAME: unique symbol = Symbol('same');

/** An open source of states: asked for the newest one whenever it has said that there may be one. */
export interface StateSource<T> {
  /** The newest state. Throws what refuses it, such as INVALID_DATA. */
  take(): T | typeof SAME;
  /** The last transaction that the state taken last reflects. */
  readonly zxid: bigint;
  /** Of a source that gives every change: whether more waits behind what was taken. */
  readonly hasMore?: boolean;
  close(): void;
}

/** Opens a source; the cursor is told of changes and of the end. */
export type OpenSource<T> = (cursor: Cursor<T>) => StateSource<T>;

/** Who reads from a cursor; every call to `next` leads to one of these. */
export interface Consumer<T> {
  item(value: T): void;
  /** The newest state cannot be given; the next one may. */
  refused(error: unknown): void;
  /** Nothing more will come. */
  ended(error: unknown): void;
}

/**
 * The place of one consumer in the states of a source. Nothing is buffered: a change is a mark, and
 * the state is read when the consumer asks for it. Called back synchronously, so that a watch is told
 * of a change in the step in which it was applied, before any reply that reflects it (S22).
 */
export class Cursor<T> {
  #source: StateSource<T> | undefined;
  #changed = false;
  #end: { readonly error: unknown } | undefined;
  #consumer: Consumer<T> | undefined;
  #isServing = false;
  #zxid = 0n;

  constructor(open: OpenSource<T>) {
    this.#source = open(this);
    if (this.#end !== undefined) this.#closeSource();
  }

  /** The last transaction that the state given last reflects. */
  get zxid(): bigint {
    return this.#zxid;
  }

  /** From the source: there may be a newer state. */
  changed(): void {
    this.#changed = true;
    this.#serve();
  }

  /** From the source, or from who guards it: nothing more will come. Who waits is still given what has come. */
  end(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#serve();
  }

  /** Asks for the next state; one consumer at a time. */
  next(consumer: Consumer<T>): void {
    this.#consumer = consumer;
    this.#serve();
  }

  /** The consumer leaves: it is not called again. */
  close(): void {
    this.#consumer = undefined;
    this.#end ??= { error: undefined };
    this.#closeSource();
  }

  /** A consumer that asks for the next one while it is called is served by this loop: never on a stack that grows. */
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      while (this.#consumer !== undefined && (this.#changed || this.#end !== undefined)) {
        this.#serveOnce(this.#consumer);
      }
    } finally {
      this.#isServing = false;
    }
    if (this.#end !== undefined) this.#closeSource();
  }

  /** What has come goes before the end. */
  #serveOnce(consumer: Consumer<T>): void {
    if (this.#changed) {
      this.#changed = false;
      if (this.#source !== undefined) this.#give(consumer, this.#source);
      return;
    }
    this.#consumer = undefined;
    consumer.ended(this.#end?.error);
  }

  /** A codec is the application's: its consumer may have left by the time that it has decoded. */
  #give(consumer: Consumer<T>, source: StateSource<T>): void {
    let value: T | typeof SAME;
    try {
      value = source.take();
    } catch (error) {
      this.#changed ||= source.hasMore === true;
      if (this.#consumer === undefined) return;
      this.#consumer = undefined;
      consumer.refused(error);
      return;
    }
    if (value === SAME || this.#consumer === undefined) return;
    this.#zxid = source.zxid;
    this.#changed ||= source.hasMore === true;
    this.#consumer = undefined;
    consumer.item(value);
  }

  #closeSource(): void {
    const source = this.#source;
    this.#source = undefined;
    source?.close();
  }
}
