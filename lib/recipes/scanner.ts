import { QuorateError } from '../base/errors.ts';
import { joinPath, parentOf } from '../base/path.ts';
import type { Client } from '../client/client.ts';
import { bytes, utf8 } from '../client/codec.ts';
import type { TreeUpdate } from '../client/feed.ts';
import { json } from '../client/json-codec.ts';
import { checkCall, type StopOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { bounded } from './bounded.ts';
import { Directory, FOLDERS } from './directory.ts';
import { errorText } from './error-text.ts';
import { FoldedWatch } from './folded-watch.ts';
import { makeFolder } from './folder.ts';
import type { Grant } from './grant.ts';
import { type Instance, type InstanceStatus, numberOf } from './instance.ts';
import { LeaderElection } from './leader-election.ts';
import { ownerHere } from './owner.ts';
import { pause } from './patience.ts';
import {
  checkScannerOptions,
  type ProbeResult,
  type ScannerOptions,
  type ScannerRules,
} from './scanner-options.ts';
import { type Finding, Verdicts } from './verdicts.ts';

/** What a scan begins with. */
interface Scene {
  readonly instances: readonly Instance[];
  /** Instances that are gone and still have a status: paths. */
  readonly left: readonly string[];
}

/** What a probe has told: perhaps what the instance itself says, whatever that is. */
type Told = { readonly [Name in keyof ProbeResult]: unknown };

type StatusClient = Client<InstanceStatus, InstanceStatus>;

/** What the next round may not meet, or what the end of the term tells. */
const PASSING = [
  'GRANT_LOST',
  'RELEASED',
  'ABORTED',
  'TIMED_OUT',
  'OVERLOADED',
  'SESSION_EXPIRED',
  'SESSION_MOVED',
  'CLOSED',
  'NO_NODE',
  'NODE_EXISTS',
] as const;

/**
 * Looks after the instances of a registry: probes each of them on a timer, and writes what it found to where
 * every provider sees it. One scanner in the group is at work, the others stand by. See the guide `scanner.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Scanner, ServiceRegistry } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const registry = new ServiceRegistry(peer, '/registry');
 * await registry.register({ name: 'orders', address: '10.0.0.1', port: 8080 });
 * const stop = new AbortController();
 * const probe = () => ({ load: 3 });                        // such as a fetch of `${instance.url}/health`
 * const scanning = new Scanner(peer, '/registry', { probe, interval: 1_000 }).run({ signal: stop.signal });
 * await registry.watch('orders').until(([first]) => first?.status?.state === 'up');
 * stop.abort();
 * await scanning;
 * await peer.close();
 * ```
 */
export class Scanner {
  readonly #client: AnyClient;
  readonly #root: string;
  readonly #rules: ScannerRules;
  readonly #election: LeaderElection;

  /**
   * Free: nothing is asked before `run` is called.
   * @param path of the registry
   */
  constructor(client: AnyClient, path: string, options?: ScannerOptions) {
    checkPlace('Scanner', client, path);
    this.#rules = checkScannerOptions(options);
    this.#client = client;
    this.#root = path;
    const data = ownerHere();
    this.#election = new LeaderElection(client.as(utf8), joinPath(path, 'scanner'), { data });
  }

  /**
   * Scans while this one is the scanner of the group, until it is stopped. Resolves when the signal has stopped
   * it, or the client is closed.
   *
   * @throws {QuorateError} NO_AUTH, QUOTA_EXCEEDED and the like; SESSION_EXPIRED of a `Session`
   */
  run(options?: StopOptions): Promise<void> {
    checkCall('Scanner.run', options, ['signal']);
    return this.#election.run((term) => this.#scan(term), options);
  }

  async #scan(term: Grant): Promise<void> {
    const { interval, concurrency } = this.#rules;
    const { signal } = term;
    const view = this.#client.as(bytes);
    const fold = () => new SceneFold(this.#root);
    const watch = new FoldedWatch((stop) => view.watchTree(this.#root, stop), fold, { signal });
    const verdicts = new Verdicts(this.#rules);
    let leftBefore: ReadonlySet<string> = new Set();
    try {
      await using scene = await watch.live();
      while (!signal.aborted) {
        const start = performance.now();
        const { instances, left } = scene.value;
        await forEach(instances, concurrency, (one) => this.#visit(one, verdicts, term));
        // Who is registered again a moment later finds what was known.
        for (const path of left) if (leftBefore.has(path)) await this.#remove(path, term);
        leftBefore = new Set(left);
        verdicts.forget(new Set(instances.map(keyOf)));
        await pause(interval - (performance.now() - start), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Probes one, and writes what has changed. */
  async #visit(instance: Instance, verdicts: Verdicts, term: Grant): Promise<void> {
    const finding = await this.#probe(instance, term.signal);
    if (term.signal.aborted) return;
    const status = verdicts.judge(keyOf(instance), instance.status, finding, Date.now());
    if (status === undefined) return;
    const { name, id } = instance;
    const folder = joinPath(joinPath(this.#root, FOLDERS.status), name);
    const write = this.#write(joinPath(folder, id), status, term);
    await write.catch(orPassing);
  }

  async #probe(instance: Instance, signal: AbortSignal): Promise<Finding> {
    const { probe, timeout } = this.#rules;
    const probing = new AbortController();
    const call = async () => probe(instance, probing.signal);
    const context = { what: `the probe of ${keyOf(instance)}`, path: undefined };
    try {
      const { load, detail }: Told = (await bounded(call(), { timeout, signal }, context)) ?? {};
      return {
        passed: true,
        load: numberOf(load),
        detail: typeof detail === 'string' ? detail : undefined,
      };
    } catch (error) {
      return { passed: false, detail: errorText(error) };
    } finally {
      probing.abort();
    }
  }

  async #write(path: string, status: InstanceStatus, term: Grant): Promise<void> {
    const { signal } = term;
    const client: StatusClient = this.#client.as(json<InstanceStatus>()).guardedBy(term);
    try {
      await client.set(path, status, { signal });
    } catch (error) {
      if (!QuorateError.is(error, 'NO_NODE')) throw error;
      await makeFolder(this.#client.session.as(bytes), parentOf(path), { signal });
      await client.create(path, status, { signal });
    }
  }

  async #remove(path: string, term: Grant): Promise<void> {
    const { signal } = term;
    await this.#client.guardedBy(term).delete(path, { signal }).catch(orPassing);
  }
}

function keyOf({ name, id }: Instance): string {
  return `${name}/${id}`;
}

function orPassing(error: unknown): void {
  if (!QuorateError.is(error, ...PASSING)) throw error;
}

class SceneFold {
  readonly #root: string;
  readonly #directory: Directory<unknown>;
  #scene: Scene | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#directory = new Directory(root, undefined);
  }

  take(update: TreeUpdate<Uint8Array>): Scene {
    const directory = this.#directory;
    if (directory.take(update) || this.#scene === undefined) {
      const instances = directory.names().flatMap((name) => directory.instances(name));
      const left = directory
        .statusesLeft()
        .map(({ name, id }) => joinPath(joinPath(joinPath(this.#root, FOLDERS.status), name), id));
      this.#scene = { instances, left };
    }
    return this.#scene;
  }
}

/** So many at a time. Rejects with the first error, when all that were begun have settled. */
async function forEach<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, worker);
  const results = await Promise.allSettled(workers);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
