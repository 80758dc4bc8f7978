/** The nodes of one contender: made in one transaction, gone with the session or when they are removed. */
import { QuorateError } from '../base/errors.ts';
import { joinPath } from '../base/path.ts';
import type { Created, ReadOptions, Session } from '../client/client.ts';
import { unguarded } from '../client/client-view.ts';
import { bytes } from '../client/codec.ts';
import type { EphemeralOp, Op } from '../client/operation.ts';
import type { RawSession } from './any-client.ts';
import { makeFolder } from './folder.ts';
import { keepTrying, WITHOUT_END } from './keep-trying.ts';
import { type Kind, newNameOf, uniqueId } from './names.ts';
import { ofEach } from './of-each.ts';
import type { Patience } from './patience.ts';

/** What is asked for: a node in each folder. One that is named twice gets two. */
export interface Wish<In> {
  readonly session: Session<unknown, In>;
  readonly kind: Kind;
  readonly folders: readonly string[];
  readonly data: In | undefined;
  /** Must hold in the transaction that takes the places; an error of theirs has their index. */
  readonly checks?: readonly Op<In>[];
}

/** How often folders may vanish between being made and being used: containers are swept when they are empty. */
const ATTEMPTS = 10;

/** For a node that was acknowledged: it is known here, unless it is gone. */
const STALE: ReadOptions = { ...WITHOUT_END, consistency: 'stale' };

type Nodes = readonly [Created, ...Created[]];

/** Places in one or more lines, taken at once. */
export class Claim {
  readonly session: RawSession;
  /** What its names have in common, and no other's have. */
  readonly id: string;
  /** In the order of the wish. */
  readonly paths: readonly [string, ...string[]];
  /** The transaction that made the nodes: rises from claim to claim. */
  readonly fence: bigint;
  /** A place that is only needed until this one is granted. */
  readonly gate: Claim | undefined;
  #removed: Promise<void> | undefined;

  constructor(session: RawSession, id: string, nodes: Nodes, gate?: Claim) {
    const [first, ...others] = nodes;
    this.session = session;
    this.id = id;
    this.paths = [first.path, ...others.map(({ path }) => path)];
    this.fence = first.stat.czxid;
    this.gate = gate;
  }

  /** Whether all its nodes are there, and its own. */
  async stands(wait: Patience): Promise<boolean> {
    const { session, fence } = this;
    // They were acknowledged: what others have under way in this session says nothing of them.
    const look = { ...wait.left, consistency: 'unordered' } as const;
    const stats = await ofEach(this.paths, (path) => session.exists(path, look));
    return stats.every((stat) => stat?.czxid === fence && stat.ephemeralOwner === session.id);
  }

  /**
   * Removes its nodes, and no other's. Resolves when they are gone or the session has ended, however long
   * that takes; never rejects.
   */
  remove(): Promise<void> {
    this.#removed ??= this.#remove();
    return this.#removed;
  }

  async #remove(): Promise<void> {
    const removal = keepTrying(this.session, () => this.#removeLeft());
    await this.gate?.remove();
    await removal;
  }

  async #removeLeft(): Promise<void> {
    const left = await this.#left();
    const session = unguarded(this.session);
    const [only] = left;
    if (only === undefined) return;
    if (left.length === 1) return session.delete(only, WITHOUT_END);
    // In one transaction: who waits for several is woken once.
    await session.multi(
      left.map((path) => ({ delete: path })),
      WITHOUT_END,
    );
  }

  /** Those of its nodes that are still there. */
  async #left(): Promise<string[]> {
    const stats = await ofEach(this.paths, (path) => this.session.exists(path, STALE));
    return this.paths.filter((_, at) => stats[at]?.czxid === this.fence);
  }
}

/**
 * Takes the places. If it fails nothing is left behind: where nobody can say yet what became of the nodes
 * they are looked for later, by the id in their names.
 */
export async function claim<In>(wish: Wish<In>, wait: Patience, gate?: Claim): Promise<Claim> {
  const session = wish.session.as(bytes);
  for (let attempt = 1; ; attempt += 1) {
    const id = gate?.id ?? uniqueId();
    try {
      return new Claim(session, id, await create(wish, id, wait), gate);
    } catch (error) {
      if (isOfFolder(error, wish.checks?.length ?? 0) && attempt < ATTEMPTS) {
        for (const folder of new Set(wish.folders)) await makeFolder(session, folder, wait.left);
        continue;
      }
      void forget(session, new Set(wish.folders), id, error);
      throw error;
    }
  }
}

/** A folder is missing, not what is checked. */
function isOfFolder(error: unknown, checks: number): boolean {
  return QuorateError.is(error, 'NO_NODE') && (error.index ?? checks) >= checks;
}

async function create<In>(wish: Wish<In>, id: string, wait: Patience): Promise<Nodes> {
  const { session, kind, folders, data, checks = [] } = wish;
  const { name, sequential } = newNameOf(id, kind);
  const creates: EphemeralOp<In>[] = folders.map((folder) => ({
    create: joinPath(folder, name),
    sequential,
    ephemeral: true,
    ...(data === undefined ? {} : { data }),
  }));
  const [only] = creates;
  if (only !== undefined && creates.length + checks.length === 1) {
    const { create: path, data: own, ...how } = only;
    return [await session.create(path, own, { ...how, ...wait.left })];
  }
  const results: readonly unknown[] = await session.multi([...checks, ...creates], wait.left);
  const [first, ...others] = results.slice(checks.length).filter(isCreated);
  if (first === undefined) throw new TypeError('a claim has one folder at least');
  return [first, ...others];
}

function isCreated(result: unknown): result is Created {
  return typeof result === 'object' && result !== null && 'path' in result && 'stat' in result;
}

/** Removes what a create of unknown fate may have made. */
async function forget(
  session: RawSession,
  folders: ReadonlySet<string>,
  id: string,
  error: unknown,
): Promise<void> {
  if (!QuorateError.is(error) || (await error.settled) === 'not-applied') return;
  for (const folder of folders) {
    await keepTrying(session, async () => {
      await session.sync(WITHOUT_END);
      const names = await session.children(folder, WITHOUT_END).catch(noneIfAbsent);
      const own = names.filter((name) => name.includes(id));
      const deletes = own.map((name) => ({ delete: joinPath(folder, name) }));
      if (deletes.length > 0) await unguarded(session).multi(deletes, WITHOUT_END);
    });
  }
}

function noneIfAbsent(error: unknown): string[] {
  if (QuorateError.is(error, 'NO_NODE')) return [];
  throw error;
}
