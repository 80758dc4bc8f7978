/** Those who contend for grants in every process of a simulated group: locks, leases and leadership. */
import { unreachable } from '../../base/assert.ts';
import { onAbort } from '../../client/abort.ts';
import {
  LeaderElection,
  type Lock,
  MultiLock,
  Mutex,
  ReadWriteLock,
  Semaphore,
} from '../../recipes/index.ts';
import type { Application, Life } from '../applications/application.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Prng } from '../prng.ts';
import { STREAM } from '../swarm.ts';
import { type Arena, Contender } from './contender.ts';
import { FencedResource } from './fenced-resource.ts';
import { GrantBook, type Line } from './grant-book.ts';

/** Below here are the lines. */
const FOLDER = '/locks/';
const READERS = 1_000;
const LEASES = 2;

const MUTEX: Line = { name: 'mutex', room: 1, log: '/log/mutex' };
const X: Line = { name: 'x', room: 1, log: '/log/x' };
const Y: Line = { name: 'y', room: 1 };
const LEADER: Line = { name: 'leader', room: 1, log: '/log/leader' };
const CATALOGUE: Line = { name: 'catalogue', room: READERS, log: '/log/catalogue' };
const LIMIT: Line = { name: 'limit', room: LEASES };

/** What they contend for, as statistics call it. */
export const CONTENDERS = [
  'mutex',
  'impatient',
  'session',
  'both',
  'first',
  'reader',
  'writer',
  'leases',
  'leader',
] as const;
type Kind = (typeof CONTENDERS)[number];

const MEAN_TERM = 600;

export class Contention implements Application, Arena {
  readonly book: GrantBook = new GrantBook(FOLDER);
  readonly #resources = new Map<string, FencedResource>();

  get predicate(): Predicate {
    return this.book.predicate;
  }

  begin(life: Life): void {
    const { process, stage } = life;
    const drawn = new Prng(stage.seed, STREAM.program);
    const kinds = CONTENDERS.filter(() => drawn.chance(0.4));
    for (const kind of kinds.length > 0 ? kinds : CONTENDERS) {
      for (let count = process.prng.pick([0, 1, 1, 1, 2]); count > 0; count -= 1) {
        this.#contend(kind, life);
      }
    }
  }

  /** Whoever waits is waited for. */
  owed(): () => readonly string[] {
    return () => [];
  }

  left(): readonly string[] {
    return [...this.book.standing];
  }

  resource(line: Line): FencedResource {
    let resource = this.#resources.get(line.name);
    if (resource === undefined) {
      resource = new FencedResource(line.name);
      this.#resources.set(line.name, resource);
    }
    return resource;
  }

  #contend(kind: Kind, life: Life): void {
    const { process, client } = life;
    const owner = `${process.peer.id}/${process.peer.life}`;
    const enter = (lines: readonly Line[], weight: number): Contender => {
      return new Contender(life, this, { name: kind, lines, weight });
    };
    const loop = (contender: Contender, attempt: (one: Contender) => Promise<unknown>): void => {
      contender.repeat(() => attempt(contender));
    };
    const run = (contender: Contender, lock: Lock): void => loop(contender, (one) => one.run(lock));
    switch (kind) {
      case 'mutex':
        return run(enter([MUTEX], 1), new Mutex(client, pathOf(MUTEX), { owner }));
      case 'impatient': {
        const lock = new Mutex(client, pathOf(MUTEX), { owner });
        return loop(enter([MUTEX], 1), (one) => one.ask(lock));
      }
      case 'session':
        return loop(enter([MUTEX], 1), (one) => this.#inSession(one, owner));
      case 'both': {
        const paths = process.prng.shuffled([pathOf(X), pathOf(Y)]);
        return run(enter([X, Y], 1), new MultiLock(client, paths, { owner }));
      }
      case 'first':
        return run(enter([X], 1), new Mutex(client, pathOf(X), { owner }));
      case 'reader':
        return run(
          enter([CATALOGUE], 1),
          new ReadWriteLock(client, pathOf(CATALOGUE), { owner }).read,
        );
      case 'writer':
        return run(
          enter([CATALOGUE], READERS),
          new ReadWriteLock(client, pathOf(CATALOGUE), { owner }).write,
        );
      case 'leases': {
        const lock = new Semaphore(client, pathOf(LIMIT), { leases: LEASES, owner });
        const weight = process.prng.pick([1, 1, LEASES]);
        const one = enter([LIMIT], weight);
        if (process.prng.chance(0.5)) return loop(one, () => one.ask(lock));
        return run(one, { ...lock, run: (work) => lock.run(work, { weight }) } as Lock);
      }
      case 'leader':
        return loop(enter([LEADER], 1), (one) => this.#stand(one));
      default:
        unreachable(kind);
    }
  }

  /** On a session of its own, which may be closed in the middle of the work. */
  async #inSession(contender: Contender, owner: string): Promise<void> {
    const { client, process } = contender;
    const session = await client.openSession();
    try {
      if (process.prng.chance(0.5))
        setTimeout(() => void session.close(), process.prng.exponential(400));
      await contender.run(new Mutex(session, pathOf(MUTEX), { owner }));
    } finally {
      await session.close();
    }
  }

  /** Stands until it has led for a while, or is stopped. */
  async #stand(contender: Contender): Promise<void> {
    const { client, process, life } = contender;
    const stop = new AbortController();
    onAbort(life.stop, () => stop.abort());
    const election = new LeaderElection(client, pathOf(LEADER), { data: `${process.peer.id}` });
    const isImpatient = process.prng.chance(0.3);
    if (isImpatient) setTimeout(() => stop.abort(), process.prng.exponential(MEAN_TERM));
    else contender.waits = true;
    await election.run((term) => contender.work(term), { signal: stop.signal });
  }
}

function pathOf({ name }: Line): string {
  return `${FOLDER}${name}`;
}
