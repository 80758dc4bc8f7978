/** A process of an application whose workers wait for locks, leases, leadership, partitions and items, and hold them for a while. */
import type { Peer } from '../../../lib/index.ts';
import {
  DoubleBarrier,
  type Grant,
  LeaderElection,
  type Lock,
  MultiLock,
  Mutex,
  Partitioner,
  ReadWriteLock,
  Semaphore,
} from '../../../lib/recipes/index.ts';
import { host, type ProgramOptions, type Work } from '../host.ts';
import { instant, type Recorder } from '../recorder.ts';
import { Watching } from '../watching.ts';
import { isHeld, pause, tolerated } from './contending.ts';
import { Deeds } from './deeds.ts';
import {
  logOf,
  PARTITIONS,
  PARTNERS,
  placeOf,
  ROOM,
  roomOf,
  SERVICE,
  WRITTEN,
} from './recipe-places.ts';
import { writeTo } from './resource.ts';
import { Serving } from './serving.ts';
import { Ticking } from './ticking.ts';

const program: ProgramOptions = JSON.parse(process.argv[2] ?? '');

/** What a holder does while it holds. */
interface Holding {
  /** As whom it was written down. */
  readonly holder: string;
  /** Says that it holds it, if that is so. */
  readonly say: () => void;
  /** Writes where only holders may, if it holds it alone. */
  readonly write: () => Promise<void>;
}

class Contenders {
  readonly served: Record<string, number> = {};
  readonly stop = new AbortController();
  readonly #peer: Peer;
  readonly #recorder: Recorder;
  readonly #runs: Promise<void>[] = [];
  #grants = 0;

  constructor(peer: Peer, recorder: Recorder) {
    this.#peer = peer;
    this.#recorder = recorder;
  }

  begin(): void {
    const peer = this.#peer;
    const { read, write } = new ReadWriteLock(peer, placeOf('read-write'));
    const semaphore = new Semaphore(peer, placeOf('semaphore'), { leases: ROOM.semaphore });
    const heavy: Pick<Lock, 'run'> = {
      run: (work, options) => semaphore.run(work, { ...options, weight: 2 }),
    };
    this.#contend('mutex', 'mutex', new Mutex(peer, placeOf('mutex')), 1);
    this.#contend('read', 'read-write', read, 1);
    this.#contend('write', 'read-write', write, ROOM['read-write']);
    this.#contend('lease', 'semaphore', semaphore, 1);
    this.#contend('two leases', 'semaphore', heavy, 2);
    this.#contend('left', 'left', new Mutex(peer, placeOf('left')), 1);
    this.#contend('right', 'right', new Mutex(peer, placeOf('right')), 1);
    const pair = Math.random() < 0.5 ? (['left', 'right'] as const) : (['right', 'left'] as const);
    const both = new MultiLock(peer, pair.map(placeOf));
    this.#repeat('both', (signal) =>
      both.run((grant) => this.#hold('both', pair, grant, 1), { signal }),
    );
    const election = new LeaderElection(peer, placeOf('leader'));
    this.#repeat('leader', (signal) =>
      election.run((term) => this.#hold('leader', ['leader'], term, 1), { signal }),
    );
    const partitioner = new Partitioner(peer, placeOf('partitions'), { partitions: PARTITIONS });
    this.#repeat('partitions', (signal) =>
      partitioner.run((partition) => this.#own(partition.name, partition), { signal }),
    );
    this.#beginDeeds();
    this.#beginTicks();
    this.#beginServices();
    const rounds = new DoubleBarrier(peer, placeOf('rounds'), { size: PARTNERS });
    this.#repeat('rounds', (signal) => this.#meet(rounds, signal));
  }

  /** Whoever runs a tick, everybody is told of it. */
  #beginTicks(): void {
    const ticking = new Ticking(this.#peer, this.#recorder, (run) => {
      const holding = this.#told('schedule', run, 1);
      return { name: holding.holder, work: () => this.#work([holding]) };
    });
    this.#repeat('schedule', (signal) => ticking.run(signal));
    ticking.watch(() => this.#count('schedule'), this.stop.signal);
  }

  #beginServices(): void {
    const serving = new Serving(this.#peer, this.#recorder, program.name, program.idle);
    const count = (name: string, work: (signal: AbortSignal) => Promise<void>): void =>
      this.#repeat(name, async (signal) => {
        await work(signal);
        this.#count(name);
      });
    this.#repeat('registry', (signal) => serving.stay(signal, () => this.#count('registry')));
    count('instance', (signal) => serving.visit(signal));
    count('choice', () => serving.choose());
  }

  /** Enters with others, and leaves with them. */
  async #meet(rounds: DoubleBarrier, signal: AbortSignal): Promise<void> {
    const inside = await rounds.enter({ signal });
    const { holder, say } = this.#told('rounds', inside, 1);
    this.#count('rounds');
    try {
      for (let turn = Math.random() * 3; turn > 0; turn -= 1) {
        say();
        await pause(Math.random() * 2 * program.idle);
      }
      say();
      await inside.leave({ signal });
      const what = { t: 'deed', deed: 'leave', id: holder, step: 'done' } as const;
      this.#recorder.record({ ...what, at: instant() });
    } finally {
      await inside.release();
    }
  }

  #beginDeeds(): void {
    const deeds = new Deeds(this.#peer, this.#recorder, program.name, program.idle);
    const count = (name: string, work: (signal: AbortSignal) => Promise<void>): void =>
      this.#repeat(name, async (signal) => {
        await work(signal);
        this.#count(name);
      });
    count('add', (signal) => deeds.add(signal));
    count('name', (signal) => deeds.name(signal));
    count('put', (signal) => deeds.put(signal));
    for (const name of ['take', 'take too']) count(name, (signal) => deeds.take(signal));
    count('barrier', (signal) => deeds.pass(signal));
  }

  /** Resolves when nobody holds or waits any more. */
  async end(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.#runs);
  }

  #contend(name: string, contested: string, lock: Pick<Lock, 'run'>, weight: number): void {
    this.#repeat(name, (signal) =>
      lock.run((grant) => this.#hold(name, [contested], grant, weight), { signal }),
    );
  }

  #repeat(name: string, once: (signal: AbortSignal) => Promise<void>): void {
    this.served[name] = 0;
    const { signal } = this.stop;
    const loop = async (): Promise<void> => {
      while (!signal.aborted) {
        await tolerated(once(signal));
        await pause(Math.random() * program.idle);
      }
    };
    this.#runs.push(loop());
  }

  #count(name: string): void {
    this.served[name] = (this.served[name] ?? 0) + 1;
  }

  /** @param contested what the grant is for: all of it at once */
  async #hold(
    name: string,
    contested: readonly string[],
    grant: Grant,
    weight: number,
  ): Promise<void> {
    this.#count(name);
    await this.#work(contested.map((one) => this.#told(one, grant, weight)));
  }

  async #work(holdings: readonly Holding[]): Promise<void> {
    for (let turn = Math.random() * 4; turn > 0 && !this.stop.signal.aborted; turn -= 1) {
      for (const { say } of holdings) say();
      for (const { write } of holdings) await write();
      await pause(Math.random() * 2 * program.idle);
    }
    for (const { write } of holdings) await write();
  }

  /** Until it is somebody else's, and a little beyond: the careless write once more when they have been told. */
  async #own(name: string, grant: Grant): Promise<void> {
    const { say, write } = this.#told(name, grant, 1);
    while (!grant.signal.aborted) {
      this.#count('partitions');
      say();
      await write();
      await pause(Math.random() * 8 * program.idle);
    }
    await write();
  }

  /** Writes down that it was granted. @returns how it says that it holds it, and what it does then */
  #told(contested: string, grant: Grant, weight: number): Holding {
    this.#grants += 1;
    const holder = `${program.name}.${this.#grants}`;
    const { path, fence } = grant;
    const { zxid } = this.#peer.status;
    this.#recorder.record({ t: 'grant', holder, contested, weight, path, fence, zxid });
    const from = instant();
    return {
      holder,
      say: () => {
        // The clock first: what is known after it was true at it.
        const to = instant();
        if (!isHeld(grant)) return;
        this.#recorder.record({ t: 'claim', lock: contested, holder, weight, from, to });
      },
      write: async () => {
        if (weight === roomOf(contested)) await this.#write(contested, grant, holder);
      },
    };
  }

  /** To the resource without asking first whether it is still held, as the careless do; and to the tree. */
  async #write(contested: string, grant: Grant, holder: string): Promise<void> {
    const fence = String(grant.fence);
    const written = { contested, fence, peer: this.#peer.id };
    await writeTo(program.resource, written).catch(() => {});
    const guarded = this.#peer.guardedBy(grant);
    await tolerated(guarded.set(logOf(contested), holder, { timeout: 2_000 }));
  }
}

function begin(peer: Peer, recorder: Recorder): Work {
  const contenders = new Contenders(peer, recorder);
  const watching = new Watching(peer, recorder);
  return {
    load: async () => {
      const patience = { timeout: 120_000 };
      await peer.ready(patience);
      for (const contested of WRITTEN) await peer.ensurePath(logOf(contested), patience);
      await watching.watchTree();
      contenders.begin();
    },
    served: async () => contenders.served,
    loadEnd: () => contenders.end(),
    stop: () => contenders.stop.abort(),
    check: () => checkLeft(peer),
  };
}

/** Nobody who has stopped leaves anything of what only holders, waiters and members have. */
async function checkLeft(peer: Peer): Promise<void> {
  const [semaphore, partitions] = [placeOf('semaphore'), placeOf('partitions')];
  const folders = [
    ...(['mutex', 'leader', 'read-write', 'left', 'right'] as const).map(placeOf),
    `${placeOf('schedule')}/runs`,
    ...[`${semaphore}/leases`, `${semaphore}/locks`],
    ...[`${partitions}/party`, `${partitions}/leader`],
    ...PARTITIONS.map((name) => `${partitions}/locks/${name}`),
    `${placeOf('registry')}/services/${SERVICE}`,
  ];
  for (const folder of folders) {
    const [name] = await namesIn(peer, folder);
    if (name !== undefined) throw new Error(`${name} is left behind in ${folder}`);
  }
  // A claim of one who was killed is for whoever takes next to give back.
  const takers = (await namesIn(peer, `${placeOf('queue')}/taken`)).filter(isTaker);
  const barriers = (['barrier', 'rounds'] as const).map((one) => namesIn(peer, placeOf(one)));
  const members = (await Promise.all(barriers)).flat().filter((name) => name !== 'ready');
  const [name] = [...takers, ...members];
  if (name !== undefined) throw new Error(`${name} is left behind`);
}

function isTaker(name: string): boolean {
  return name.includes('-taker-');
}

async function namesIn(peer: Peer, path: string): Promise<string[]> {
  return (await peer.exists(path)) === undefined ? [] : peer.children(path);
}

await host(program, begin);
