/** A group of one without consensus: what is prepared is applied, at once or later. */
import assert from 'node:assert/strict';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import { type Acl, PERMISSION } from '../../lib/tree/acl.ts';
import type { CheckpointPart, TakenPart } from '../../lib/tree/checkpoint-record.ts';
import { Prep, type PrepOptions, type Verdict } from '../../lib/tree/prep.ts';
import type {
  CreateMode,
  Operation,
  OperationResult,
  Owner,
  Request,
} from '../../lib/tree/request.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import { type Applied, StateMachine } from '../../lib/tree/state-machine.ts';
import type { Txn } from '../../lib/tree/txn.ts';
import { decodeCheckpointPart, encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';

export const OPEN: Acl = [{ scheme: 'world', id: 'anyone', permissions: PERMISSION.all }];
export const START = 1_700_000_000_000;

export function ownerOf(peer: number, boot = 1): Owner {
  return { peer, store: String(peer).repeat(32).slice(0, 32), boot };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

interface CreateOptions {
  readonly data?: Uint8Array | string;
  readonly mode?: CreateMode;
  readonly acl?: Acl;
  readonly ttl?: number;
  readonly parents?: boolean;
}

export function create(
  path: string,
  options: CreateOptions = {},
): Extract<Operation, { type: 'create' }> {
  const { data = '', mode = 'persistent', acl = OPEN, ttl = 0, parents = false } = options;
  return {
    type: 'create',
    path,
    data: typeof data === 'string' ? bytes(data) : data,
    acl,
    mode,
    ttl,
    parents,
  };
}

export function set(path: string, data: string, version = -1): Extract<Operation, { type: 'set' }> {
  return { type: 'set', path, data: bytes(data), version };
}

export function remove(
  path: string,
  options: { version?: number; recursive?: boolean } = {},
): Extract<Operation, { type: 'delete' }> {
  return {
    type: 'delete',
    path,
    version: options.version ?? -1,
    recursive: options.recursive ?? false,
  };
}

export function check(
  path: string,
  version = -1,
  czxid?: bigint,
): Extract<Operation, { type: 'check' }> {
  return { type: 'check', path, version, ...(czxid === undefined ? {} : { czxid }) };
}

export function setAcl(
  path: string,
  acl: Acl,
  version = -1,
): Extract<Operation, { type: 'set-acl' }> {
  return { type: 'set-acl', path, acl, version };
}

/** The code of an error, or the type of a success. */
export function outcome(result: OperationResult): string {
  return result.type === 'error' ? result.code : result.type;
}

export class World {
  readonly state: StateMachine;
  readonly prep: Prep;
  /** Ms since the start. */
  now = 0;
  /** Everything proposed, in order. */
  readonly log: { readonly zxid: Zxid; readonly txn: Txn }[] = [];
  #counter: number;
  #applied = 0;
  readonly #numbers = new Map<string, number>();

  constructor(options: Partial<PrepOptions> = {}, state: StateMachine = new StateMachine()) {
    this.state = state;
    this.prep = new Prep(state, { owner: ownerOf(1), ...options });
    this.#counter = Number(state.zxid & 0xffff_ffffn);
    if (options.maxTreeBytes !== undefined) this.lead();
  }

  /** Goes on with the numbers of another world's requests. */
  adopt(before: World): void {
    for (const [key, number] of before.#numbers) this.#numbers.set(key, number);
  }

  get nextZxid(): Zxid {
    return makeZxid(1, this.#counter + 1);
  }

  /** The next number of a session, or of an owner. */
  number(session: bigint, owner: Owner): number {
    const key = session === 0n ? JSON.stringify(owner) : String(session);
    const next = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, next);
    return next;
  }

  /** Prepares a request; what comes of it waits to be applied. */
  propose(request: Request): Verdict {
    const verdict = this.prep.prepare(request, this.nextZxid, START + this.now);
    if (verdict.type === 'txn') this.#push(verdict.txn);
    return verdict;
  }

  /** Proposes the leader's own. */
  own(make: (zxid: Zxid, time: number) => Txn | undefined): boolean {
    const txn = make(this.nextZxid, START + this.now);
    if (txn !== undefined) this.#push(txn);
    return txn !== undefined;
  }

  /** Applies an EPOCH_START: what the options say of the tree holds from here on. */
  lead(): void {
    this.own((_, time) => this.prep.epochStart(1, 1, 1, time));
    this.settle();
  }

  #push(txn: Txn): void {
    this.log.push({ zxid: this.nextZxid, txn });
    this.#counter += 1;
  }

  /** Applies what waits, at most so much. */
  settle(count: number = Number.POSITIVE_INFINITY): Applied[] {
    const done: Applied[] = [];
    for (; done.length < count && this.#applied < this.log.length; this.#applied += 1) {
      const entry = this.log[this.#applied];
      assert(entry !== undefined);
      done.push(this.state.apply(entry.zxid, entry.txn));
      this.prep.applied(entry.zxid);
    }
    return done;
  }

  /** Prepares and applies one request of a session. */
  apply(session: bigint, operation: Operation, owner: Owner = ownerOf(1)): Applied {
    const cxid = this.number(session, owner);
    const verdict = this.propose({ session, cxid, resolved: cxid - 1, owner, operation });
    assert(
      verdict.type === 'txn',
      `${operation.type}: ${JSON.stringify(verdict, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`,
    );
    const applied = this.settle().at(-1);
    assert(applied !== undefined);
    return applied;
  }

  do(session: bigint, operation: Operation, owner: Owner = ownerOf(1)): OperationResult {
    return this.apply(session, operation, owner).result;
  }

  open(
    owner: Owner = ownerOf(1),
    options: Partial<Extract<Operation, { type: 'create-session' }>> = {},
  ): bigint {
    const result = this.do(
      0n,
      {
        type: 'create-session',
        kind: 'peer',
        timeout: 6000,
        password: new Uint8Array(),
        address: '',
        ...options,
      },
      owner,
    );
    assert(result.type === 'create-session');
    return result.session;
  }

  close(session: bigint, owner: Owner = ownerOf(1)): Applied {
    return this.apply(session, { type: 'close-session', session, reason: 'closed' }, owner);
  }
}

/** All parts of a checkpoint, so many nodes at a time. */
export function parts(state: StateMachine, limit = 3): CheckpointPart[] {
  const checkpoint = state.checkpoint();
  const all: CheckpointPart[] = [];
  for (let part = checkpoint.next(limit); part !== undefined; part = checkpoint.next(limit))
    all.push(kept(part));
  return all;
}

/** A part of which the nodes are not lent. */
export function kept(part: TakenPart): CheckpointPart {
  return decodeCheckpointPart(encodeCheckpointPart(part, 0), 0);
}

export function restore(from: readonly CheckpointPart[]): StateMachine {
  const restorer = new Restorer();
  for (const part of from) restorer.add(part);
  return restorer.finish();
}
