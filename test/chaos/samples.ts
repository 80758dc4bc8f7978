/** Histories for the tests of the checkers. */
import type { Stat } from '../../lib/index.ts';
import type { Change, Feed, History, Operation, Reply, Request } from './history.ts';

/** The Stat of a node that was created by that transaction. */
export function statAt(zxid: bigint, values: Partial<Stat> = {}): Stat {
  const zxids = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: 1, mtime: 1 };
  const versions = { version: 0, cversion: 0, aversion: 0 };
  const rest = { ephemeralOwner: 0n, dataLength: 1, numChildren: 0 };
  return { ...zxids, ...versions, ...rest, ...values };
}

/** A run that is as it should be, made up write by write; a test then bends it. */
export class Sample {
  readonly operations: Operation[] = [];
  readonly #feed: { zxid: bigint; changes: Change[] }[] = [];
  #zxid = 1n;
  #time = 0;

  /** The tree at the beginning: the root alone. */
  readonly root: Change = {
    type: 'created',
    node: { path: '/c', data: '', stat: statAt(1n, { dataLength: 0 }) },
  };

  get zxid(): bigint {
    return this.#zxid;
  }

  /** What one watch told. */
  feed(peer = 1): { peer: number; snapshot: Feed['snapshot']; transactions: Feed['transactions'] } {
    const snapshot = { zxid: 1n, changes: [this.root] };
    return { peer, snapshot, transactions: this.#feed.map((one) => ({ ...one })) };
  }

  history(values: Partial<History> = {}): History {
    const rest = {
      feeds: [this.feed()],
      told: new Map(),
      claims: [],
      grants: [],
      deeds: [],
      closed: [],
      complaints: [],
    };
    return { operations: this.operations, ...rest, ...values };
  }

  /** A transaction; `change` is given its zxid. */
  transaction(change: (zxid: bigint) => Change | Change[]): bigint {
    this.#zxid += 1n;
    this.#feed.push({ zxid: this.#zxid, changes: [change(this.#zxid)].flat() });
    return this.#zxid;
  }

  ask(
    id: string,
    request: Request,
    reply: Reply | undefined,
    values: Partial<Operation> = {},
  ): void {
    this.#time += 10;
    const outcome = reply?.type === 'failed' ? reply.outcome : 'applied';
    this.operations.push({
      ...{ id, peer: 1, session: 100n, isKeeper: false, request, reply },
      outcome: reply === undefined ? 'unknown' : outcome,
      invoked: this.#time,
      returned: reply === undefined ? Number.POSITIVE_INFINITY : this.#time + 5,
      ...values,
    });
  }

  /** A create that was acknowledged. */
  create(id: string, path: string, ephemeralOwner = 0n, values: Partial<Operation> = {}): Stat {
    let stat = statAt(0n);
    this.transaction((zxid) => {
      stat = statAt(zxid, { ephemeralOwner, dataLength: id.length });
      return { type: 'created', node: { path, data: id, stat } };
    });
    const mode = ephemeralOwner === 0n ? {} : ({ mode: 'ephemeral' } as const);
    const reply: Reply = { type: 'written', results: [{ path, stat }] };
    this.ask(id, { kind: 'create', path, ...mode }, reply, values);
    return stat;
  }

  /** A set that was acknowledged. */
  set(id: string, path: string, before: Stat, values: Partial<Operation> = {}): Stat {
    let stat = before;
    this.transaction((zxid) => {
      stat = { ...before, mzxid: zxid, version: before.version + 1, dataLength: id.length };
      return { type: 'changed', node: { path, data: id, stat } };
    });
    this.ask(id, { kind: 'set', path }, { type: 'written', results: [{ path, stat }] }, values);
    return stat;
  }

  /** A delete that was acknowledged. */
  delete(id: string, path: string, values: Partial<Operation> = {}): void {
    this.transaction(() => ({ type: 'deleted', path }));
    this.ask(id, { kind: 'delete', path }, { type: 'written', results: [undefined] }, values);
  }

  read(id: string, path: string, data: string | undefined, stat: Stat, linearizable = false): void {
    const node = data === undefined ? undefined : { path, data, stat };
    this.ask(id, { kind: 'get', path, linearizable }, { type: 'read', node });
  }
}
