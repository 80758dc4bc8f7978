/** Asks a session for what a request says, and writes down question and answer. */
import { type Created, QuorateError, type Session, type Stat } from '../../lib/index.ts';
import type { Mode, Part, Reply, Request, Seen } from './history.ts';
import { keptAcl, LIFETIME } from './places.ts';
import { instant, type Recorder } from './recorder.ts';

const TIMEOUT = 4_000;

export class Asking {
  readonly #recorder: Recorder;
  readonly #prefix: string;
  #count = 0;
  /** The last transaction that an answer has shown, by session. */
  readonly shown: Map<bigint, bigint> = new Map();
  /** Sessions that have authenticated themselves. */
  readonly keepers: Set<bigint> = new Set();

  /** @param prefix of the ids of operations, unique to this process */
  constructor(recorder: Recorder, prefix: string) {
    this.#recorder = recorder;
    this.#prefix = prefix;
  }

  /** Never rejects. */
  async ask(session: Session, request: Request): Promise<Reply> {
    const id = this.#invoke(session.id, request);
    const reply = await answer(session, request, id).catch((error: unknown) => {
      if (!QuorateError.is(error)) throw error;
      const { code, outcome, index } = error;
      if (outcome === 'unknown') void this.#settle(id, error);
      const failed = { type: 'failed', code, outcome } as const;
      return index === undefined ? failed : { ...failed, index };
    });
    this.#show(session.id, reply);
    this.#recorder.record({ t: 'reply', id, at: instant(), reply });
    return reply;
  }

  /** What a watch told by itself. Its states never go back, as those that a session reads. @param watch unique in the run */
  told(watch: bigint, request: Request, reply: Reply): void {
    const id = this.#invoke(watch, request);
    this.#recorder.record({ t: 'reply', id, at: instant(), reply });
  }

  #invoke(session: bigint, request: Request): string {
    this.#count += 1;
    const id = `${this.#prefix}.${this.#count}`;
    const isKeeper = this.keepers.has(session);
    this.#recorder.record({ t: 'invoke', id, session, isKeeper, at: instant(), request });
    return id;
  }

  async #settle(id: string, error: QuorateError): Promise<void> {
    this.#recorder.record({ t: 'settled', id, outcome: await error.settled });
  }

  #show(session: bigint, reply: Reply): void {
    for (const zxid of zxidsOf(reply)) {
      if (zxid > (this.shown.get(session) ?? 0n)) this.shown.set(session, zxid);
    }
  }
}

function zxidsOf(reply: Reply): bigint[] {
  const seen = reply.type === 'written' ? reply.results : [];
  const nodes = reply.type === 'read' ? [reply.node] : seen;
  return nodes.flatMap((node) => (node === undefined ? [] : [node.stat.mzxid, node.stat.pzxid]));
}

async function answer(session: Session, request: Request, id: string): Promise<Reply> {
  const wait = { timeout: TIMEOUT };
  switch (request.kind) {
    case 'multi': {
      const operations = request.parts.map((part) => operationOf(part, id));
      const results = await session.multi(operations, wait);
      return { type: 'written', results: results.map((one, at) => seen(request.parts[at], one)) };
    }
    case 'create': {
      const { path, mode } = request;
      const made = await session.create(path, id, { ...wait, ...nodeOf(mode) });
      return { type: 'written', results: [made] };
    }
    case 'set': {
      const stat = await session.set(request.path, id, { ...wait, ...versionOf(request) });
      return { type: 'written', results: [{ path: request.path, stat }] };
    }
    case 'delete':
      await session.delete(request.path, { ...wait, ...versionOf(request) });
      return { type: 'written', results: [undefined] };
    case 'delete-all':
      await session.delete(request.path, { ...wait, recursive: true });
      return { type: 'written', results: [undefined] };
    case 'check':
      throw new TypeError('a check is a part of a multi');
    default:
      return read(session, request);
  }
}

async function read(
  session: Session,
  { kind, path, linearizable }: Extract<Request, { linearizable: boolean }>,
): Promise<Reply> {
  const consistency = linearizable ? 'linearizable' : 'local';
  const options = { timeout: TIMEOUT, consistency } as const;
  if (kind === 'children') {
    return { type: 'names', names: await session.children(path, options) };
  }
  if (kind === 'get') return { type: 'read', node: await session.find(path, options) };
  const stat = await session.exists(path, options);
  return { type: 'read', node: stat === undefined ? undefined : { path, stat } };
}

function versionOf({ version }: { readonly version?: number }): { readonly version?: number } {
  return version === undefined ? {} : { version };
}

function nodeOf(mode: Mode | undefined) {
  switch (mode) {
    case undefined:
      return {};
    case 'ttl':
      return { ttl: LIFETIME };
    case 'kept':
      return { acl: keptAcl() };
    default:
      return { [mode]: true };
  }
}

function operationOf(part: Part, data: string) {
  const { path } = part;
  switch (part.kind) {
    case 'create':
      return { create: path, data, ...nodeOf(part.mode) };
    case 'set':
      return { set: path, data, ...versionOf(part) };
    case 'delete':
      return { delete: path, ...versionOf(part) };
    case 'check':
      return { check: path, ...versionOf(part) };
  }
}

function seen(part: Part | undefined, result: Created | Stat | undefined): Seen | undefined {
  if (part === undefined || result === undefined) return undefined;
  return 'stat' in result ? result : { path: part.path, stat: result };
}
