/** Where the states of `watch` and `watchChildren` come from. */
import type { QuorateError } from '../base/errors.ts';
import type { ReadResult } from '../replica/read.ts';
import type { Stat } from '../tree/znode.ts';
import type { SessionSource } from './client-core.ts';
import { type Cursor, type OpenSource, SAME, type StateSource } from './cursor.ts';
import type { Failure } from './failure.ts';
import type { Aspect, NodeWatcher } from './session-watches.ts';

/** Which children are read. */
export interface ChildrenPage {
  readonly limit?: number;
  readonly after?: string;
}

/** What is watched, and how it is read. */
export interface NodeAspect<T> {
  readonly aspect: Aspect;
  /** As the tree knows it. */
  readonly path: string;
  /** Of children. @default all */
  readonly page?: ChildrenPage;
  /** The state at this moment; `identity` is equal for equal states. Throws what refuses it. */
  read(result: ReadResult): { readonly identity: string; readonly state: () => T };
  readonly failure: (failure: Failure) => QuorateError;
}

const READS = { data: 'get', children: 'children' } as const;

function isEnd({ code }: Failure): boolean {
  return code === 'CLOSED' || code === 'SESSION_EXPIRED';
}

/** Opens the states of one aspect of one node, across sessions unless the source is pinned to one. */
export function openNode<T>(source: SessionSource, node: NodeAspect<T>): OpenSource<T> {
  return (cursor) => new NodeSource(source, node, cursor);
}

class NodeSource<T> implements StateSource<T>, NodeWatcher {
  readonly aspect: Aspect;
  readonly #source: SessionSource;
  readonly #node: NodeAspect<T>;
  readonly #cursor: Cursor<T>;
  #isOpen = true;
  #zxid = 0n;
  /** Identity of the state that was given last. */
  #given: string | undefined;

  constructor(source: SessionSource, node: NodeAspect<T>, cursor: Cursor<T>) {
    this.aspect = node.aspect;
    this.#source = source;
    this.#node = node;
    this.#cursor = cursor;
    this.#enter();
  }

  get zxid(): bigint {
    return this.#zxid;
  }

  /**
   * Reads what this peer has applied, whatever is known of the group: the watch has told of a change
   * that is applied, and nothing that is in the tree is ever taken back.
   */
  take(): T | typeof SAME {
    const { path, page } = this.#node;
    const operation = { type: READS[this.aspect], path, ...page };
    const result = this.#source.current.readNow(operation);
    if (result === undefined) {
      // Something else is about to be delivered: the state is read behind it.
      this.#source.peer.afterTurn(() => this.#cursor.changed());
      return SAME;
    }
    // The end of the session is on its way, and will be told by itself.
    if (result.type === 'error' && isEnd(result)) return SAME;
    const { identity, state } = this.#node.read(result);
    if (identity === this.#given) return SAME;
    this.#given = identity;
    this.#zxid = this.#source.peer.zxid;
    return state();
  }

  close(): void {
    this.#isOpen = false;
    this.#source.current.watches.nodes.remove(this.#node.path, this);
  }

  registered(): void {
    this.#cursor.changed();
  }

  changed(): void {
    this.#cursor.changed();
  }

  failed(failure: Failure): void {
    this.#cursor.end(this.#node.failure(failure));
  }

  sessionEnded(cause: QuorateError): void {
    if (!this.#isOpen) return;
    if (this.#source.current.end === undefined) this.#enter();
    else this.#cursor.end(cause);
  }

  /** What was missed between two sessions is in the state that is read when the watch stands again. */
  #enter(): void {
    const { current } = this.#source;
    if (current.end === undefined) current.watches.nodes.add(this.#node.path, this);
    else this.#cursor.end(current.end);
  }
}

/** Tells one incarnation of a node's data from every other. */
export function identityOfData(stat: Stat): string {
  return `${stat.czxid}:${stat.mzxid}`;
}

/** Tells one list of children from every other: `pzxid` moves with each. */
export function identityOfChildren(stat: Stat): string {
  return `${stat.czxid}:${stat.pzxid}:${stat.cversion}`;
}
