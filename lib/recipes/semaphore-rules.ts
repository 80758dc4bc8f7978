/**
 * Curator's layout: `<path>/leases` has a node for each lease, `<path>/locks` a line of those who wait for one.
 * Whoever is first in that line takes its leases and waits until there is room for them; only then it leaves
 * the line. So a lease that is given back wakes one.
 */
import { joinPath, nameOf, parentOf } from '../base/path.ts';
import type { ReadOptions, Session } from '../client/client.ts';
import { utf8 } from '../client/codec.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { RawSession } from './any-client.ts';
import { type Claim, claim } from './claim.ts';
import { namesHeldHere } from './held-here.ts';
import { KeptNumber } from './kept-number.ts';
import { idOf, lineOf } from './names.ts';
import type { Patience } from './patience.ts';
import { pathsIn, QueueRules } from './queue-rules.ts';
import type { Rules, Standing } from './rules.ts';

/** How much of a semaphore to take. */
export interface LeaseOptions extends WaitOptions {
  /** How many leases, all or none: 1 to as many as there are. @default 1 */
  readonly weight?: number;
}

/** A lease is held by those whose nodes are the first so many: whoever came later makes room. */
export class SemaphoreRules implements Rules<string, LeaseOptions> {
  readonly path: string;
  readonly #size: number;
  readonly #owner: string;
  readonly #leases: string;
  readonly #locks: string;
  readonly #gate: QueueRules<string, LeaseOptions>;
  readonly #kept: KeptNumber;

  constructor(path: string, size: number, owner: string) {
    this.path = path;
    this.#size = size;
    this.#owner = owner;
    this.#leases = joinPath(path, 'leases');
    this.#locks = joinPath(path, 'locks');
    this.#gate = new QueueRules([this.#locks], 'lock', owner);
    this.#kept = new KeptNumber(path, size, 'semaphore', 'leases');
  }

  async stand(
    session: Session<unknown, string>,
    options: LeaseOptions | undefined,
    wait: Patience,
    isPatient: boolean,
  ): Promise<Claim> {
    await this.#kept.write(session.as(utf8), wait);
    if (isPatient) return await this.#gate.stand(session, options, wait);
    return await this.#takeLeases(session, options, wait);
  }

  async standing(
    claimed: Claim,
    options: LeaseOptions | undefined,
    wait: Patience,
  ): Promise<Standing> {
    const { session } = claimed;
    if (parentOf(claimed.paths[0]) === this.#leases) {
      return await this.#leasesStanding(claimed, options, wait);
    }
    const gate = await this.#gate.standing(claimed, options, wait);
    if (gate.type === 'granted') {
      const leases = await this.#takeLeases(session.as(utf8), options, wait, claimed);
      return { type: 'moved', claim: leases };
    }
    if (gate.type !== 'waiting') return gate;
    const held = await pathsIn(session, this.#leases, wait.left);
    return { ...gate, isForItself: this.#isForItself(held, options) };
  }

  async ahead(claimed: Claim, wait: Patience): Promise<string[]> {
    const leases = await pathsIn(claimed.session, this.#leases, wait.left);
    const last = lastOf(leases, claimed);
    if (last === undefined) {
      return distinct([...leases, ...(await this.#gate.ahead(claimed, wait))]);
    }
    const own = new Set(claimed.paths);
    return last < this.#size
      ? []
      : distinct(leases.slice(0, last).filter((path) => !own.has(path)));
  }

  async isTaken(
    session: RawSession,
    options: LeaseOptions | undefined,
    wait: Patience,
  ): Promise<boolean> {
    const [leases, gates] = await Promise.all([
      pathsIn(session, this.#leases, wait.left),
      pathsIn(session, this.#locks, wait.left),
    ]);
    return gates.length > 0 || leases.length + weightOf(options) > this.#size;
  }

  async line(session: RawSession, options: ReadOptions): Promise<string[]> {
    const [leases, gates] = await Promise.all([
      pathsIn(session, this.#leases, options),
      pathsIn(session, this.#locks, options),
    ]);
    return distinct([...leases, ...gates]);
  }

  async #leasesStanding(
    claimed: Claim,
    options: LeaseOptions | undefined,
    wait: Patience,
  ): Promise<Standing> {
    const { session } = claimed;
    // Both are read in one step: of one state of the tree.
    const [paths, node] = await Promise.all([
      pathsIn(session, this.#leases, wait.left),
      session.as(utf8).find(this.path, wait.left),
    ]);
    this.#kept.check(node);
    const last = lastOf(paths, claimed);
    if (last === undefined) return { type: 'displaced' };
    if (last < this.#size) return { type: 'granted' };
    return {
      type: 'waiting',
      isForItself: this.#isForItself(paths, options),
      changed: async (left) => {
        await session.watchChildren(this.#leases).until((names) => {
          const now = lastOf(
            lineOf(names).map(({ name }) => joinPath(this.#leases, name)),
            claimed,
          );
          return now === undefined || now < this.#size;
        }, left.left);
      },
    };
  }

  #takeLeases(
    session: Session<unknown, string>,
    options: LeaseOptions | undefined,
    wait: Patience,
    gate?: Claim,
  ): Promise<Claim> {
    const folders = Array.from({ length: weightOf(options) }, () => this.#leases);
    return claim({ session, kind: 'lease', folders, data: this.#owner }, wait, gate);
  }

  /** If even all others gave theirs back, there would not be enough. */
  #isForItself(leases: readonly string[], options: LeaseOptions | undefined): boolean {
    const here = new Set(namesHeldHere());
    const held = here.size === 0 ? 0 : leases.filter((path) => here.has(nameOf(path))).length;
    return held > 0 && held + weightOf(options) > this.#size;
  }
}

function weightOf(options: LeaseOptions | undefined): number {
  return options?.weight ?? 1;
}

/** The place of the last of its nodes; undefined: one of them is gone. */
function lastOf(paths: readonly string[], claimed: Claim): number | undefined {
  const places = claimed.paths.map((path) => paths.indexOf(path));
  return places.includes(-1) ? undefined : Math.max(...places);
}

/** One path of each who is there. */
function distinct(paths: readonly string[]): string[] {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const id = idOf(nameOf(path));
    if (!seen.has(id)) seen.set(id, path);
  }
  return [...seen.values()];
}
