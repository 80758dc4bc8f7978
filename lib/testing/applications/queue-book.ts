/**
 * S38: what became of each item of a queue, and who had it. It hears of items from those who put and take
 * them, and of their nodes from G. An item is told from others by its data.
 */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { QueueItem } from '../../recipes/index.ts';
import { isHeld } from '../grants/grant-book.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate, type Scene } from '../predicates/predicate.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import { askerOf, lifeOf, type Step, stepsOf } from './steps.ts';

/** What must never be acknowledged begins so. */
export const POISON = 'poison';

/** An item, as whoever took it was told. */
export interface Taken {
  readonly process: SimProcess;
  readonly item: QueueItem<string>;
  /** What the taker's peer had applied when it was told. */
  readonly since: Zxid;
  isWorking: boolean;
}

interface Item {
  /** Who put it. */
  readonly asker: string;
  /** Where it is in G; undefined: not put yet, or acknowledged. */
  path: string | undefined;
  wasPut: boolean;
  /** Its putter was told that it is not there. */
  wasRefused: boolean;
  /** Claims by which it may be acknowledged from now on. */
  readonly acking: Set<string>;
  /** The claim by which it was. */
  ackedBy: string | undefined;
  readonly taken: Taken[];
}

/** A node, while it may matter. */
interface Node {
  readonly made: Zxid;
  readonly asker: string;
  readonly session: bigint;
  readonly data: string;
  gone: Zxid | undefined;
}

export class QueueBook {
  readonly #folder: string;
  readonly #maxAttempts: number;
  readonly #items = new Map<string, Item>();
  readonly #nodes = new Map<string, Node>();
  #scene: Scene | undefined;

  constructor(folder: string, maxAttempts: number) {
    this.#folder = `${folder}/`;
    this.#maxAttempts = maxAttempts;
  }

  get predicate(): Predicate {
    return {
      name: 'S38',
      title: 'an item of a queue is had by one at a time, until it is acknowledged or put aside',
      judges: 'replica',
      watch: (scene) => {
        this.#scene = scene;
        return { decided: (decided) => this.#decided(decided) };
      },
    };
  }

  /** Items that are to be taken by a time, in ms since 1970, and where they are. */
  waiting(time: number): Map<string, string> {
    const waiting = new Map<string, string>();
    for (const [data, { path }] of this.#items) {
      if (path === undefined || this.#isDead(path)) continue;
      const due = Number(/until-(\d+)-/.exec(path)?.[1] ?? 0);
      if (due <= time) waiting.set(data, path);
    }
    return waiting;
  }

  /** Those who take, and what they have claimed in sessions that live. */
  get standing(): string[] {
    const sessions = this.#scene?.model.machine.sessions;
    const living = [...this.#nodes].filter(([path, { gone, session }]) => {
      const isOfTaker = path.startsWith(`${this.#folder}taken/`);
      return isOfTaker && gone === undefined && sessions?.get(session) !== undefined;
    });
    return living.map(([path]) => path);
  }

  /** Somebody is about to put it. */
  offered(data: string, process: SimProcess): void {
    this.#items.set(data, {
      asker: lifeOf(process),
      path: undefined,
      wasPut: false,
      wasRefused: false,
      acking: new Set(),
      ackedBy: undefined,
      taken: [],
    });
  }

  /** Their putter was told that they are there. */
  put(items: readonly string[]): void {
    for (const data of items) {
      demand(this.#of(data).wasPut, 'S38', () => `${data} was put, and never was there`);
    }
  }

  /** Their putter was told that they are not, and will not be. */
  refused(items: readonly string[]): void {
    for (const data of items) {
      const item = this.#of(data);
      demand(!item.wasPut, 'S38', () => `${data} was refused, and is there`);
      item.wasRefused = true;
    }
  }

  /** A taker is told that it has it. */
  taken(process: SimProcess, item: QueueItem<string>, since: Zxid): Taken {
    const taken: Taken = { process, item, since, isWorking: true };
    const known = this.#of(item.data);
    this.#demandOwn(taken);
    for (const other of known.taken) {
      const [first, second] = since >= other.since ? [other, taken] : [taken, other];
      const end = this.#endOf(first);
      demand(end !== undefined && end <= second.since, 'S38', () => {
        return `${item.data} is had by ${show(first)} and by ${show(second)}`;
      });
      const rises =
        first.item.fence < second.item.fence && first.item.attempt < second.item.attempt;
      demand(rises, 'S38', () => `no rise from ${show(first)} to ${show(second)}`);
    }
    known.taken.push(taken);
    this.asserted(taken);
    return taken;
  }

  /** At this moment it believes that it has it: nobody else does who could act. */
  asserted(taken: Taken): void {
    for (const other of this.#of(taken.item.data).taken) {
      demand(other === taken || !believes(other), 'S38', () => {
        return `${taken.item.data} is had at once by ${show(taken)} and by ${show(other)}`;
      });
    }
  }

  /** It is about to be acknowledged. */
  acking({ item }: Taken): void {
    this.#of(item.data).acking.add(item.path);
  }

  /** Its taker was told that it is acknowledged. */
  acked(taken: Taken): void {
    const { data, path } = taken.item;
    const { ackedBy } = this.#of(data);
    demand(ackedBy === path, 'S38', () => {
      return `${data} was acknowledged by ${ackedBy}, and ${show(taken)} is told that it has done it`;
    });
  }

  /** Its taker was told that the acknowledgement came too late. */
  lost(taken: Taken): void {
    const { data, path } = taken.item;
    demand(this.#of(data).ackedBy !== path, 'S38', () => {
      return `${show(taken)} has acknowledged ${data}, and is told that it was lost`;
    });
  }

  /** Nothing more is done with it. */
  done(taken: Taken): void {
    taken.isWorking = false;
  }

  #decided(decided: Decided): void {
    const { entry, txn } = decided;
    const steps = stepsOf(decided, this.#folder);
    if (steps.length === 0) return;
    const asker = askerOf(decided);
    const left = new Map<string, string>();
    for (const step of steps) {
      const data = this.#nodes.get(step.path)?.data;
      if (step.type === 'delete') {
        const node = this.#nodes.get(step.path);
        if (node !== undefined) node.gone = entry.zxid;
        if (data !== undefined && this.#isItem(step.path)) left.set(data, step.path);
      } else if (step.type === 'create') {
        const { session } = txn;
        const made = { made: entry.zxid, asker, session, data: step.data, gone: undefined };
        this.#nodes.set(step.path, made);
        if (this.#isItem(step.path)) this.#came(step, asker, left);
      }
    }
    const claims = steps.flatMap(({ type, path }) => (type === 'check' ? [path] : []));
    for (const data of left.keys()) this.#vanished(data, claims);
  }

  #came(step: Step & { type: 'create' | 'set' }, asker: string, left: Map<string, string>): void {
    const { data, path } = step;
    const item = this.#of(data);
    const before = left.get(data);
    left.delete(data);
    if (before === undefined) {
      demand(!item.wasPut, 'S38', () => `${data} is put again, as ${path}`);
      demand(item.asker === asker, 'S38', () => `${data} of ${item.asker} is put by ${asker}`);
      demand(!item.wasRefused, 'S38', () => `${data} was refused, and comes`);
      item.wasPut = true;
    } else if (this.#isDead(path)) {
      demand(attemptOf(before) >= this.#maxAttempts, 'S38', () => `${before} is put aside`);
    } else if (this.#isEntry(before)) {
      demand(attemptOf(path) === attemptOf(before) + 1, 'S38', () => `${before} becomes ${path}`);
    }
    item.path = path;
  }

  /** Nothing of it is left: then somebody acknowledges it, by a claim that stands. */
  #vanished(data: string, claims: readonly string[]): void {
    const item = this.#of(data);
    item.path = undefined;
    item.ackedBy = claims.find((claim) => item.acking.has(claim));
    demand(!data.startsWith(POISON), 'S38', () => `${data} was removed by ${claims.join()}`);
    demand(item.ackedBy !== undefined, 'S38', () => {
      return `${data} is gone by ${claims.join()}, which did not acknowledge it`;
    });
  }

  #demandOwn(taken: Taken): void {
    const { process, item, since } = taken;
    const claim = this.#nodes.get(item.path);
    const isOwn = claim?.made === item.fence && claim.asker === lifeOf(process);
    demand(isOwn && process.has(claim.session), 'S38', () => {
      return `${show(taken)} stands on a claim that is not its own`;
    });
    const entry = this.#nodes.get(this.#entryOf(taken));
    const isThere = entry !== undefined && entry.made <= since && entry.data === item.data;
    demand(isThere, 'S38', () => `${show(taken)} is not what was put`);
    const end = this.#endOf(taken);
    demand(end === undefined || end > since, 'S38', () => {
      return `${show(taken)} is told of what was over at ${formatZxid(end ?? since)}`;
    });
  }

  /** When the claim, or the item under this name, was gone. */
  #endOf(taken: Taken): Zxid | undefined {
    const claim = this.#nodes.get(taken.item.path)?.gone;
    const entry = this.#nodes.get(this.#entryOf(taken))?.gone;
    if (claim === undefined) return entry;
    return entry !== undefined && entry < claim ? entry : claim;
  }

  #entryOf({ item }: Taken): string {
    return `${this.#folder}entries/${item.name}`;
  }

  #isEntry(path: string): boolean {
    return path.startsWith(`${this.#folder}entries/`);
  }

  #isDead(path: string): boolean {
    return path.startsWith(`${this.#folder}dead/`);
  }

  #isItem(path: string): boolean {
    const isDelayed = path.startsWith(`${this.#folder}delayed/`);
    return isDelayed || this.#isEntry(path) || this.#isDead(path);
  }

  #of(data: string): Item {
    const item = this.#items.get(data);
    demand(item !== undefined, 'S38', () => `${data} was put by nobody`);
    return item as Item;
  }
}

/** How often an item was taken, its present time included. */
function attemptOf(path: string): number {
  return Number(/\d{10}-(\d+)$/.exec(path)?.[1] ?? 1);
}

/** Whether the taker would find that it has it if it looked, or was not told otherwise although it could be. */
function believes({ process, item, isWorking }: Taken): boolean {
  const { peer } = process;
  if (!isWorking || !process.alive || !peer.free || item.signal.aborted) return false;
  return !peer.paused || process.run(() => isHeld(item));
}

function show({ process, item, since }: Taken): string {
  return `peer ${process.peer.id} (${item.name} by ${item.path}, fence ${formatZxid(item.fence)}, told at ${formatZxid(since)})`;
}
