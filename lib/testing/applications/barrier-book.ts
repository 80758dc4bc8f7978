/** S39 of barriers: when each was open, as G tells, and who has passed. */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate, type Scene } from '../predicates/predicate.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import { stepsOf } from './steps.ts';

/** From the one to the other, that one excluded; undefined: still. */
interface Opening {
  readonly from: Zxid;
  until: Zxid | undefined;
}

export class BarrierBook {
  readonly #path: string;
  readonly #gate: string;
  readonly #size: number;
  /** Arrivals in G. */
  readonly #arrivals = new Set<string>();
  readonly #openings: Record<'barrier' | 'gate', Opening[]> = {
    barrier: [],
    gate: [{ from: 0n as Zxid, until: undefined }],
  };
  #scene: Scene | undefined;

  /** @param size how many open the barrier; nobody lifts it */
  constructor(path: string, gate: string, size: number) {
    this.#path = path;
    this.#gate = gate;
    this.#size = size;
  }

  get predicate(): Predicate {
    return {
      name: 'S39',
      title: 'nobody passes a barrier that is closed',
      judges: 'replica',
      watch: (scene) => {
        this.#scene = scene;
        return { decided: (decided) => this.#decided(decided) };
      },
    };
  }

  get standing(): string[] {
    return [...this.#arrivals];
  }

  /** The greatest zxid of a write that somebody was told of: who begins to wait now sees that at least. */
  get answered(): Zxid {
    return this.#scene?.answered ?? (0n as Zxid);
  }

  /** Somebody has passed, who began to wait at `asked` and has seen as far as `told`. */
  passed(process: SimProcess, what: 'barrier' | 'gate', asked: Zxid, told: Zxid): void {
    const wasOpen = this.#openings[what].some(({ from, until }) => {
      return from <= told && (until === undefined || until > asked);
    });
    demand(wasOpen, 'S39', () => {
      return `peer ${process.peer.id} passes a ${what} that was closed from ${formatZxid(asked)} to ${formatZxid(told)}`;
    });
  }

  #decided(decided: Decided): void {
    const { zxid } = decided.entry;
    for (const { type } of stepsOf(decided, this.#gate)) {
      if (type === 'create') this.#close('gate', zxid);
      if (type === 'delete') this.#open('gate', zxid);
    }
    // All at once: those who open it are gone in the same transaction.
    const arrived = this.#arrivals.size;
    for (const { type, path } of stepsOf(decided, `${this.#path}/`)) {
      if (path.includes('-arrival-')) {
        if (type === 'create') this.#arrivals.add(path);
        if (type === 'delete') this.#arrivals.delete(path);
      } else if (type === 'create') {
        demand(arrived >= this.#size, 'S39', () => {
          return `${formatZxid(zxid)} opens the barrier for ${arrived} of ${this.#size}`;
        });
        this.#open('barrier', zxid);
      } else if (type === 'delete') this.#close('barrier', zxid);
    }
  }

  #open(what: 'barrier' | 'gate', from: Zxid): void {
    this.#openings[what].push({ from, until: undefined });
  }

  #close(what: 'barrier' | 'gate', until: Zxid): void {
    const last = this.#openings[what].at(-1);
    if (last !== undefined) last.until = until;
  }
}
