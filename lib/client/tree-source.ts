/** Where the updates of `watchTree` come from. */
import type { QuorateError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { DeliveryOf } from '../peer/request-pipeline.ts';
import type { ReadResult } from '../replica/read.ts';
import type { WatchedNode } from '../replica/ready.ts';
import type { SessionSource } from './client-core.ts';
import { type Cursor, type OpenSource, SAME, type StateSource } from './cursor.ts';
import type { Failure } from './failure.ts';
import type { TreeWatcher } from './session-watches.ts';
import { Backlog, type Transaction } from './tree-backlog.ts';

/** A change as the tree knows it. The node is everybody's: whoever hands its data out copies it. */
export type RawChange =
  | { readonly type: 'created' | 'changed'; readonly path: string; readonly node: WatchedNode }
  | { readonly type: 'deleted'; readonly path: string };

/** An update, in the terms of the tree or of the application. */
interface Update<C> {
  readonly kind: 'snapshot' | 'transaction' | 'gap';
  readonly zxid: bigint;
  readonly changes: readonly C[];
}

/** Which subtree is watched, and what is made of a change in it. */
export interface Subtree<C> {
  /** Of its root, as the tree knows it. */
  readonly root: string;
  /** Throws what refuses it. */
  readonly change: (raw: RawChange) => C;
  readonly failure: (failure: Failure) => QuorateError;
}

/** Nodes by their paths, parents before children. */
type Nodes = ReadonlyMap<string, WatchedNode>;

/** Opens the updates of a subtree, across sessions unless the source is pinned to one. */
export function openTree<C>(source: SessionSource, tree: Subtree<C>): OpenSource<Update<C>> {
  return (cursor) => new TreeSource(source, tree, cursor);
}

/**
 * Every transaction that touches the subtree, in order, exactly as it was; where the consumer was too
 * slow, or the history was not to be seen, the tree is compared with what the consumer was told last.
 * For that it keeps the paths that the consumer knows of, and no data.
 */
class TreeSource<C> implements StateSource<Update<C>>, TreeWatcher {
  readonly #source: SessionSource;
  readonly #tree: Subtree<C>;
  readonly #cursor: Cursor<Update<C>>;
  readonly #backlog = new Backlog();
  #isOpen = true;
  /** The watch stands in the present session. */
  #stands = false;
  /** What the consumer was told to be there, be it in what is refused; undefined before the snapshot. */
  #known: Set<string> | undefined;
  /** Those of them that it has never seen: told by their refusal alone. */
  readonly #unseen = new Set<string>();
  /** The state that the consumer has. */
  #zxid = 0n;
  /** The subtree may not be read: it is asked for again when something is told of it. */
  #isRefused = false;
  /** Of the update that was told last. */
  readonly #refusals = new Fifo<unknown>();

  constructor(source: SessionSource, tree: Subtree<C>, cursor: Cursor<Update<C>>) {
    this.#source = source;
    this.#tree = tree;
    this.#cursor = cursor;
    this.#enter();
  }

  get zxid(): bigint {
    return this.#zxid;
  }

  get hasMore(): boolean {
    return this.#refusals.size > 0 || !(this.#backlog.isEmpty || this.#isRefused);
  }

  take(): Update<C> | typeof SAME {
    if (this.#refusals.size > 0) throw this.#refusals.shift();
    this.#isRefused = false;
    if (this.#known === undefined) {
      return this.#stands ? this.#readAll('snapshot', new Set()) : SAME;
    }
    const transaction = this.#backlog.take();
    if (transaction !== undefined) return this.#follow(transaction, this.#known);
    const { lost } = this.#backlog;
    if (lost === undefined || !this.#stands) return SAME;
    if (lost === 'everything') return this.#readAll('gap', this.#known);
    return this.#readSome(lost, this.#known);
  }

  close(): void {
    this.#isOpen = false;
    this.#source.current.watches.trees.remove(this.#tree.root, this);
  }

  // From the watches of the session.

  registered(): void {
    this.#stands = true;
    if (this.#known === undefined || !this.#backlog.isEmpty) this.#cursor.changed();
  }

  fired({ event, zxid, node }: DeliveryOf<'watch'>): void {
    // What was read is not told again.
    if (this.#known === undefined || zxid <= this.#zxid) return;
    if (event.type === 'resync') this.#backlog.lose(event.changes.map(({ path }) => path));
    else if (event.type !== 'children-changed') this.#backlog.add(zxid, event.path, node);
  }

  complete(): void {
    this.#backlog.complete();
    this.#cursor.changed();
  }

  failed(failure: Failure): void {
    this.#cursor.end(this.#tree.failure(failure));
  }

  sessionEnded(cause: QuorateError): void {
    if (!this.#isOpen) return;
    this.#stands = false;
    // Nobody saw what happens until the watch of the next session stands.
    this.#backlog.lose('everything');
    if (this.#source.current.end === undefined) this.#enter();
    else this.#cursor.end(cause);
  }

  #enter(): void {
    const { current } = this.#source;
    if (current.end === undefined) current.watches.trees.add(this.#tree.root, this);
    else this.#cursor.end(current.refusal);
  }

  // What the consumer is told.

  /** One transaction as what it comes to for this consumer: a path that it changed twice is changed once. */
  #follow({ zxid, changes }: Transaction, known: Set<string>): Update<C> {
    const last = new Map<string, WatchedNode | undefined>();
    for (const { path, node } of changes) {
      last.delete(path);
      last.set(path, node);
    }
    const raw = { kind: 'transaction', zxid, changes: this.#changes(last, known) } as const;
    return this.#tell(raw, known);
  }

  /** The subtree as it is, or all that is different in it. */
  #readAll(kind: 'snapshot' | 'gap', known: Set<string>): Update<C> | typeof SAME {
    const result = this.#read('subtree', this.#tree.root);
    if (result === undefined) return SAME;
    const present = new Map<string, WatchedNode>();
    if (result.type === 'subtree') {
      for (const { path, ...node } of result.nodes) present.set(path, node);
    } else if (result.type === 'error' && result.code !== 'NO_NODE') {
      this.#isRefused = true;
      throw this.#tree.failure(result);
    }
    return this.#tell({ kind, ...this.#difference(known, present, [...known]) }, known);
  }

  /** The net difference of these paths. */
  #readSome(paths: ReadonlySet<string>, known: Set<string>): Update<C> | typeof SAME {
    const present = new Map<string, WatchedNode>();
    for (const path of [...paths].sort()) {
      const result = this.#read('get', path);
      if (result === undefined) return SAME;
      if (result.type === 'get') present.set(path, result);
    }
    return this.#tell({ kind: 'gap', ...this.#difference(known, present, [...paths]) }, known);
  }

  /** Undefined: not now. The end of the session tells itself; anything else is read behind what comes first. */
  #read(type: 'subtree' | 'get', path: string): ReadResult | undefined {
    const result = this.#source.current.readNow({ type, path });
    if (result === undefined) this.#source.peer.afterTurn(() => this.#cursor.changed());
    const isEnd =
      result?.type === 'error' && (result.code === 'CLOSED' || result.code === 'SESSION_EXPIRED');
    return isEnd ? undefined : result;
  }

  /** What is gone, children before parents; then what is new or changed, parents before children. */
  #difference(
    known: ReadonlySet<string>,
    present: Nodes,
    suspects: readonly string[],
  ): Pick<Update<RawChange>, 'zxid' | 'changes'> {
    const gone = suspects.filter((path) => known.has(path) && !present.has(path));
    const differs = [...present].filter(
      ([path, { stat }]) => !known.has(path) || stat.mzxid > this.#zxid,
    );
    const last = new Map<string, WatchedNode | undefined>();
    for (const path of gone.sort().reverse()) last.set(path, undefined);
    for (const [path, node] of differs) last.set(path, node);
    return { zxid: this.#source.peer.zxid, changes: this.#changes(last, known) };
  }

  /** A change that is refused is told as that, behind the others: the consumer goes on with what it knew. */
  #tell({ kind, zxid, changes: raw }: Update<RawChange>, known: Set<string>): Update<C> {
    if (kind !== 'transaction') this.#backlog.restart();
    this.#known = known;
    this.#zxid = zxid;
    const changes: C[] = [];
    for (const change of raw) {
      try {
        changes.push(this.#tree.change(change));
        this.#unseen.delete(change.path);
      } catch (error) {
        this.#refusals.push(error);
        if (change.type === 'created') this.#unseen.add(change.path);
      }
      if (change.type === 'deleted') known.delete(change.path);
      else known.add(change.path);
    }
    return { kind, zxid, changes };
  }

  /** The last word on each path, in the terms of what the consumer knows. */
  #changes(
    last: ReadonlyMap<string, WatchedNode | undefined>,
    known: ReadonlySet<string>,
  ): RawChange[] {
    const changes: RawChange[] = [];
    for (const [path, node] of last) {
      if (node !== undefined) {
        const isSeen = known.has(path) && !this.#unseen.has(path);
        changes.push({ type: isSeen ? 'changed' : 'created', path, node });
      } else if (known.has(path)) changes.push({ type: 'deleted', path });
    }
    return changes;
  }
}
