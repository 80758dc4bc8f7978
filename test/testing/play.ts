/** Hand-made histories of what several processes do, one transaction after the other. */
import type { Zxid } from '../../lib/base/zxid.ts';
import type { Grant } from '../../lib/recipes/index.ts';
import type { Proposed } from '../../lib/testing/ghost.ts';
import type { Holder } from '../../lib/testing/grants/grant-book.ts';
import type { Observer, Predicate } from '../../lib/testing/predicates/predicate.ts';
import type { Acl } from '../../lib/tree/acl.ts';
import type { Change } from '../../lib/tree/txn.ts';
import { fires, holds, STORE, Stage } from './stage.ts';

const OPEN: Acl = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
const encoder = new TextEncoder();

export function made(path: string, data: unknown = ''): Change {
  const text = encoder.encode(typeof data === 'string' ? data : JSON.stringify(data));
  return { type: 'create', path, data: text, acl: OPEN, kind: 'persistent', ttl: 0, owner: 0n };
}

export function gone(path: string): Change {
  return { type: 'delete', path };
}

export function checked(path: string): Change {
  return { type: 'check', path };
}

/** A group whose transactions are what a test says, by whom it says. */
export class Play extends Stage {
  #last: Proposed = this.ghost.root;
  #counter = 0;
  readonly #versions = new Map<string, number>();
  on: Required<Observer> | undefined;
  /** Of the next transactions, ms. */
  time = 1_000;

  /** One transaction of a process. @returns its zxid */
  by(peer: number, ...changes: Change[]): Zxid {
    const owner = { peer, store: STORE(peer), boot: 1 };
    const spans = changes.map(() => 1);
    const body = { type: 'change', changes, spans, multi: true } as const;
    this.#counter += 1;
    const txn = { session: 0n, cxid: 0, resolved: 0, owner, time: this.time, body };
    this.#last = this.txn(1, this.#counter, txn, this.#last);
    this.commit(this.#last);
    const decided = this.model.decided.get(this.#last.zxid);
    if (decided === undefined) throw new Error('a transaction is decided');
    this.on?.decided(decided);
    return this.#last.zxid;
  }

  set(path: string, data: unknown): Change {
    const version = (this.#versions.get(path) ?? 0) + 1;
    this.#versions.set(path, version);
    return { type: 'set', path, data: encoder.encode(JSON.stringify(data)), version };
  }

  process(id: number): Holder {
    const peer = { ...this.peer(id), free: true };
    return { peer, alive: true, has: () => true, run: (work) => work() };
  }
}

/** A grant that its holder believes in. */
export function grantOf(path: string, fence: bigint, isOver = false): Grant {
  return {
    path,
    fence,
    signal: new AbortController().signal,
    ended: new Promise<void>(() => {}),
    assertHeld: () => {
      if (isOver) throw new Error('it is over');
    },
    release: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** What a test does after the folders are there. */
export type Act = (play: Play) => void;

export function judge(
  verdict: string,
  predicate: Predicate,
  folders: readonly string[],
  act: Act,
): void {
  const play = new Play();
  const all = (on: Required<Observer>): void => {
    play.on = on;
    for (const folder of folders) play.by(1, made(folder));
    act(play);
  };
  if (verdict === 'holds') holds(predicate, play, all);
  else fires(predicate, verdict, play, all);
}
