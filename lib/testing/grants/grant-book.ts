/**
 * S33: who was granted what, in the order of the log and in true time. It hears of grants from those who
 * hold them, and of their nodes from G.
 */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Grant } from '../../recipes/grant.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import type { SimPeer } from '../sim-peer.ts';

/** What is granted: at most so much at a time. */
export interface Line {
  readonly name: string;
  readonly room: number;
  /** Where holders write, each write guarded by its grant: a node with the fence as its data. */
  readonly log?: string;
}

/** What is asked of the process of a holder. */
export type Holder = Pick<SimProcess, 'alive' | 'has' | 'run'> & {
  readonly peer: Pick<SimPeer, 'id' | 'disk' | 'free' | 'paused'>;
};

/** One grant, as its holder was told of it. */
export interface Holding {
  readonly process: Holder;
  readonly grant: Grant;
  readonly lines: readonly Line[];
  /** How much of each line it takes. */
  readonly weight: number;
  /** What the holder's peer had applied when it was told. */
  readonly since: Zxid;
  /** The function that it was given to has not settled. */
  isWorking: boolean;
}

/** Of a contender's node, while it may matter. */
interface Node {
  readonly made: Zxid;
  /** Who asked for it, by which session. */
  readonly peer: number;
  readonly boot: number;
  readonly session: bigint;
  gone: Zxid | undefined;
}

/** Holdings of a line that are compared with the next. */
const REMEMBERED = 60;

/** Lines and sizes stay, places do not. */
const IN_LINE = /\d{10}$/;

const decoder = new TextDecoder();

export class GrantBook {
  /** Nodes below here are those of contenders. */
  readonly #folder: string;
  readonly #isTakenAway: (path: string) => boolean;
  readonly #nodes = new Map<string, Node>();
  readonly #standing = new Set<string>();
  /** By the name of the line, in the order in which their holders were told. */
  readonly #held = new Map<string, Holding[]>();
  /** The fence that was written last to a log. */
  readonly #written = new Map<string, bigint>();
  /** When the node of a fence was gone. */
  readonly #over = new Map<bigint, Zxid>();

  /** @param isTakenAway whether an operator has deleted a node that is gone, whatever its holder was at */
  constructor(folder: string, isTakenAway: (path: string) => boolean = () => false) {
    this.#folder = folder;
    this.#isTakenAway = isTakenAway;
  }

  get predicate(): Predicate {
    return {
      name: 'S33',
      title: 'grants are disjoint, in the log and in time',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.decided(decided) }),
    };
  }

  /** Nodes of contenders that are in G. */
  get standing(): ReadonlySet<string> {
    return this.#standing;
  }

  /** A holder is told that it is its turn. */
  granted(
    process: Holder,
    grant: Grant,
    lines: readonly Line[],
    weight: number,
    since: Zxid,
  ): Holding {
    const holding: Holding = { process, grant, lines, weight, since, isWorking: true };
    this.#demandOwn(holding);
    for (const line of lines) {
      const held = this.#held.get(line.name) ?? [];
      this.#demandDisjoint(line, holding, held);
      if (weight === line.room) this.#demandRise(line, holding, held);
      this.#held.set(line.name, [...held.filter((one) => this.#matters(one, held)), holding]);
    }
    this.asserted(holding);
    return holding;
  }

  /** At this moment it believes that it holds: nobody else does who could act. */
  asserted(holding: Holding): void {
    for (const line of holding.lines) {
      const others = (this.#held.get(line.name) ?? []).filter((other) => {
        return other !== holding && believes(other);
      });
      const sum = others.reduce((total, { weight }) => total + weight, holding.weight);
      demand(sum <= line.room, 'S33', () => {
        return `${line.name}: ${show(holding)} holds, and so does ${others.map(show).join(', ')}`;
      });
    }
  }

  /** What was to be done with it is done. */
  done(holding: Holding): void {
    holding.isWorking = false;
  }

  /** An entry of G: for a book that is more than this one. */
  decided({ entry, txn, applied }: Decided): void {
    for (const { type, path } of applied.events) {
      if (!path.startsWith(this.#folder)) continue;
      const { peer, boot } = txn.owner;
      if (type === 'created') {
        this.#nodes.set(path, {
          made: entry.zxid,
          peer,
          boot,
          session: txn.session,
          gone: undefined,
        });
        if (IN_LINE.test(path)) this.#standing.add(path);
      } else if (type === 'deleted') {
        this.#standing.delete(path);
        const node = this.#nodes.get(path);
        if (node === undefined) continue;
        node.gone = entry.zxid;
        this.#over.set(node.made, entry.zxid);
        if (txn.body.type === 'change' && !this.#isTakenAway(path)) this.#demandSettled(path);
      }
    }
    if (txn.body.type !== 'change' || applied.result.type === 'error') return;
    for (const change of txn.body.changes) {
      if (change.type !== 'create' && change.type !== 'set') continue;
      if (change.path.startsWith('/log/')) this.#wrote(change.path, change.data, entry.zxid);
    }
  }

  /** A write that was guarded by a grant is in G. */
  #wrote(log: string, data: Uint8Array, zxid: Zxid): void {
    const fence = BigInt(decoder.decode(data));
    const last = this.#written.get(log) ?? 0n;
    demand(fence >= last, 'S33', () => {
      return `${formatZxid(zxid)} writes ${log} with fence ${formatZxid(fence)} after ${formatZxid(last)}`;
    });
    this.#written.set(log, fence);
    const over = this.#over.get(fence);
    demand(over === undefined, 'S33', () => {
      return `${formatZxid(zxid)} writes ${log} by the grant ${formatZxid(fence)}, over at ${formatZxid(over ?? 0n)}`;
    });
  }

  /** While its session lives its node stays, until the work has settled: a late function overlaps nobody. */
  #demandSettled(path: string): void {
    for (const held of this.#held.values()) {
      const atWork = held.find(({ grant, isWorking }) => isWorking && grant.path === path);
      demand(atWork === undefined, 'S33', () => `${path} is given on, and its holder is at work`);
    }
  }

  #endOf({ grant }: Holding): Zxid | undefined {
    return this.#nodes.get(grant.path)?.gone;
  }

  /** Its node is the one that it asked for, in this life, on a session that lives, and stands. */
  #demandOwn(holding: Holding): void {
    const { process, grant, since } = holding;
    const node = this.#nodes.get(grant.path);
    const { id, disk } = process.peer;
    const isOwn = node?.made === grant.fence && node.peer === id && node.boot === disk.boot;
    demand(isOwn, 'S33', () => `${show(holding)} stands on a node that is not its own`);
    demand(node === undefined || process.has(node.session), 'S33', () => {
      return `${show(holding)} stands on a node of a session that has ended`;
    });
    demand(node?.gone === undefined || node.gone > since, 'S33', () => {
      return `${show(holding)} is granted what was over at ${formatZxid(node?.gone ?? since)}`;
    });
  }

  /** At no zxid is more held than there is room for. */
  #demandDisjoint(line: Line, holding: Holding, held: readonly Holding[]): void {
    const until = this.#endOf(holding);
    const covers = (one: Holding, at: Zxid): boolean => {
      const end = this.#endOf(one);
      return one.since <= at && (end === undefined || end > at);
    };
    const later = held.filter(({ since }) => {
      return since > holding.since && (until === undefined || since < until);
    });
    for (const at of [holding.since, ...later.map(({ since }) => since)]) {
      const others = held.filter((one) => covers(one, at));
      const sum = others.reduce((total, { weight }) => total + weight, holding.weight);
      demand(sum <= line.room, 'S33', () => {
        return `${line.name} at ${formatZxid(at)}: ${show(holding)} beside ${others.map(show).join(', ')}`;
      });
    }
  }

  /** Who holds all of it holds it with a greater fence than those before, whenever they were told. */
  #demandRise(line: Line, holding: Holding, held: readonly Holding[]): void {
    for (const other of held) {
      const isLater = holding.since >= other.since;
      const { fence } = other.grant;
      const rises = isLater ? holding.grant.fence > fence : holding.grant.fence < fence;
      demand(rises, 'S33', () => `${line.name}: the fence of ${show(holding)} and ${show(other)}`);
    }
  }

  #matters(one: Holding, held: readonly Holding[]): boolean {
    return this.#endOf(one) === undefined || held.indexOf(one) >= held.length - REMEMBERED;
  }
}

/** Whether the holder would find that it holds if it looked, or was not told otherwise although it could be. */
function believes({ process, grant, isWorking }: Holding): boolean {
  const { peer } = process;
  if (!isWorking || !process.alive || !peer.free || grant.signal.aborted) return false;
  return !peer.paused || process.run(() => isHeld(grant));
}

/** As the holder finds out before a side effect. */
export function isHeld(grant: Grant): boolean {
  try {
    grant.assertHeld();
    return true;
  } catch {
    return false;
  }
}

function show({ process, grant, weight, since }: Holding): string {
  return `peer ${process.peer.id} (${grant.path}, fence ${formatZxid(grant.fence)}, weight ${weight}, told at ${formatZxid(since)})`;
}
