/** The rules of a line in which whoever came first goes first, and readers go together. */
import { QuorateError } from '../base/errors.ts';
import { joinPath, nameOf, parentOf } from '../base/path.ts';
import type { ReadOptions, Session } from '../client/client.ts';
import type { AnyClient, RawSession } from './any-client.ts';
import { type Claim, claim } from './claim.ts';
import { namesHeldHere } from './held-here.ts';
import { aheadOf, type Kind, lastAhead, lineOf, type Place, placeOf } from './names.ts';
import { ofEach } from './of-each.ts';
import type { Patience } from './patience.ts';
import type { Rules, Standing } from './rules.ts';

/** One line in each folder; several are entered in one transaction, and it takes its turn in all of them. */
export class QueueRules<In, O = unknown> implements Rules<In, O> {
  readonly path: string;
  readonly #folders: readonly string[];
  readonly #kind: Kind;
  readonly #data: In | undefined;

  /** @param data what its nodes say of their owner */
  constructor(folders: readonly [string, ...string[]], kind: Kind, data: In | undefined) {
    this.path = folders.join(' + ');
    this.#folders = folders;
    this.#kind = kind;
    this.#data = data;
  }

  stand(session: Session<unknown, In>, _: O | undefined, wait: Patience): Promise<Claim> {
    const wish = { session, kind: this.#kind, folders: this.#folders, data: this.#data };
    return claim(wish, wait);
  }

  async standing(claimed: Claim, _: O | undefined, wait: Patience): Promise<Standing> {
    const standings = await ofEach(claimed.paths, (path) =>
      standingOf(claimed.session, path, wait),
    );
    // What can never be is told before what is to be waited for.
    return (
      standings.find(({ type }) => type === 'displaced') ??
      standings.find((standing) => standing.type === 'waiting' && standing.isForItself) ??
      standings.find(({ type }) => type === 'waiting') ?? { type: 'granted' }
    );
  }

  async ahead(claimed: Claim, wait: Patience): Promise<string[]> {
    const all = claimed.paths.map((path) => aheadIn(claimed.session, path, wait));
    return (await Promise.all(all)).find((ahead) => ahead.length > 0) ?? [];
  }

  async isTaken(session: RawSession, _: O | undefined, wait: Patience): Promise<boolean> {
    const isReader = this.#kind === 'read';
    for (const folder of this.#folders) {
      const line = await lineIn(session, folder, wait.left);
      if (line.some(({ isShared }) => !(isShared && isReader))) return true;
    }
    return false;
  }

  async line(session: RawSession, options: ReadOptions): Promise<string[]> {
    const lines = this.#folders.map((folder) => pathsIn(session, folder, options));
    return (await Promise.all(lines)).flat();
  }
}

/** The names in a folder; none if it is absent. */
export async function namesIn(
  session: AnyClient,
  folder: string,
  options: ReadOptions,
): Promise<string[]> {
  try {
    return await session.children(folder, options);
  } catch (error) {
    if (!QuorateError.is(error, 'NO_NODE')) throw error;
    return [];
  }
}

/** Those who stand in line in a folder. */
export async function lineIn(
  session: RawSession,
  folder: string,
  options: ReadOptions,
): Promise<Place[]> {
  return lineOf(await namesIn(session, folder, options));
}

/** The same as paths. */
export async function pathsIn(
  session: RawSession,
  folder: string,
  options: ReadOptions,
): Promise<string[]> {
  const line = await lineIn(session, folder, options);
  return line.map(({ name }) => joinPath(folder, name));
}

/**
 * What a node waits for is the last of those ahead of it: one that goes away wakes one. That this one is
 * gone does not mean that it is its turn, so whoever is woken looks again.
 */
async function standingOf(session: RawSession, path: string, wait: Patience): Promise<Standing> {
  const folder = parentOf(path);
  // Its own node was acknowledged: it need not wait for what others have under way in this session.
  const names = await namesIn(session, folder, { ...wait.left, consistency: 'unordered' });
  const own = placeOf(nameOf(path));
  if (own === undefined || !names.includes(own.name)) return { type: 'displaced' };
  const last = lastAhead(names, own);
  if (last === undefined) return { type: 'granted' };
  // What is held here came before it, so whoever it waits for is that, or waits for that: a writer for its reader.
  const isForItself = isAnyHeld(names);
  return waitingFor(session, joinPath(folder, last.name), isForItself);
}

function isAnyHeld(names: readonly string[]): boolean {
  return namesHeldHere().some((name) => names.includes(name));
}

/** On its own: what waits must not hold on to all the names that were looked at. */
function waitingFor(session: RawSession, path: string, isForItself: boolean): Standing {
  return { type: 'waiting', isForItself, changed: (left) => gone(session, path, left) };
}

/** Those whom it waits behind. */
async function aheadIn(session: RawSession, path: string, wait: Patience): Promise<string[]> {
  const folder = parentOf(path);
  const line = await lineIn(session, folder, wait.left);
  const own = line.find(({ name }) => name === nameOf(path));
  if (own === undefined) return [];
  return aheadOf(line, own).map(({ name }) => joinPath(folder, name));
}

/** Watches a node as it is: one that is gone already is seen to be. */
export async function gone(session: RawSession, path: string, wait: Patience): Promise<void> {
  let first: bigint | undefined;
  await session.watch(path).until((node) => {
    // A foreign name may be given again: the one that was there is gone all the same.
    first ??= node?.stat.czxid;
    return node === undefined || node.stat.czxid !== first;
  }, wait.left);
}
