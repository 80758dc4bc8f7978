/** S49: who was told to run a fire, of all who asked. It hears of answers from those who ask, and of the nodes from G. */
import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Decided } from '../model.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { askerOf, lifeOf, type Owner, stepsOf } from './steps.ts';

/** The node of one fire, as often as it was made. */
interface Fire {
  /** The life of the process that has made it. */
  readonly asker: string;
  readonly made: Zxid;
  /** Ms, by its transaction. */
  readonly time: number;
  gone: Zxid | undefined;
  /** Its maker was told to run it. */
  isRun: boolean;
}

export class FireBook {
  readonly #folder: string;
  readonly #lifetime: number;
  /** By key, in the order of G. */
  readonly #fires = new Map<string, Fire[]>();
  #runs = 0;

  /** @param lifetime how long each fire is to be remembered, ms */
  constructor(path: string, lifetime: number) {
    this.#folder = `${path}/fire-`;
    this.#lifetime = lifetime;
  }

  get predicate(): Predicate {
    return {
      name: 'S49',
      title: 'of all who ask for a fire, one is told to run it',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#decided(decided) }),
    };
  }

  /** How often somebody was told to run one. */
  get runs(): number {
    return this.#runs;
  }

  /** Somebody is answered, who asked when its peer had applied `asked`, and has applied `applied` by now. */
  told(process: Owner, key: string, isToRun: boolean, asked: Zxid, applied: Zxid): void {
    const seen = (this.#fires.get(key) ?? []).filter(({ made }) => made <= applied);
    const who = `${lifeOf(process)}, from ${formatZxid(asked)} to ${formatZxid(applied)},`;
    if (!isToRun) {
      const wasThere = seen.some(({ gone }) => gone === undefined || gone > asked);
      demand(wasThere, 'S49', () => `${who} is told that another one runs ${key}`);
      return;
    }
    const own = seen.find(({ asker, made, isRun }) => {
      return asker === lifeOf(process) && made > asked && !isRun;
    });
    demand(own !== undefined, 'S49', () => {
      const known = seen.map(({ asker, made, isRun }) => `${asker} ${formatZxid(made)} ${isRun}`);
      return `${who} is told to run ${key}, which has: ${known.join(', ')}`;
    });
    if (own !== undefined) own.isRun = true;
    this.#runs += 1;
  }

  #decided(decided: Decided): void {
    const { zxid } = decided.entry;
    const { time } = decided.txn;
    for (const { type, path } of stepsOf(decided, this.#folder)) {
      const key = path.slice(this.#folder.length);
      const fires = this.#fires.get(key) ?? [];
      if (type === 'create') {
        const fire = { asker: askerOf(decided), made: zxid, time, gone: undefined, isRun: false };
        this.#fires.set(key, [...fires, fire]);
      }
      if (type !== 'delete') continue;
      const last = fires.at(-1);
      if (last === undefined) continue;
      last.gone = zxid;
      demand(time - last.time >= this.#lifetime, 'S49', () => {
        return `${key} is forgotten at ${formatZxid(zxid)}, ${time - last.time} ms after it was made`;
      });
    }
  }
}
