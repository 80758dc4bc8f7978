/**
 * Curator's layout: a node for each member, and `ready` while a round is open. What Curator leaves to chance is
 * decided in transactions here. A member's node is made only where no round is open, or beside another member of
 * the open one; `ready` is made only while as many members as are needed stand there, and goes with the node of
 * the last. So while `ready` is the same, all members are of one round, and where there is none it is a leftover.
 */
import { QuorateError } from '../base/errors.ts';
import { joinPath, nameOf } from '../base/path.ts';
import type { Op } from '../client/operation.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { RawSession, Stat } from './any-client.ts';
import { type Claim, claim } from './claim.ts';
import { makeFolder } from './folder.ts';
import { keepTrying, WITHOUT_END } from './keep-trying.ts';
import { isMember } from './names.ts';
import { ownerHere } from './owner.ts';
import { firstOf, type Patience } from './patience.ts';
import { gone, namesIn } from './queue-rules.ts';
import { isTrusted } from './turn.ts';

/** One who has entered, and the round it was let into. */
export interface Entered {
  readonly claim: Claim;
  /** The czxid of `ready`. */
  readonly round: bigint;
}

/** One state of the tree. */
interface Look {
  /** Names in the order in which they leave: the first one last. */
  readonly members: readonly string[];
  readonly ready: Stat | undefined;
}

const READY = 'ready';
const EMPTY = new Uint8Array(0);

export class DoubleBarrierRounds {
  readonly path: string;
  readonly #size: number;
  readonly #ready: string;

  constructor(path: string, size: number) {
    this.path = path;
    this.#size = size;
    this.#ready = joinPath(path, READY);
  }

  /** Those who wait to enter, or are inside. */
  async members(session: RawSession, options: WaitOptions): Promise<readonly string[]> {
    return (await this.#look(session, options)).members;
  }

  /**
   * Waits until it is let in. Undefined: it has to begin anew. Then, and whenever this throws, nothing of it
   * stays.
   */
  async enter(session: RawSession, wait: Patience): Promise<Entered | undefined> {
    let own: Claim | undefined;
    try {
      own = await this.#join(session, wait);
      const round = own && (await this.#letIn(own, wait));
      if (own !== undefined && round !== undefined) return { claim: own, round };
    } catch (error) {
      if (own !== undefined) void this.quit(own);
      throw error;
    }
    if (own !== undefined) void this.quit(own);
    return undefined;
  }

  /**
   * Waits until all have left: the first one for each of the others, the others for the first one, so that one
   * who leaves wakes one, and the last one all.
   */
  async leave(session: RawSession, { claim: own, round }: Entered, wait: Patience): Promise<true> {
    const [path] = own.paths;
    for (;;) {
      const { members, ready } = await this.#look(session, wait.left);
      const [first, last] = [members[0], members.at(-1)];
      if (ready?.czxid !== round) return true;
      if (first === undefined || last === undefined) return true;
      const isFirst = first === nameOf(path);
      if (isFirst && members.length === 1) {
        if (await this.#end(session, path, ready, wait)) return true;
        continue;
      }
      if (!isFirst) void own.remove();
      await gone(session, joinPath(this.path, isFirst ? last : first), wait);
    }
  }

  /** Removes its node, and ends a round in which nobody is left then. Never rejects. */
  async quit(own: Claim): Promise<void> {
    const { session } = own;
    await own.remove();
    await keepTrying(session, async () => {
      const { members, ready } = await this.#look(session, WITHOUT_END);
      const isLeft = ready !== undefined && members.length === 0;
      if (isLeft) await this.#clear(session, ready.czxid, WITHOUT_END);
    });
  }

  /** Makes its node where it is sure what that means. Undefined: something has changed meanwhile. */
  async #join(session: RawSession, wait: Patience): Promise<Claim | undefined> {
    const { members, ready } = await this.#look(session, wait.left);
    const [somebody] = members;
    if (ready !== undefined && somebody === undefined) {
      await this.#clear(session, ready.czxid, wait.left);
      return undefined;
    }
    const checks =
      somebody === undefined || ready === undefined
        ? // Fails if it is there.
          [{ create: this.#ready }, { delete: this.#ready }]
        : // Who is about to end the round is told that it is not alone.
          [{ check: joinPath(this.path, somebody) }, { set: this.#ready, data: EMPTY }];
    const data = new TextEncoder().encode(ownerHere());
    const wish = { session, kind: 'member', folders: [this.path], data, checks } as const;
    try {
      return await claim(wish, wait);
    } catch (error) {
      if (!isRace(error)) throw error;
      await makeFolder(session, this.path, wait.left);
      // This peer may be the last to know.
      await session.sync(wait.left);
      return undefined;
    }
  }

  /** @returns the round; undefined: its node is gone */
  async #letIn(own: Claim, wait: Patience): Promise<bigint | undefined> {
    const { session } = own;
    const [path] = own.paths;
    for (;;) {
      const { members, ready } = await this.#look(session, wait.left);
      if (!members.includes(nameOf(path))) return undefined;
      if (ready !== undefined) {
        if (await isTrusted(own, wait)) return ready.czxid;
      } else if (members.length >= this.#size) {
        await this.#open(session, members, wait);
      } else {
        await firstOf(wait, [
          async (left) => {
            await session.watch(this.#ready).until((node) => node !== undefined, left.left);
          },
          (left) => gone(session, path, left),
        ]);
      }
    }
  }

  async #open(session: RawSession, members: readonly string[], wait: Patience): Promise<void> {
    const present = members.slice(0, this.#size).map((name) => ({
      check: joinPath(this.path, name),
    }));
    try {
      await session.multi([...present, { create: this.#ready }], wait.left);
    } catch (error) {
      if (!isRace(error)) throw error;
    }
  }

  /** The last one takes the round with it. @returns false: it is not the last one any more */
  async #end(session: RawSession, path: string, ready: Stat, wait: Patience): Promise<boolean> {
    const operations: Op<Uint8Array>[] = [
      { delete: this.#ready, version: ready.version },
      { delete: path },
    ];
    try {
      await session.multi(operations, wait.left);
      return true;
    } catch (error) {
      if (isRace(error)) return false;
      throw error;
    }
  }

  /** A round that is over for want of members; no other one. */
  async #clear(session: RawSession, round: bigint, options: WaitOptions): Promise<void> {
    const path = this.#ready;
    try {
      await session.guardedBy({ path, fence: round, assertHeld: () => {} }).delete(path, options);
    } catch (error) {
      if (!QuorateError.is(error, 'GRANT_LOST', 'NO_NODE')) throw error;
    }
  }

  async #look(session: RawSession, options: WaitOptions): Promise<Look> {
    // Both are read in one step: of one state of the tree.
    const [names, ready] = await Promise.all([
      namesIn(session, this.path, options),
      session.exists(this.#ready, options),
    ]);
    return { members: names.filter(isMember), ready };
  }
}

/** Somebody has come, gone, opened the round or ended it since the look. */
function isRace(error: unknown): boolean {
  return QuorateError.is(error, 'NO_NODE', 'NODE_EXISTS', 'BAD_VERSION');
}
