/** A whole group inside one process, for the tests of applications. */
import { assert, present } from '../base/assert.ts';
import type { Peer } from '../client/client.ts';
import { type OpenedPeer, openPeerWith } from '../client/open-peer.ts';
import { type CheckedOptions, checkOptions, IN_MEMORY } from '../peer/options.ts';
import { MemoryDisk, MemoryStorage } from '../storage/memory-storage.ts';
import { MemoryNetwork } from '../transport/memory-network.ts';
import { MemoryTransport } from '../transport/memory-transport.ts';
import { StallableClock } from './stallable-clock.ts';

/** What {@link createTestGroup} may be told. */
export interface TestGroupOptions {
  /** Peers without a vote, numbered behind the voters. @default 0 */
  readonly observers?: number;
  /**
   * Ms; shorter ones than `openPeer` takes are fine here, but a leader that is cut off is missed after
   * 600 ms only: sessions of less than 1_500 may not live through that.
   * @default 2_000
   */
  readonly sessionTimeout?: number;
  /**
   * Transactions between two checkpoints, as of `openPeer`. A peer that misses many times as many is given
   * a copy of the tree: watches then tell the net difference.
   * @default 100_000
   */
  readonly snapCount?: number;
}

/** Peers in this process and in memory: no port, no disk, short time-outs. */
export interface TestGroup extends AsyncDisposable {
  /** Those that are alive, by id. */
  readonly peers: readonly Peer[];
  /** The peer that leads the group, as soon as there is one that serves. */
  leader(): Promise<Peer>;
  /** As SIGKILL: no goodbye, what was synced stays; the application on it sees CLOSED. */
  kill(id: number): Promise<void>;
  /** A new Peer on the disk of one that was killed, as in a new process. */
  restart(id: number): Promise<Peer>;
  /**
   * The disk of one that was killed is lost: what is restarted begins with an empty one. A voter has no
   * vote then until it has everything again and the others have given it one.
   */
  wipe(id: number): void;
  /** Each side reaches itself alone. Peers that are not named are a side of their own. */
  partition(...sides: readonly (readonly number[])[]): void;
  /** Everybody reaches everybody. */
  heal(): void;
  /** As a blocked event loop of that peer, in ms. */
  stall(id: number, milliseconds: number): void;
  /** Cuts the peer off until its session has expired, heals, and resolves when its next one is connected. */
  expireSession(id: number): Promise<void>;
  /** All that are alive and in step have applied the same transaction. */
  converged(): Promise<void>;
}

/** One peer's place: what survives its process, and the process. */
interface Place {
  readonly id: number;
  disk: MemoryDisk;
  running: Running | undefined;
}

interface Running extends OpenedPeer {
  readonly clock: StallableClock;
}

/** How long the group may take for what it is asked, in ms. */
const PATIENCE = 20_000;
const TIMES = { heartbeat: 50, syncTimeout: 600, initTimeout: 5_000 };
/** Nobody listens there: the network is in memory. */
const FIRST_PORT = 40_000;

/** Resolves when all peers serve. @param size voters, 1 to 9 */
export async function createTestGroup(
  size = 3,
  options: TestGroupOptions = {},
): Promise<TestGroup> {
  const { observers = 0, sessionTimeout = 2_000, snapCount } = options;
  const more = snapCount === undefined ? {} : { snapCount };
  const group = new MemoryGroup(size, observers, sessionTimeout, more);
  try {
    await group.start();
  } catch (error) {
    await group[Symbol.asyncDispose]();
    throw error;
  }
  return group;
}

class MemoryGroup implements TestGroup {
  readonly #network = new MemoryNetwork();
  readonly #places: readonly Place[];
  readonly #voters: number;
  readonly #sessionTimeout: number;
  readonly #more: { readonly snapCount?: number };

  constructor(
    voters: number,
    observers: number,
    sessionTimeout: number,
    more: { readonly snapCount?: number },
  ) {
    this.#voters = voters;
    this.#more = more;
    this.#sessionTimeout = sessionTimeout;
    this.#places = Array.from({ length: voters + observers }, (_, at) => ({
      id: at + 1,
      disk: new MemoryDisk(),
      running: undefined,
    }));
  }

  get peers(): readonly Peer[] {
    return this.#running().map(({ client }) => client);
  }

  async start(): Promise<void> {
    const peers = await Promise.all(this.#places.map(({ id }) => this.restart(id)));
    await Promise.all(peers.map((peer) => peer.ready({ timeout: PATIENCE })));
  }

  async leader(): Promise<Peer> {
    const leads = ({ status }: Peer) => status.state === 'leading' && status.serving;
    await eventually('a leader', () => this.peers.some(leads));
    // One that was cut off or stalled may not have noticed yet that it leads nobody.
    const leaders = this.peers.filter(leads);
    const newest = Math.max(...leaders.map(({ status }) => status.epoch));
    return present(
      leaders.find(({ status }) => status.epoch === newest),
      'a leader',
    );
  }

  async kill(id: number): Promise<void> {
    const place = this.#place(id);
    const { peer } = this.#alive(id);
    place.running = undefined;
    await peer.abandon();
  }

  async restart(id: number): Promise<Peer> {
    const place = this.#place(id);
    assert(place.running === undefined, `peer ${id} was killed before it is restarted`);
    const clock = new StallableClock();
    const opened = await openPeerWith(this.#options(id), {
      clock,
      storage: new MemoryStorage(id, place.disk),
      transport: new MemoryTransport(this.#network),
    });
    place.running = { ...opened, clock };
    return opened.client;
  }

  wipe(id: number): void {
    const place = this.#place(id);
    assert(place.running === undefined, `peer ${id} was killed before it is wiped`);
    place.disk = new MemoryDisk();
  }

  partition(...sides: readonly (readonly number[])[]): void {
    this.#network.partition(...sides.map((ids) => ids.map(urlOf)));
  }

  heal(): void {
    this.#network.heal();
  }

  stall(id: number, milliseconds: number): void {
    this.#alive(id).clock.stall(milliseconds);
  }

  async expireSession(id: number): Promise<void> {
    const { client } = this.#alive(id);
    // One that was never connected does not expire.
    await eventually(`a session of peer ${id}`, () => client.session.state === 'connected');
    const { session } = client;
    this.partition([id]);
    await eventually(`the end of peer ${id}'s session`, () => session.signal.aborted);
    this.heal();
    await eventually(`the next session of peer ${id}`, () => client.session.state === 'connected');
  }

  async converged(): Promise<void> {
    await eventually('one state on all peers', () => {
      const serving = this.#running().filter(({ peer }) => peer.status.serving);
      return serving.length > 0 && new Set(serving.map(({ peer }) => peer.zxid)).size === 1;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    await Promise.all(this.#running().map(({ peer }) => peer.abandon()));
  }

  #running(): readonly Running[] {
    return this.#places.flatMap(({ running }) => (running === undefined ? [] : [running]));
  }

  #place(id: number): Place {
    return present(
      this.#places.find((place) => place.id === id),
      `peer ${id}`,
    );
  }

  #alive(id: number): Running {
    return present(this.#place(id).running, `peer ${id}, alive`);
  }

  #options(id: number): CheckedOptions {
    const roles = this.#places.map(({ id: peer }) => {
      const role: 'participant' | 'observer' = peer <= this.#voters ? 'participant' : 'observer';
      return [peer, { url: urlOf(peer), role }] as const;
    });
    const peers = Object.fromEntries(roles);
    const checked = checkOptions({ id, peers, dataDir: IN_MEMORY, ...TIMES, ...this.#more });
    return { ...checked, sessionTimeout: this.#sessionTimeout };
  }
}

function urlOf(id: number): string {
  return `ws://127.0.0.1:${FIRST_PORT + id}/`;
}

async function eventually(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`no ${what} within ${PATIENCE} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
