/**
 * A node whose data is how many have to arrive. Each arrival is a node below it; the one that finds that all are
 * there opens it: in one transaction their nodes go, `ready` comes, and the node is written once more with the
 * same data. So its version counts how often it was opened, and who looks late still knows that it was.
 */
import { QuorateError } from '../base/errors.ts';
import { joinPath, nameOf } from '../base/path.ts';
import type { Session } from '../client/client.ts';
import { bytes, utf8 } from '../client/codec.ts';
import { nodeItself } from '../client/guard.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { AnyClient, Stat } from './any-client.ts';
import { type Claim, claim } from './claim.ts';
import { cutShort } from './cut-short.ts';
import { inEachSession } from './each-session.ts';
import { KeptNumber } from './kept-number.ts';
import { firstOf, Patience } from './patience.ts';
import { gone, namesIn } from './queue-rules.ts';
import { SIZE_MAX } from './size.ts';

/** What a state of the tree says of it. */
interface Look {
  /** Of its node. */
  readonly stat: Stat;
  readonly isOpen: boolean;
  /** Names. */
  readonly arrivals: readonly string[];
}

const READY = 'ready';
/** How long to look who is there when the time is over already, ms. */
const LOOK = 50;

export class Threshold {
  readonly #client: AnyClient;
  readonly #path: string;
  readonly #size: number;
  readonly #ready: string;
  readonly #kept: KeptNumber;

  constructor(client: AnyClient, path: string, size: number) {
    this.#client = client;
    this.#path = path;
    this.#size = size;
    this.#ready = joinPath(path, READY);
    this.#kept = new KeptNumber(path, size, 'barrier', 'arrivals');
  }

  /** Arrives, and waits until it is open. */
  arrive(options: WaitOptions | undefined): Promise<void> {
    return this.#passing('arrive', options, (session, wait) => this.#arrive(session, wait));
  }

  /** Waits until it is open, and does not count. */
  wait(options: WaitOptions | undefined): Promise<void> {
    return this.#passing('wait', options, async (session, wait) => {
      // Closed before this call, by whomever: it is waited for.
      await session.sync(wait.left);
      let since: Stat | undefined;
      for (;;) {
        const { stat, isOpen } = await this.#look(session, wait);
        if (isOpen || isOpenedSince(since, stat)) return true;
        since = stat;
        await this.#changed(session, stat, wait);
      }
    });
  }

  async raise(options: WaitOptions | undefined): Promise<void> {
    const wait = new Patience(options);
    await this.#kept.write(this.#client.as(utf8), wait);
    try {
      await this.#client.delete(this.#ready, wait.left);
    } catch (error) {
      if (!QuorateError.is(error, 'NO_NODE')) throw error;
    }
  }

  async lift(options: WaitOptions | undefined): Promise<void> {
    const wait = new Patience(options);
    const { session } = this.#client;
    await session.sync(wait.left);
    for (;;) {
      const look = await this.#look(session, wait);
      if (look.isOpen || (await this.#open(session, look, wait))) return;
    }
  }

  /** A wait through all sessions that it takes. */
  async #passing(
    verb: string,
    options: WaitOptions | undefined,
    pass: (session: Session<unknown, never>, wait: Patience) => Promise<true | undefined>,
  ): Promise<void> {
    const path = this.#path;
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    try {
      await inEachSession(this.#client, wait, (session) => pass(session, wait));
    } catch (error) {
      const because = () => this.#tell();
      throw await cutShort(error, { what: `${verb} ${path}`, path, wait, because });
    }
  }

  /** @returns undefined: its node or that of the barrier was deleted, so it has to arrive again */
  async #arrive(session: Session<unknown, never>, wait: Patience): Promise<true | undefined> {
    // Whether it is open is not asked before the arrival is written: this peer may be late.
    const { stat } = await this.#look(session, wait);
    const arrival = await this.#claim(session, stat, wait);
    if (arrival === undefined) return undefined;
    try {
      return await this.#counted(session, arrival, wait);
    } finally {
      void arrival.remove();
    }
  }

  /**
   * Below that very node, which has its number already: whatever is written there later has opened it.
   * @returns undefined: it is gone
   */
  async #claim(
    session: Session<unknown, never>,
    node: Stat,
    wait: Patience,
  ): Promise<Claim | undefined> {
    const view = session.as(bytes).guardedBy(nodeItself(this.#path, node));
    const folders = [this.#path];
    const wish = { session: view, kind: 'arrival', folders, data: undefined } as const;
    try {
      return await claim(wish, wait);
    } catch (error) {
      if (QuorateError.is(error, 'GRANT_LOST') && error.path === this.#path) return undefined;
      throw error;
    }
  }

  /** Until it was opened with this arrival among those that count. */
  async #counted(
    session: Session<unknown, never>,
    arrival: Claim,
    wait: Patience,
  ): Promise<true | undefined> {
    const [path] = arrival.paths;
    for (;;) {
      const look = await this.#look(session, wait);
      if (look.isOpen || isOpenedBehind(arrival, look.stat)) return true;
      if (!look.arrivals.includes(nameOf(path))) return undefined;
      if (look.arrivals.length >= this.#size) {
        if (await this.#open(session, look, wait)) return true;
        continue;
      }
      const { stat } = look;
      await firstOf(wait, [
        (left) => this.#changed(session, stat, left),
        (left) => gone(arrival.session, path, left),
      ]);
    }
  }

  /** @returns false: something has changed since the look */
  async #open(session: Session<unknown, never>, look: Look, wait: Patience): Promise<boolean> {
    const arrivals = look.arrivals.slice(0, SIZE_MAX);
    try {
      await session
        .as(utf8)
        .multi(
          [
            { set: this.#path, data: this.#kept.text, version: look.stat.version },
            { create: this.#ready },
            ...arrivals.map((name) => ({ delete: joinPath(this.#path, name) })),
          ],
          wait.left,
        );
      return true;
    } catch (error) {
      if (QuorateError.is(error, 'BAD_VERSION', 'NODE_EXISTS', 'NO_NODE')) return false;
      throw error;
    }
  }

  /** Resolves when it is worth another look. */
  async #changed(session: Session<unknown, never>, seen: Stat, wait: Patience): Promise<void> {
    const watch = session.as(bytes).watch(this.#path);
    await watch.until((node) => {
      return node?.stat.czxid !== seen.czxid || node.stat.version !== seen.version;
    }, wait.left);
  }

  /** One state of the tree; the node is made where it is missing. */
  async #look(session: Session<unknown, never>, wait: Patience): Promise<Look> {
    const view = session.as(utf8);
    for (;;) {
      // All are read in one step: of one state of the tree.
      const [node, ready, names] = await Promise.all([
        view.find(this.#path, wait.left),
        view.exists(this.#ready, wait.left),
        namesIn(view, this.#path, wait.left),
      ]);
      if (node !== undefined && node.data !== '') {
        this.#kept.check(node);
        return { stat: node.stat, isOpen: ready !== undefined, arrivals: arrivalsOf(names) };
      }
      await this.#kept.write(view, wait);
    }
  }

  /** For the text of an error. */
  async #tell(): Promise<string | undefined> {
    try {
      const options = { timeout: LOOK, consistency: 'stale' } as const;
      const names = await this.#client.children(this.#path, options);
      return `${arrivalsOf(names).length} of ${this.#size} have arrived`;
    } catch {
      return undefined;
    }
  }
}

/** A version later. One that was made anew has not been opened. */
function isOpenedSince(since: Stat | undefined, now: Stat): boolean {
  return since?.czxid === now.czxid && since.version !== now.version;
}

/** The transaction that wrote it last came behind the arrival, which was already there to be counted. */
function isOpenedBehind({ fence }: Claim, { czxid, mzxid }: Stat): boolean {
  return czxid < fence && fence < mzxid;
}

function arrivalsOf(names: readonly string[]): string[] {
  return names.filter((name) => name.includes('-arrival-'));
}
