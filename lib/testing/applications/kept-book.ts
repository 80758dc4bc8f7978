/** What the owners of nodes that are kept have asked for, and were told; of the nodes it hears from G. */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Decided } from '../model.ts';
import { demand } from '../predicates/predicate.ts';
import { askerOf, lifeOf, type Owner, type Step, stepsOf } from './steps.ts';

/** One node, from the call that asks for it to its end. */
export interface Kept {
  readonly process: Owner;
  /** Which life of the process. */
  readonly life: string;
  readonly path: string;
  /** Its data begins with it, and that of no other. */
  readonly mark: string;
  /** How often data was asked for, and what was refused of it. */
  asked: number;
  readonly refused: Set<number>;
  /** Which data G has had: always later ones. Where each was there first. */
  readonly written: { readonly index: number; readonly zxid: Zxid }[];
  /** The session that wrote last. */
  session: bigint;
  /** It is to be there. */
  isWanted: boolean;
  /** Its owner was told that nothing more will come of it. */
  isClosed: boolean;
}

/** Which data of a node an owner has given; undefined: the node is none that is kept. */
export type DataOf = (path: string, data: string) => string | undefined;

export class KeptBook {
  readonly #judge: string;
  readonly #folder: string;
  readonly #dataOf: DataOf;
  readonly #byMark = new Map<string, Kept>();
  /** Who has a path in G, with which data. */
  readonly #holders = new Map<string, { readonly kept: Kept; readonly index: number }>();

  /** @param folder that all of them are below */
  constructor(judge: string, folder: string, dataOf: DataOf = (_, data) => data) {
    this.#judge = judge;
    this.#folder = `${folder}/`;
    this.#dataOf = dataOf;
  }

  /** What is there of those who are kept. */
  get standing(): string[] {
    return [...this.#holders.keys()];
  }

  /** Somebody is about to ask for a node. */
  opening(process: Owner, path: string): Kept {
    const life = lifeOf(process);
    const mark = `${life}:${this.#byMark.size}`;
    const kept: Kept = {
      process,
      life,
      path,
      mark,
      asked: -1,
      refused: new Set(),
      written: [],
      session: 0n,
      isWanted: false,
      isClosed: false,
    };
    this.#byMark.set(mark, kept);
    return kept;
  }

  /** It asks for data, and no later one was asked for before. @returns the data */
  asking(kept: Kept): string {
    kept.asked += 1;
    return `${kept.mark}#${kept.asked}`;
  }

  /** It was told that the data is in the tree, as its peer knows it. */
  told(kept: Kept, data: string, applied: Zxid): void {
    const asked = indexOf(data);
    const isThere = kept.written.some(({ index, zxid }) => index >= asked && zxid <= applied);
    demand(
      isThere,
      this.#judge,
      () => `${show(kept)} is told that ${data} is there, and it never was`,
    );
  }

  /** It was told that the data is none. */
  refused(kept: Kept, data: string): void {
    kept.refused.add(indexOf(data));
  }

  /** It was told that its node is there: from now on it is. */
  opened(kept: Kept, data: string, applied: Zxid): void {
    this.told(kept, data, applied);
    kept.isWanted = true;
  }

  /** Whether its node is in G. */
  has(kept: Kept): boolean {
    return this.#holders.get(kept.path)?.kept === kept;
  }

  /** It is about to give it up, or was told that there is none. */
  over(kept: Kept): void {
    kept.isWanted = false;
  }

  /** It was told that nothing is left of it, and that is to be so while the session lives that has made it. */
  closed(kept: Kept): void {
    kept.isClosed = true;
    const isLeft = this.#holders.get(kept.path)?.kept === kept && kept.process.has(kept.session);
    demand(!isLeft, this.#judge, () => {
      return `${show(kept)} is closed, and its node is there`;
    });
  }

  /** From now on: names the nodes that are to be there, and are not, with what was asked for last by now. */
  owed(): () => readonly string[] {
    const before = [...this.#byMark.values()]
      .filter(({ isWanted }) => isWanted)
      .map((kept) => ({ kept, newest: newestOf(kept) }));
    return () => {
      const still = before.filter(({ kept, newest }) => {
        if (!kept.isWanted || !kept.process.alive) return false;
        const holder = this.#holders.get(kept.path);
        if (holder?.kept === kept) return holder.index < newest;
        return holder?.kept.isWanted !== true;
      });
      return still.map(({ kept, newest }) => `${show(kept)} with data ${newest}`);
    };
  }

  decided(decided: Decided): void {
    for (const step of stepsOf(decided, this.#folder)) {
      if (step.type === 'delete') this.#holders.delete(step.path);
      else if (step.type === 'create' || step.type === 'set') this.#wrote(step, decided);
    }
  }

  #wrote({ path, data: bytes }: Extract<Step, { data: string }>, decided: Decided): void {
    const data = this.#dataOf(path, bytes);
    if (data === undefined) return;
    const { zxid } = decided.entry;
    const what = `${formatZxid(zxid)} writes ${data} to ${path}`;
    const kept = this.#byMark.get(data.slice(0, data.indexOf('#')));
    const isOwn = kept?.path === path && kept.life === askerOf(decided);
    demand(isOwn, this.#judge, () => `${what}, and that is of ${kept && show(kept)}`);
    if (kept === undefined) return;
    const index = indexOf(data);
    demand(!kept.refused.has(index), this.#judge, () => `${what}, which was refused`);
    const last = kept.written.at(-1);
    // What a session has asked for that is over for its process may still come.
    if (kept.process.has(decided.txn.session)) {
      demand(!kept.isClosed, this.#judge, () => `${what}, which was closed`);
      demand(last === undefined || index >= last.index, this.#judge, () => {
        return `${what}, and ${last?.index} was there at ${formatZxid(last?.zxid ?? zxid)}`;
      });
    }
    kept.session = decided.txn.session;
    if (last === undefined || index > last.index) kept.written.push({ index, zxid });
    this.#holders.set(path, { kept, index });
  }
}

function indexOf(data: string): number {
  return Number.parseInt(data.slice(data.indexOf('#') + 1), 10);
}

/** The last data that was asked for and not refused. */
function newestOf({ asked, refused }: Kept): number {
  let newest = asked;
  while (refused.has(newest)) newest -= 1;
  return newest;
}

function show({ process, path, mark }: Kept): string {
  return `${path} of peer ${process.peer.id} (${mark})`;
}
