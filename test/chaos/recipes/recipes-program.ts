/** A process of an application whose workers wait for locks, leases and leadership, and hold them for a while. */
import { type Peer, QuorateError } from '../../../lib/index.ts';
import {
  type Grant,
  LeaderElection,
  type Lock,
  Mutex,
  ReadWriteLock,
  Semaphore,
} from '../../../lib/recipes/index.ts';
import { host, type ProgramOptions, type Work } from '../host.ts';
import { instant, type Recorder } from '../recorder.ts';
import { Watching } from '../watching.ts';
import { type Contested, logOf, placeOf, ROOM } from './recipe-places.ts';
import { writeTo } from './resource.ts';

/** What becomes of work in a process to which everything happens. */
const EXPECTED = [
  ...['GRANT_LOST', 'CLOSED', 'TIMED_OUT', 'SESSION_EXPIRED', 'ABORTED', 'OVERLOADED'],
  'QUARANTINED',
];

const program: ProgramOptions = JSON.parse(process.argv[2] ?? '');

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
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
    const election = new LeaderElection(peer, placeOf('leader'));
    this.#repeat('leader', (signal) =>
      election.run((term) => this.#hold('leader', 'leader', term, 1), { signal }),
    );
  }

  /** Resolves when nobody holds or waits any more. */
  async end(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.#runs);
  }

  #contend(name: string, contested: Contested, lock: Pick<Lock, 'run'>, weight: number): void {
    this.#repeat(name, (signal) =>
      lock.run((grant) => this.#hold(name, contested, grant, weight), { signal }),
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

  async #hold(name: string, contested: Contested, grant: Grant, weight: number): Promise<void> {
    this.#grants += 1;
    this.served[name] = (this.served[name] ?? 0) + 1;
    const holder = `${program.name}.${this.#grants}`;
    const { path, fence } = grant;
    const { zxid } = this.#peer.status;
    this.#recorder.record({ t: 'grant', holder, contested, weight, path, fence, zxid });
    const from = instant();
    const isAlone = weight === ROOM[contested];
    for (let turn = Math.random() * 4; turn > 0 && !this.stop.signal.aborted; turn -= 1) {
      // The clock first: what is known after it was true at it.
      const to = instant();
      if (isHeld(grant)) {
        this.#recorder.record({ t: 'claim', lock: contested, holder, weight, from, to });
      }
      if (isAlone) await this.#write(contested, grant, holder);
      await pause(Math.random() * 2 * program.idle);
    }
    if (isAlone) await this.#write(contested, grant, holder);
  }

  /** To the resource without asking first whether it is still held, as the careless do; and to the tree. */
  async #write(contested: Contested, grant: Grant, holder: string): Promise<void> {
    const fence = String(grant.fence);
    const written = { contested, fence, peer: this.#peer.id };
    await writeTo(program.resource, written).catch(() => {});
    const guarded = this.#peer.guardedBy(grant);
    await tolerated(guarded.set(logOf(contested), holder, { timeout: 2_000 }));
  }
}

function isHeld(grant: Grant): boolean {
  try {
    grant.assertHeld();
    return true;
  } catch {
    return false;
  }
}

async function tolerated(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!QuorateError.is(error) || !EXPECTED.includes(error.code)) throw error;
    // A peer that is being closed refuses at once.
    await pause(20);
  }
}

function begin(peer: Peer, recorder: Recorder): Work {
  const contenders = new Contenders(peer, recorder);
  const watching = new Watching(peer, recorder);
  return {
    load: async () => {
      const patience = { timeout: 120_000 };
      await peer.ready(patience);
      for (const contested of ['mutex', 'leader', 'read-write'] as const) {
        await peer.ensurePath(logOf(contested), patience);
      }
      await watching.watchTree();
      contenders.begin();
    },
    served: async () => contenders.served,
    loadEnd: () => contenders.end(),
    stop: () => contenders.stop.abort(),
    check: async () => {
      for (const contested of ['mutex', 'leader', 'read-write'] as const) {
        const names = await namesIn(peer, placeOf(contested));
        if (names.length > 0) throw new Error(`${names[0]} is left behind in ${contested}`);
      }
      for (const folder of ['leases', 'locks']) {
        const names = await namesIn(peer, `${placeOf('semaphore')}/${folder}`);
        if (names.length > 0) throw new Error(`${names[0]} is left behind in ${folder}`);
      }
    },
  };
}

async function namesIn(peer: Peer, path: string): Promise<string[]> {
  return (await peer.exists(path)) === undefined ? [] : peer.children(path);
}

await host(program, begin);
