/** One ephemeral node, made again whenever it is gone. */
import { QuorateError } from '../base/errors.ts';
import { parentOf } from '../base/path.ts';
import { formatZxid } from '../base/zxid.ts';
import type { Client, Session, Znode } from '../client/client.ts';
import { unguarded } from '../client/client-view.ts';
import { bytes } from '../client/codec.ts';
import type { Watch } from '../client/feed.ts';
import { checkCall, throwIfAborted, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import type { Stat } from './any-client.ts';
import { bounded } from './bounded.ts';
import type { EphemeralNode, EphemeralOptions, EphemeralState } from './ephemeral.ts';
import { makeFolder } from './folder.ts';
import { keepTrying, WITHOUT_END } from './keep-trying.ts';
import { MappedWatch } from './mapped-watch.ts';
import { Patience, pause } from './patience.ts';
import { isRefusal, type Wish, Wishes } from './wishes.ts';

/** Between two attempts to make it, ms: twice as long each time. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 1_000;

/** How the first node is made; later ones are waited for. */
type Opening<T> = Pick<EphemeralOptions<T>, 'whenTaken' | 'isOwn'>;

/** A node that this one has made. Also what its writes are guarded by: they never reach another one. */
interface Own<T, In> {
  readonly session: Session<T, In>;
  readonly path: string;
  readonly fence: bigint;
  assertHeld(): void;
}

interface Waiter {
  /** Which data it waits for. */
  readonly at: number;
  resolve(): void;
  reject(error: unknown): void;
}

export class KeptNode<T, In> implements EphemeralNode<In> {
  readonly path: string;
  readonly #client: Client<T, In>;
  readonly #closing = new AbortController();
  /** The newest of them is never older than what was written. */
  readonly #wishes: Wishes<In>;
  /** The newest that the tree has taken. */
  #written: Wish<In>;
  /** Undefined: it is about to be made. */
  #own: Own<T, In> | undefined;
  #fence = 0n;
  /** The node in the way. */
  #obstacle: Stat | undefined;
  /** Who waits for the next node, or for the end. */
  readonly #waiters = new Set<Waiter>();
  /** Resolves when it is no longer kept, and what it had made is removed. */
  #end: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(client: Client<T, In>, path: string, data: In) {
    this.path = path;
    this.#client = client;
    this.#wishes = new Wishes(data);
    this.#written = this.#wishes.newest;
  }

  get fence(): bigint {
    return this.#fence;
  }

  get state(): EphemeralState | 'closed' {
    if (this.#isOver || this.#closing.signal.aborted) return 'closed';
    const own = this.#own;
    if (own !== undefined && !own.session.signal.aborted) return 'present';
    return this.#obstacle === undefined ? 'absent' : 'taken';
  }

  watch(): Watch<EphemeralState> {
    const { session } = this.#client;
    return new MappedWatch(this.#client.as(bytes).watch(this.path), (node) => {
      if (node === undefined) return 'absent';
      const present = this.#client.session;
      const isOwn = [session.id, present.id].includes(node.stat.ephemeralOwner);
      return isOwn ? 'present' : 'taken';
    });
  }

  /** Once. What it throws here, nothing is kept. */
  async open(options: WaitOptions | undefined, opening: Opening<T>): Promise<void> {
    const context = { what: `openEphemeral ${this.path}`, path: this.path };
    throwIfAborted(options, context);
    const made = this.#made(this.#wishes.newest);
    this.#end = this.#keep(opening);
    try {
      await bounded(made, options, { ...context, reason: () => this.#reason() });
    } catch (error) {
      void this.close();
      throw error;
    }
  }

  async set(data: In, options?: WaitOptions): Promise<void> {
    checkCall('EphemeralNode.set', options, WAIT_OPTIONS);
    const context = { what: `set ${this.path}`, path: this.path };
    throwIfAborted(options, context);
    if (this.state === 'closed') throw this.#closed();
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    const wanted = this.#wishes.add(data);
    try {
      if (this.#own !== undefined) await this.#write(this.#own, wanted, wait.left);
    } catch (error) {
      // Whoever is told that it was refused must not find it in the next node.
      if (isKnownNot(error)) this.#refuse(wanted, error);
      throw error;
    }
    if (this.#written.at >= wanted.at) return;
    await bounded(this.#made(wanted), wait.left, { ...context, reason: () => this.#reason() });
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#end;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when there is a node with that data, or with newer. */
  #made({ at }: Wish<In>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) reject(this.#closed());
      else this.#waiters.add({ at, resolve, reject });
    });
  }

  #tell(tell: (waiter: Waiter) => void): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) tell(waiter);
  }

  /** To the end: of this node, of its client, or of the only session it was given. Never rejects. */
  async #keep(first: Opening<T>): Promise<void> {
    const { signal } = this.#closing;
    let opening: Opening<T> | undefined = first;
    let wait = FIRST_PAUSE;
    while (!signal.aborted) {
      const { session } = this.#client;
      if (session.signal.aborted) break;
      try {
        if (this.#own === undefined) {
          this.#own = await this.#make(session, opening);
          opening = undefined;
          wait = FIRST_PAUSE;
        }
        if (await this.#isNewest(this.#own)) this.#tell((waiter) => waiter.resolve());
        await this.#isGone(this.#own);
        this.#own = undefined;
      } catch (error) {
        if (opening !== undefined && !isPassing(error)) {
          this.#tell((waiter) => waiter.reject(error));
          break;
        }
        // While its session lives the node is there, whatever has failed.
        if (!signal.aborted && this.#own?.session.signal.aborted === true) this.#own = undefined;
        // Of a grant that the client is guarded by: without that no node is made any more.
        if (this.#own === undefined && QuorateError.is(error, 'GRANT_LOST')) {
          this.#tell((waiter) => waiter.reject(error));
          break;
        }
        await pause(wait, signal);
        wait = Math.min(LONGEST_PAUSE, wait * 2);
      }
    }
    this.#isOver = true;
    this.#tell((waiter) => waiter.reject(this.#closed()));
    if (this.#own !== undefined) await remove(this.#own);
  }

  /** Waits until there is room for it. */
  async #make(session: Session<T, In>, opening: Opening<T> | undefined): Promise<Own<T, In>> {
    for (;;) {
      const wanted = this.#wishes.newest;
      const stat = await this.#place(session, wanted, opening);
      if (stat === undefined) continue;
      this.#obstacle = undefined;
      this.#wrote(wanted);
      this.#fence = stat.czxid;
      return ownOf(session, this.path, stat.czxid);
    }
  }

  /** Undefined: look again. */
  async #place(
    session: Session<T, In>,
    wanted: Wish<In>,
    opening: Opening<T> | undefined,
  ): Promise<Stat | undefined> {
    try {
      return (
        (await this.#create(session, wanted)) ?? (await this.#replace(session, wanted, opening))
      );
    } catch (error) {
      if (isRefusal(error)) this.#refuse(wanted, error);
      throw error;
    }
  }

  /** Undefined: there is a node. */
  async #create(session: Session<T, In>, { data }: Wish<In>): Promise<Stat | undefined> {
    const { signal } = this.#closing;
    const wait = { ...WITHOUT_END, signal };
    for (;;) {
      try {
        return (await session.create(this.path, data, { ...wait, ephemeral: true })).stat;
      } catch (error) {
        if (QuorateError.is(error, 'NODE_EXISTS')) return undefined;
        if (!QuorateError.is(error, 'NO_NODE')) {
          await this.#forget(session, error);
          throw error;
        }
        await makeFolder(session.as(bytes), parentOf(this.path), wait);
      }
    }
  }

  /** Removes what a create of unknown fate may have made: only this one can have made it in this session. */
  async #forget(session: Session<T, In>, error: unknown): Promise<void> {
    if (!QuorateError.is(error) || (await error.settled) === 'not-applied') return;
    await keepTrying(session, async () => {
      await session.sync(WITHOUT_END);
      const stat = await session.exists(this.path, WITHOUT_END);
      if (stat?.ephemeralOwner !== session.id) return;
      await remove(ownOf(session, this.path, stat.czxid));
    });
  }

  /** Takes the place of the node that is there, or waits until it is gone. Undefined: look again. */
  async #replace(
    session: Session<T, In>,
    wanted: Wish<In>,
    opening: Opening<T> | undefined,
  ): Promise<Stat | undefined> {
    const raw = session.as(bytes);
    const stat = await raw.exists(this.path, WITHOUT_END);
    if (stat === undefined) return undefined;
    const isOwn = stat.czxid === this.#fence || (await isOwnBy(opening, session, this.path, stat));
    if (isOwn) return await this.#exchange(session, wanted, stat.czxid);
    this.#obstacle = stat;
    const neverGoes = stat.ephemeralOwner === 0n;
    if (opening !== undefined && (neverGoes || opening.whenTaken === 'reject')) throw this.#taken();
    const { signal } = this.#closing;
    await raw.watch(this.path).until((node) => node?.stat.czxid !== stat.czxid, { signal });
    this.#obstacle = undefined;
    return undefined;
  }

  /** In one transaction, and only that very node. */
  async #exchange(
    session: Session<T, In>,
    { data }: Wish<In>,
    fence: bigint,
  ): Promise<Stat | undefined> {
    const { path } = this;
    const guarded = session.guardedBy(ownOf(session, path, fence));
    const create = { create: path, data, ephemeral: true } as const;
    const wait = { ...WITHOUT_END, signal: this.#closing.signal };
    try {
      const [, made] = await guarded.multi([{ delete: path }, create] as const, wait);
      return made.stat;
    } catch (error) {
      if (QuorateError.is(error, 'GRANT_LOST')) return undefined;
      await this.#forget(session, error);
      throw error;
    }
  }

  /** Writes what was asked for while it was made. False: the node is gone. */
  async #isNewest(own: Own<T, In>): Promise<boolean> {
    while (this.#wishes.newest !== this.#written) {
      try {
        if (!(await this.#write(own, this.#wishes.newest, WITHOUT_END))) return false;
      } catch (error) {
        // What was wanted before is still to be written, perhaps.
        if (!isRefusal(error)) throw error;
      }
    }
    return true;
  }

  /** False: the node is gone. */
  async #write(own: Own<T, In>, wanted: Wish<In>, wait: WaitOptions): Promise<boolean> {
    try {
      await own.session.guardedBy(own).set(this.path, wanted.data, wait);
      this.#wrote(wanted);
      return true;
    } catch (error) {
      // Of another grant, that its client is guarded by: with that it is over.
      const isOther = QuorateError.is(error, 'GRANT_LOST') && error.path !== this.path;
      const isGone = QuorateError.is(error, 'GRANT_LOST', 'NO_NODE', 'SESSION_EXPIRED', 'CLOSED');
      if (isGone && !isOther) return false;
      if (isRefusal(error)) this.#refuse(wanted, error);
      throw error;
    }
  }

  #wrote(wanted: Wish<In>): void {
    this.#wishes.accept(wanted);
    if (this.#written.at < wanted.at) this.#written = wanted;
  }

  /** Resolves when it is; or rejects when its session has ended, or this one is closed. */
  async #isGone({ session, path, fence }: Own<T, In>): Promise<void> {
    const { signal } = this.#closing;
    await session
      .as(bytes)
      .watch(path)
      .until((node) => node?.stat.czxid !== fence, { signal });
  }

  /** Goes back to the newest data that is not refused; whoever has set this is told. */
  #refuse(refused: Wish<In>, error: unknown): void {
    this.#wishes.refuse(refused);
    for (const waiter of this.#waiters) {
      if (waiter.at !== refused.at) continue;
      this.#waiters.delete(waiter);
      waiter.reject(error);
    }
  }

  #reason(): string | undefined {
    if (this.#obstacle === undefined) return undefined;
    const { ephemeralOwner, ctime } = this.#obstacle;
    const since = new Date(ctime).toISOString();
    return `it is in the hands of session ${formatZxid(ephemeralOwner)} since ${since}`;
  }

  #taken(): QuorateError {
    const { path } = this;
    const who = this.#obstacle?.ephemeralOwner === 0n ? 'is no ephemeral node' : 'is taken';
    return QuorateError.make('NODE_EXISTS', `openEphemeral ${path}: it ${who}`, { path });
  }

  /** Of its own, or because there is no session any more. */
  #closed(): QuorateError {
    const { path } = this;
    const cause: unknown = this.#client.session.signal.reason;
    const code = QuorateError.is(cause) ? cause.code : 'CLOSED';
    const details = { path, outcome: 'not-applied', cause } as const;
    return QuorateError.make(code, `the node ${path} is no longer kept`, details);
  }
}

function ownOf<T, In>(session: Session<T, In>, path: string, fence: bigint): Own<T, In> {
  return { session, path, fence, assertHeld: () => {} };
}

async function isOwnBy<T>(
  opening: Opening<T> | undefined,
  session: Session<T, never>,
  path: string,
  { czxid }: Stat,
): Promise<boolean> {
  if (opening?.isOwn === undefined) return false;
  let node: Znode<T> | undefined;
  try {
    node = await session.find(path, WITHOUT_END);
  } catch (error) {
    // What cannot be read is somebody else's.
    if (QuorateError.is(error, 'INVALID_DATA')) return false;
    throw error;
  }
  return node?.stat.czxid === czxid && opening.isOwn(node);
}

/** Its session ends it, or it is removed: that very node, and no other that has its name. */
function remove<T, In>(own: Own<T, In>): Promise<void> {
  return keepTrying(own.session, async () => {
    try {
      await unguarded(own.session).guardedBy(own).delete(own.path, WITHOUT_END);
    } catch (error) {
      if (!QuorateError.is(error, 'GRANT_LOST', 'NO_NODE')) throw error;
    }
  });
}

/** The group has said no. Who gives up waiting has not been told so. */
function isKnownNot(error: unknown): boolean {
  const isGivenUp = QuorateError.is(error, 'TIMED_OUT', 'ABORTED');
  return !isGivenUp && QuorateError.is(error) && error.outcome === 'not-applied';
}

/** What the next attempt may not meet. */
function isPassing(error: unknown): boolean {
  return QuorateError.is(error, 'SESSION_EXPIRED', 'OVERLOADED', 'TIMED_OUT');
}
