/** The peer is in this process: this is what an application does. */
import { openPeer, type Peer } from '../../../lib/index.ts';
import { Mutex, Queue } from '../../../lib/recipes/index.ts';
import { DATA, type Target, type TargetOptions } from './target.ts';

/** Items that are put in one transaction, and items that a process works on at once. */
const BATCH = 100;
const CONCURRENCY = 128;

export class QuorateTarget implements Target {
  readonly peer: Peer;
  readonly #own: string;
  readonly #paths: string[] = [];
  readonly #queue: Queue;

  private constructor(peer: Peer, id: number) {
    this.peer = peer;
    this.#own = `/bench/${id}`;
    this.#queue = new Queue(peer, '/bench-queue', { maxItems: 1_000_000, prefetch: CONCURRENCY });
  }

  static async open({
    id,
    servers,
    dataDir,
    observers,
    secret,
  }: TargetOptions): Promise<QuorateTarget> {
    const addresses = Object.entries(servers).map(([key, url]) => {
      const role = observers.includes(Number(key)) ? 'observer' : 'participant';
      return [key, { url, role }] as const;
    });
    const security = secret === undefined ? {} : { secret };
    const peers = Object.fromEntries(addresses);
    const peer = await openPeer({ id, peers, dataDir, maxTreeBytes: 2 ** 32, ...security });
    return new QuorateTarget(peer, id);
  }

  async prepare(keys: number): Promise<void> {
    await this.peer.ready({ timeout: 60_000 });
    await this.peer.ensurePath(this.#own);
    await this.peer.ensurePath('/bench/shared');
    while (this.#paths.length < keys) {
      const some = Math.min(1_000, keys - this.#paths.length);
      const paths = Array.from(
        { length: some },
        (_, at) => `${this.#own}/${this.#paths.length + at}`,
      );
      await Promise.all(paths.map((path) => this.peer.create(path, DATA)));
      this.#paths.push(...paths);
    }
  }

  write(key: number): Promise<unknown> {
    return this.peer.set(this.#path(key), DATA);
  }

  read(key: number): Promise<unknown> {
    return this.peer.get(this.#path(key));
  }

  unordered(key: number): Promise<unknown> {
    return this.peer.get(this.#path(key), { consistency: 'unordered' });
  }

  linearizable(key: number): Promise<unknown> {
    return this.peer.get(this.#path(key), { consistency: 'linearizable' });
  }

  lock(worker: number): Promise<unknown> {
    const mutex = new Mutex(this.peer, `${this.#own}-locks/${worker}`);
    return mutex.run(() => {});
  }

  /** Puts so many items into the queue that all processes share. */
  async putItems(count: number): Promise<void> {
    await this.peer.ready({ timeout: 60_000 });
    for (let left = count; left > 0; left -= BATCH) {
      await this.#queue.putAll(Array.from({ length: Math.min(BATCH, left) }, () => DATA));
    }
  }

  /** Takes so many and acknowledges each. */
  async takeItems(count: number): Promise<void> {
    const stop = new AbortController();
    let taken = 0;
    const work = (): void => {
      taken += 1;
      if (taken === count) stop.abort();
    };
    await this.#queue.run(work, { concurrency: CONCURRENCY, signal: stop.signal });
  }

  async watch(count: number, sessions: 'one' | 'each', event: () => void): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      const client = sessions === 'one' ? this.peer : await this.peer.openSession();
      let known = false;
      await new Promise<void>((resolve) => {
        client.watch('/bench/shared').subscribe(() => {
          if (known) event();
          known = true;
          resolve();
        });
      });
    }
  }

  async armed(): Promise<void> {}

  touch(): Promise<unknown> {
    return this.peer.set('/bench/shared', DATA);
  }

  close(): Promise<void> {
    return this.peer.close();
  }

  #path(key: number): string {
    return this.#paths[key % this.#paths.length] ?? '/bench/shared';
  }
}
