/** A client of which one call goes wrong: whichever it is, the recipe above it has to come to an end. */
import { ZERO } from '../../lib/base/zxid.ts';
import { ClientView } from '../../lib/client/client-view.ts';
import { type Client, type ErrorCode, type Peer, QuorateError } from '../../lib/index.ts';

/** `before` the call, or `after` it was done. */
export type Fault =
  | 'abort-before'
  | 'abort-after'
  | 'expiry-before'
  | 'expiry-after'
  | 'session-before'
  | 'session-after'
  | 'answer-lost'
  | 'timeout'
  | 'deletion'
  | 'overload'
  | 'quota'
  | 'acl'
  | 'close-before'
  | 'close-after';

/** What goes wrong, and what a caller may be told then: any other error is a bug. */
export const FAULTS: Readonly<Record<Fault, readonly [ErrorCode, ...ErrorCode[]]>> = {
  'abort-before': ['ABORTED'],
  'abort-after': ['ABORTED'],
  'expiry-before': ['SESSION_EXPIRED', 'GRANT_LOST'],
  'expiry-after': ['SESSION_EXPIRED', 'GRANT_LOST'],
  'session-before': ['SESSION_EXPIRED', 'GRANT_LOST'],
  'session-after': ['SESSION_EXPIRED', 'GRANT_LOST'],
  'answer-lost': ['SESSION_EXPIRED', 'GRANT_LOST'],
  timeout: ['TIMED_OUT'],
  deletion: ['GRANT_LOST', 'NO_NODE', 'ABORTED', 'BAD_ARGUMENTS'],
  overload: ['OVERLOADED'],
  quota: ['QUOTA_EXCEEDED'],
  acl: ['NO_AUTH'],
  'close-before': ['CLOSED', 'GRANT_LOST'],
  'close-after': ['CLOSED', 'GRANT_LOST'],
};

/** What was deleted is not coming: whoever waits for it is told to end, after so many ms. */
const GONE = 200;

const WRITES = ['create', 'set', 'setAcl', 'delete', 'multi', 'update', 'ensurePath'];
const CALLS = [...WRITES, 'get', 'find', 'exists', 'children', 'sync'];
/** What gives another view of the same client. */
const VIEWS = ['as', 'namespace', 'guardedBy', 'unguarded', 'withOwnLane'];

/** Where it goes wrong. */
export interface Point {
  readonly peer: Peer;
  readonly fault: Fault;
  /** Which call, from 1. */
  readonly at: number;
  /** What the recipe keeps. */
  readonly path: string;
  readonly stop: AbortController;
}

/** The call at a point goes wrong, once. */
export class Faulty {
  readonly #point: Point;
  #count = 0;
  #isOver = false;
  /** The call that went wrong; undefined: there were not so many. */
  struck: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(point: Point) {
    this.#point = point;
  }

  get client(): Client {
    const { peer, fault } = this.#point;
    const client: Client = fault.startsWith('session') ? peer.session : peer;
    return this.#wrap(client);
  }

  /** The play has come to its end: what is cleaned up behind it goes well. */
  dispose(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #wrap<V extends object>(view: V): V {
    return new Proxy(view, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'session') return this.#wrap(value as object);
        if (typeof value !== 'function') return value;
        const called = String(name);
        return (...args: readonly unknown[]) => {
          const call = (): unknown => Reflect.apply(value, target, args);
          if (VIEWS.includes(called)) return this.#wrap(call() as object);
          return CALLS.includes(called) ? this.#call(called, call, args) : call();
        };
      },
    });
  }

  #call(name: string, call: () => unknown, args: readonly unknown[]): unknown {
    this.#count += 1;
    const { at, fault } = this.#point;
    if (this.#isOver || this.#count !== at) return call();
    const [target] = args;
    this.struck = `${name} ${typeof target === 'string' ? target : 'of several'}`;
    const isWrite = WRITES.includes(name);
    // What no real call is refused with goes well.
    const isRefusal = fault === 'quota' || fault === 'acl';
    const isEndless = fault === 'timeout' && waitsWithoutEnd(args.at(-1));
    if (isEndless || (isRefusal && !isWrite)) return call();
    return this.#strike(isWrite, call, name === 'multi' ? 0 : undefined);
  }

  /** @param index of the operation that is refused */
  async #strike(isWrite: boolean, call: () => unknown, index?: number): Promise<unknown> {
    const { fault, peer, path, stop } = this.#point;
    const [code] = FAULTS[fault];
    switch (fault) {
      case 'timeout':
      case 'answer-lost':
        await call();
        if (fault === 'answer-lost') expire(peer);
        throw failure(code, isWrite);
      case 'deletion':
        await peer.delete(path, { recursive: true }).catch(() => {});
        this.#timer = setTimeout(() => stop.abort(), GONE);
        return await call();
      case 'overload':
      case 'quota':
      case 'acl':
        throw failure(code, false, index);
      default:
        if (fault.endsWith('before')) this.#end();
        try {
          return await call();
        } finally {
          if (fault.endsWith('after')) this.#end();
        }
    }
  }

  /** Of the wait, the session or the peer. */
  #end(): void {
    const { fault, peer, stop } = this.#point;
    if (fault.startsWith('abort')) stop.abort();
    else if (fault.startsWith('close')) void peer.close();
    else expire(peer);
  }
}

function waitsWithoutEnd(options: unknown): boolean {
  const isObject = typeof options === 'object' && options !== null;
  return isObject && 'timeout' in options && options.timeout === Number.POSITIVE_INFINITY;
}

function failure(code: ErrorCode, isInDoubt: boolean, index?: number): QuorateError {
  const outcome = isInDoubt ? 'unknown' : 'not-applied';
  const settled = Promise.resolve(isInDoubt ? ('applied' as const) : ('not-applied' as const));
  return QuorateError.make(code, undefined, { outcome, settled, index });
}

/** As if the group had ended the session: its nodes go, and the next one is opened. */
export function expire(peer: Peer): void {
  if (!(peer instanceof ClientView)) throw new TypeError('a peer of this process');
  const { current } = peer.source;
  const { handle } = current;
  current.stateChanged({
    type: 'state',
    session: handle,
    state: 'expired',
    zxid: ZERO,
    code: undefined,
  });
  current.peer.pipeline.closeSession(handle);
}
