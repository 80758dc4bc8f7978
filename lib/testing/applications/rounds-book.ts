/** S39 of double barriers: the rounds and their members, as G tells, and who was told of what. */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Attendance } from '../../recipes/index.ts';
import { isHeld } from '../grants/grant-book.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import { stepsOf } from './steps.ts';

/** One who was told that it is in. */
export interface Inside {
  readonly process: SimProcess;
  readonly attendance: Attendance;
  readonly round: Round;
}

interface Round {
  /** The transaction that opened it. */
  readonly opened: Zxid;
  /** Its members that stand. */
  readonly members: Set<string>;
  readonly inside: Inside[];
  /** When the last of them was gone. */
  emptied: Zxid | undefined;
}

interface Member {
  readonly made: Zxid;
  round: Round | undefined;
  gone: Zxid | undefined;
}

export class RoundsBook {
  readonly #folder: string;
  readonly #size: number;
  /** By path; those that are gone, too. */
  readonly #members = new Map<string, Member>();
  #round: Round | undefined;

  constructor(path: string, size: number) {
    this.#folder = `${path}/`;
    this.#size = size;
  }

  get predicate(): Predicate {
    return {
      name: 'S39',
      title: 'a round of a double barrier begins and ends for all of its members',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#decided(decided) }),
    };
  }

  get standing(): string[] {
    return [...this.#members].filter(([, { gone }]) => gone === undefined).map(([path]) => path);
  }

  /** Somebody is told that it is in. */
  entered(process: SimProcess, attendance: Attendance, told: Zxid): Inside {
    const { path, fence } = attendance;
    const member = this.#members.get(path);
    const round = member?.round;
    const who = `peer ${process.peer.id} (${path})`;
    demand(member?.made === fence, 'S39', () => `${who} is in, on a node that is not its own`);
    demand(member?.gone === undefined || member.gone > told, 'S39', () => {
      return `${who} is in at ${formatZxid(told)}, and its node is gone`;
    });
    demand(round !== undefined && round.opened <= told, 'S39', () => {
      return `${who} is in at ${formatZxid(told)}, and no round was open`;
    });
    const inside = { process, attendance, round: round as Round };
    inside.round.inside.push(inside);
    return inside;
  }

  /** Somebody is told that all have left. */
  left({ process, round }: Inside, told: Zxid): void {
    const who = `peer ${process.peer.id}`;
    demand(round.emptied !== undefined && round.emptied <= told, 'S39', () => {
      return `${who} is told at ${formatZxid(told)} that all have left the round of ${formatZxid(round.opened)}: ${[...round.members].join(', ')}`;
    });
    for (const other of round.inside) {
      demand(!believes(other), 'S39', () => {
        return `${who} is told that all have left, and peer ${other.process.peer.id} is in`;
      });
    }
  }

  #decided(decided: Decided): void {
    const { zxid } = decided.entry;
    const ready = `${this.#folder}ready`;
    const steps = stepsOf(decided, this.#folder);
    const ofReady = steps.flatMap(({ type, path }) => (path === ready ? [type] : []));
    // What is made and deleted in one transaction was only looked for.
    const isLook = ofReady.includes('create') && ofReady.includes('delete');
    for (const { type, path } of steps) {
      if (path !== ready) {
        if (type === 'create') this.#came(path, zxid);
        if (type === 'delete') this.#went(path, zxid);
      } else if (!isLook) {
        if (type === 'create') this.#opened(zxid);
        if (type === 'delete') this.#round = undefined;
      }
    }
  }

  #opened(zxid: Zxid): void {
    const { standing } = this;
    demand(standing.length >= this.#size, 'S39', () => {
      return `${formatZxid(zxid)} opens a round of ${standing.length}, and it takes ${this.#size}`;
    });
    const round: Round = { opened: zxid, members: new Set(), inside: [], emptied: undefined };
    this.#round = round;
    for (const path of standing) {
      const member = this.#members.get(path);
      round.members.add(path);
      if (member !== undefined) member.round = round;
    }
  }

  #came(path: string, zxid: Zxid): void {
    const round = this.#round;
    this.#members.set(path, { made: zxid, round, gone: undefined });
    round?.members.add(path);
  }

  #went(path: string, zxid: Zxid): void {
    const member = this.#members.get(path);
    if (member === undefined) return;
    member.gone = zxid;
    const { round } = member;
    round?.members.delete(path);
    if (round?.members.size === 0) round.emptied = zxid;
  }
}

function believes({ process, attendance }: Inside): boolean {
  const { peer } = process;
  if (!process.alive || !peer.free || attendance.signal.aborted) return false;
  return !peer.paused || process.run(() => isHeld(attendance));
}
