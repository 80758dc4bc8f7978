import { QuorateError } from '../base/errors.ts';
import { joinPath, nameOf, parentOf } from '../base/path.ts';
import type { Client, ReadOptions, Znode } from '../client/client.ts';
import { readerOf } from '../client/client-view.ts';
import { bytes } from '../client/codec.ts';
import type { TreeUpdate, Watch } from '../client/feed.ts';
import { checkCall, type StopOptions } from '../client/wait.ts';
import { checkPlace } from './any-client.ts';
import type { Candidate } from './candidate.ts';
import { Contention } from './contention.ts';
import { FoldedWatch } from './folded-watch.ts';
import type { Grant } from './grant.ts';
import type { HeldClaim } from './held-claim.ts';
import { lineOf } from './names.ts';
import { lineIn, QueueRules } from './queue-rules.ts';
import { serve } from './serve.ts';

/**
 * One leader in the whole group at a time, as long as there is anybody who stands. See the guide
 * `leader-election.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { LeaderElection } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const election = new LeaderElection(peer, '/orders/leader', { data: 'http://orders-0:8080' });
 * election.watch().subscribe((leader) => console.log('the leader is', leader?.data));
 * await election.run(async (term) => {
 *   term.assertHeld();                                            // before each side effect
 *   await peer.guardedBy(term).ensurePath('/orders/settled');     // returning resigns
 * });
 * await peer.close();
 * ```
 */
export class LeaderElection<T = string, In = T> {
  readonly #client: Client<T, In>;
  readonly #path: string;
  readonly #contention: Contention<In>;

  /**
   * Free: nobody stands before `run` is called.
   * @param client a session too: then it stands no more when that has ended
   * @param path the node that the candidates stand below; it is made where it is missing, as a container
   * @param options `data`: what others see of this candidate, such as its URL
   */
  constructor(client: Client<T, In>, path: string, options?: { readonly data?: In }) {
    checkPlace('LeaderElection', client, path);
    checkCall('LeaderElection', options, ['data']);
    this.#client = client;
    this.#path = path;
    this.#contention = new Contention(client, new QueueRules([path], 'latch', options?.data));
  }

  /**
   * Stands until it resigns or is stopped; `lead` runs while this one leads, once for each term. A term that
   * is lost aborts `term.signal`, and it stands again when `lead` has settled: nobody else leads before that
   * while the session lives. When `lead` returns in a term it still has, it resigns, and this resolves. It
   * also resolves when the signal has stopped it, or the client is closed, and `lead` has settled.
   *
   * @throws what `lead` throws in a term it still has, after it has resigned; SESSION_EXPIRED of a `Session`
   */
  async run(lead: (term: Grant) => unknown, options?: StopOptions): Promise<void> {
    if (typeof lead !== 'function') throw new TypeError('LeaderElection: lead is a function');
    checkCall('LeaderElection.run', options, ['signal']);
    for (;;) {
      const term = await this.#elected(options);
      if (term === undefined || (await serve(term, () => lead(term), options?.signal))) return;
    }
  }

  /**
   * Who leads, now and after every change; `undefined` while nobody does. As this peer knows it. Where the codec
   * refuses what the leader says, nobody else is shown for it: a `for await` throws, a listener is not called (the
   * `error` event tells), and a `live()` keeps the last one and tells by its `error`.
   */
  watch(options?: StopOptions): Watch<Candidate<T> | undefined> {
    checkCall('LeaderElection.watch', options, ['signal']);
    const view = this.#client.as(bytes);
    const read = readerOf(this.#client);
    return new FoldedWatch(
      (stop) => view.watchTree(this.#path, stop),
      () => new Candidates<T>(this.#path, read),
      options,
    );
  }

  /** All who stand, the leader first. */
  async candidates(options?: ReadOptions): Promise<Candidate<T>[]> {
    const session = this.#client.session.as(bytes);
    const line = await lineIn(session, this.#path, options ?? {});
    const nodes = await Promise.all(
      line.map(({ name }) => this.#client.find(joinPath(this.#path, name), options)),
    );
    return nodes
      .filter((node) => node !== undefined)
      .map(({ path, data, stat }) => ({ path, data, fence: stat.czxid }));
  }

  /** Undefined: it was stopped before. */
  async #elected(options: StopOptions | undefined): Promise<HeldClaim | undefined> {
    try {
      return await this.#contention.claim(options ?? {});
    } catch (error) {
      const wasStopped = options?.signal?.aborted === true && QuorateError.is(error, 'ABORTED');
      if (wasStopped || QuorateError.is(error, 'CLOSED')) return undefined;
      throw error;
    }
  }
}

/** The candidates as one consumer has heard of them; folds to the leader. */
class Candidates<T> {
  readonly #folder: string;
  readonly #read: (data: Uint8Array, path: string) => T;
  readonly #byName = new Map<string, Znode<Uint8Array>>();
  #leader: { readonly node: Znode<Uint8Array>; readonly candidate: Candidate<T> } | undefined;

  /** @param read throws where the data is none */
  constructor(folder: string, read: (data: Uint8Array, path: string) => T) {
    this.#folder = folder;
    this.#read = read;
  }

  /** @throws {QuorateError} INVALID_DATA: nobody knows what the leader says. The next one in the line leads no more for that */
  take({ changes }: TreeUpdate<Uint8Array>): Candidate<T> | undefined {
    for (const change of changes) {
      if (parentOf(change.path) !== this.#folder) continue;
      const name = nameOf(change.path);
      if (change.type === 'deleted') this.#byName.delete(name);
      else this.#byName.set(name, change);
    }
    const [first] = lineOf([...this.#byName.keys()]);
    const node = first && this.#byName.get(first.name);
    if (node === undefined) return undefined;
    if (this.#leader?.node !== node) {
      const { path, data, stat } = node;
      const candidate = { path, data: this.#read(data, path), fence: stat.czxid };
      this.#leader = { node, candidate };
    }
    return this.#leader.candidate;
  }
}
