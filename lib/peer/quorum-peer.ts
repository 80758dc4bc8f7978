/** One member of the group: a replica with a clock, a disk and a network, and a life of its own. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, QuorateError } from '../base/errors.ts';
import { TIMER_MAX } from '../base/timer.ts';
import { formatZxid } from '../base/zxid.ts';
import type { ReplicaEvent } from '../replica/ready.ts';
import { Replica } from '../replica/replica.ts';
import type { SessionHandle } from '../replica/session-handle.ts';
import type { DecodeError } from '../wire/decode-error.ts';
import { checkVoters } from './check-voters.ts';
import { Connections } from './connections.ts';
import { messageOf } from './events.ts';
import type { CheckedOptions } from './options.ts';
import { systemPorts } from './peer-ports.ts';
import { PoolWatch } from './pool-watch.ts';
import { type LoopObserver, type LoopPorts, ReadyLoop } from './ready-loop.ts';
import { Repeats } from './repeats.ts';
import { replicaOptions } from './replica-options.ts';
import { RequestPipeline } from './request-pipeline.ts';
import { restore } from './restore.ts';
import type { PeerStatus } from './status.ts';
import { isEvenGroup, StatusReport } from './status-report.ts';
import { within } from './within.ts';

/** Who holds the peer. Called when the core is at rest; must not throw. */
export interface PeerObserver {
  status(now: PeerStatus, before: PeerStatus): void;
  warning(warning: QuorateError): void;
  /** Something went wrong where no caller waits. */
  error(error: unknown): void;
}

/**
 * Without a quorum nobody can be told of the end of a session: how long `close` waits for one to come
 * back, in ms.
 */
const LONELY_GRACE = 500;

/** How long the thread pool may let nothing through at least before that is a warning, in ms. */
const POOL_PATIENCE = 1_000;
/** What links and store are given to end, however late it is, in ms. */
const ENDING_LEAST = 100;

export class QuorumPeer {
  readonly id: number;
  /** Resolves when the peer is closed, by whatever cause. */
  readonly closed: Promise<void>;
  readonly pipeline: RequestPipeline;
  /** Holds secrets: private, so that no logger finds them in a peer that it is given. */
  readonly #options: CheckedOptions;
  readonly #replica: Replica;
  readonly #ports: LoopPorts;
  readonly #observer: PeerObserver;
  readonly #loop: ReadyLoop;
  readonly #connections: Connections;
  readonly #report: StatusReport;
  readonly #repeats = new Repeats();
  readonly #pool: PoolWatch;
  /** As it was announced last. */
  #status: PeerStatus;
  #end: 'quarantined' | 'closed' | undefined;
  /** Why it takes no part any more. */
  #cause: QuorateError | undefined;
  #closing: Promise<void> | undefined;
  /** Keeps the process alive in quarantine: whoever waits for `closed` is not to be ended by a disk. */
  #vigil: NodeJS.Timeout | undefined;
  #servedBefore = false;
  #afterTurn: (() => void)[] = [];
  /** Looks after every turn whether the farewell of `close` is done. */
  #checkFarewell: (() => void) | undefined;
  #setClosed: () => void = () => {};

  /**
   * Verifies the store, begins to listen and to dial, and resolves: the local part stands. Rejects
   * with what is wrong here, and leaves nothing open.
   */
  static async open(
    options: CheckedOptions,
    observer: PeerObserver,
    ports: LoopPorts = systemPorts(options),
  ): Promise<QuorumPeer> {
    const { signal } = options;
    throwIfAborted(signal);
    let peer: QuorumPeer | undefined;
    try {
      const opened = await ports.storage.open();
      if (options.bootstrap && opened.durable.birth.state === 'born') {
        const text = `peer ${options.id}: its group is founded: take the option bootstrap away`;
        options.logger?.warn({ id: options.id }, text);
      }
      const { stateMachine, replay, durable, warnings } = await restore(opened);
      for (const { code, message } of warnings) options.logger?.warn({ code }, message);
      throwIfAborted(signal);
      const replica = new Replica(replicaOptions(options), durable, stateMachine, replay);
      checkVoters(options, replica.zab.configuration);
      peer = new QuorumPeer(options, replica, ports, observer);
      await peer.#listen();
      throwIfAborted(signal);
      peer.#start();
      return peer;
    } catch (error) {
      // Links may have come in already.
      if (peer !== undefined) peer.#loop.stop();
      await Promise.allSettled([ports.transport.close(), ports.storage.close()]);
      throw error;
    }
  }

  private constructor(
    options: CheckedOptions,
    replica: Replica,
    ports: LoopPorts,
    observer: PeerObserver,
  ) {
    this.id = options.id;
    this.#options = options;
    this.#replica = replica;
    this.#ports = ports;
    this.#observer = observer;
    this.#connections = new Connections(options.addresses.filter(({ id }) => id !== options.id));
    this.#loop = new ReadyLoop(replica, ports, this.#loopObserver(), options.heartbeat);
    this.pipeline = new RequestPipeline(replica, ports.clock, () => this.#loop.wake());
    const patience = Math.max(POOL_PATIENCE, options.fsyncWarningThreshold);
    this.#pool = new PoolWatch(ports.clock, patience, (ms) => this.#warnBusy(ms));
    this.#report = new StatusReport(options, replica, this.#connections);
    this.#status = this.status;
    this.closed = new Promise((resolve) => {
      this.#setClosed = resolve;
    });
  }

  get options(): CheckedOptions {
    return this.#options;
  }

  /** As of now. */
  get status(): PeerStatus {
    const { clock, transport } = this.#ports;
    const ending = { state: this.#end, cause: this.#cause };
    return this.#report.make(ending, clock.monotonic(), transport.refused);
  }

  /** The last transaction applied here. */
  get zxid(): bigint {
    return this.#replica.applied;
  }

  /** Hash of everything replicated: equal at equal zxids on all peers (S16). */
  get hash(): number {
    return this.#replica.stateMachine.hash();
  }

  /** Why calls are no longer taken, once they are not. */
  get end(): QuorateError | undefined {
    if (this.isOpen) return undefined;
    return this.#cause ?? QuorateError.make('CLOSED', `peer ${this.id} is closed`);
  }

  /** Whether calls are still taken. */
  get isOpen(): boolean {
    return this.#end === undefined && this.#closing === undefined;
  }

  /** See {@link Sessions.validFor}: by the clock at the call. */
  validFor(session: SessionHandle): number {
    const { clock } = this.#ports;
    if (this.#end !== undefined) return 0;
    return this.#replica.sessions.validFor(session, clock.monotonic(), clock.wall());
  }

  /** Calls back once, after the deliveries of the next turn. */
  afterTurn(callback: () => void): void {
    this.#afterTurn.push(callback);
    this.#loop.wake();
  }

  /** True: the request is for a link of this peer, which has taken it. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#ports.transport.handleUpgrade(request, socket, head);
  }

  /** Ends the sessions, hands leadership over, closes links and store. Never rejects; later calls join the first. */
  close(timeout: number): Promise<void> {
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  /** As the end of the process would: no goodbye to anybody. What is synced stays. */
  async abandon(): Promise<void> {
    this.#closing ??= Promise.resolve();
    await this.#endAll(Number.POSITIVE_INFINITY);
  }

  async #listen(): Promise<void> {
    const { transport } = this.#ports;
    transport.start(this.#loop.transportEvents);
    const own = this.#options.addresses.find(({ id }) => id === this.id);
    if (own !== undefined && own.url !== '') await transport.listen(own.url);
  }

  #start(): void {
    for (const { id, url } of this.#options.addresses) {
      if (id !== this.id) this.#ports.transport.dial(id, url);
    }
    if (this.#options.dataDir !== undefined) this.#pool.start();
    this.#loop.wake();
  }

  #loopObserver(): LoopObserver {
    return {
      deliver: (deliveries) => this.pipeline.deliver(deliveries),
      status: ({ role, reason }) => {
        if (role === 'quarantined') this.#quarantine('it can take no part any more', reason);
        else this.#announce();
      },
      event: (event) => this.#tell(event),
      connection: (peer, connected, error) => {
        if (this.#connections.update(peer, connected, error)) this.#announce();
      },
      refused: (address, reason) => this.#warnRefused(address, reason),
      malformed: (peer, error) => this.#warnMalformed(peer, error),
      written: (ms) => this.#warnSlow(ms),
      storeFailed: (error) => this.#quarantine('the store refused a write', error),
      broken: (error) => this.#quarantine('an invariant does not hold', error),
      turned: () => {
        const callbacks = this.#afterTurn;
        this.#afterTurn = [];
        for (const callback of callbacks) callback();
        this.#checkFarewell?.();
      },
    };
  }

  #announce(): void {
    const before = this.#status;
    const now = this.status;
    this.#status = now;
    this.#options.logger?.info(now, `peer ${this.id} is ${now.state}`);
    this.#observer.status(now, before);
    if (now.serving) this.#warnEven(now);
  }

  /** Once, when the group stands and whoever listens does. */
  #warnEven(status: PeerStatus): void {
    if (this.#servedBefore) return;
    this.#servedBefore = true;
    if (!isEvenGroup(status)) return;
    const { voters, faultTolerance } = status;
    const text = `peer ${this.id}: ${voters.length} voters bear no more failures than ${voters.length - 1}: ${faultTolerance}`;
    this.#observer.warning(QuorateError.make('EVEN_VOTERS', text));
  }

  /** Takes no part any more: no vote, no acknowledgement, no reads (G6, G10). The process goes on. */
  #quarantine(what: string, cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = 'quarantined';
    const error = QuorateError.make(
      'QUARANTINED',
      `peer ${this.id}: ${what}: ${messageOf(cause)}`,
      {
        cause,
      },
    );
    this.#cause = error;
    this.#loop.stop();
    this.#vigil = setInterval(() => {}, TIMER_MAX);
    void Promise.allSettled([this.#ports.transport.close()]);
    this.#observer.error(error);
    this.pipeline.over(error);
    this.#announce();
  }

  #tell(event: ReplicaEvent): void {
    this.#options.logger?.debug({ ...event }, `peer ${this.id}: ${event.type}`);
    const warning = warningOf(event);
    if (warning === undefined) return;
    const [code, text] = warning;
    const lasting = event.type === 'refused' || event.type === 'alarm';
    const now = this.#ports.clock.monotonic();
    if (lasting && !this.#repeats.isNews(`${code} ${text}`, now)) return;
    this.#observer.warning(QuorateError.make(code, `peer ${this.id}: ${text}`));
  }

  #warnBusy(ms: number): void {
    const text = `the thread pool has let nothing through for ${Math.round(ms)} ms: is UV_THREADPOOL_SIZE too small?`;
    this.#observer.warning(QuorateError.make('POOL_BUSY', `peer ${this.id}: ${text}`));
  }

  #warnSlow(ms: number): void {
    if (ms < this.#options.fsyncWarningThreshold) return;
    const text = `peer ${this.id}: a synced write took ${Math.round(ms)} ms`;
    this.#observer.warning(QuorateError.make('SLOW_DISK', text));
  }

  /** Once for whoever sends such frames, again and again as it may: nobody fills a log with them. */
  #warnMalformed(peer: number | undefined, error: DecodeError): void {
    const who = peer === undefined ? 'somebody' : `peer ${peer}`;
    if (!this.#repeats.isNews(`malformed ${who}`, this.#ports.clock.monotonic())) return;
    const text = `peer ${this.id}: a link of ${who} was closed: ${error.message}`;
    this.#observer.warning(QuorateError.make('REFUSED', text, { cause: error }));
  }

  #warnRefused(address: string, reason: string): void {
    const text = `peer ${this.id}: refused ${address || 'a connection'}: ${reason}`;
    this.#observer.warning(QuorateError.make('REFUSED', text));
  }

  async #close(timeout: number): Promise<void> {
    const deadline = this.#ports.clock.monotonic() + timeout;
    if (this.#end === undefined) await this.#farewell(deadline);
    await this.#endAll(deadline);
  }

  async #endAll(deadline: number): Promise<void> {
    const { clock, storage, transport } = this.#ports;
    this.#loop.stop();
    this.#pool.stop();
    clearInterval(this.#vigil);
    const hadEnded = this.#end !== undefined;
    this.#end = 'closed';
    if (!hadEnded) this.pipeline.over(QuorateError.make('CLOSED', `peer ${this.id} was closed`));
    // A farewell that was under way when the peer was abandoned ends with it.
    this.#checkFarewell?.();
    const ends = Promise.allSettled([transport.close(), storage.close()]);
    await within(ends, Math.max(ENDING_LEAST, deadline - clock.monotonic()));
    this.#announce();
    this.#setClosed();
  }

  /** Sessions end and leadership is given away, while there is a group to do it with and time left. */
  #farewell(deadline: number): Promise<void> {
    this.#replica.close();
    const { clock } = this.#ports;
    let lonelySince: number | undefined;
    return new Promise((resolve) => {
      const timer = setInterval(() => this.#loop.wake(), 50);
      this.#checkFarewell = () => {
        const now = clock.monotonic();
        lonelySince = this.#replica.status.serving ? undefined : (lonelySince ?? now);
        const isLonely = lonelySince !== undefined && now - lonelySince >= LONELY_GRACE;
        const isOver = this.#end !== undefined || this.#replica.closed || now >= deadline;
        if (!isOver && !isLonely) return;
        clearInterval(timer);
        this.#checkFarewell = undefined;
        resolve();
      };
      this.#loop.wake();
    });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw QuorateError.make('ABORTED', 'opening was aborted', {
    outcome: 'not-applied',
    cause: signal.reason,
  });
}

/** What operators should hear of. */
function warningOf(event: ReplicaEvent): readonly [ErrorCode, string] | undefined {
  switch (event.type) {
    case 'stall':
      return ['STALL', `the event loop was blocked for ${Math.round(event.ms)} ms`];
    case 'sleep':
      return ['STALL', sleepText(event.ms)];
    case 'slow-disk':
      return ['SLOW_DISK', `the disk has written nothing for ${Math.round(event.ms)} ms`];
    case 'refused': {
      const code = event.reason === 'PROTOCOL' ? 'REFUSED' : event.reason;
      return [code, event.detail];
    }
    case 'alarm':
      return ['QUARANTINED', event.detail];
    case 'diverged':
      return ['QUARANTINED', `the tree differs from the leader's at ${formatZxid(event.zxid)}`];
    case 'scheme-failed':
      return ['NO_AUTH', `${event.what} of the custom ACL schemes threw: ${event.reason}`];
    case 'tree-filling':
      return ['QUOTA_EXCEEDED', fillingText(event)];
    case 'tree-limit':
      return [
        'BAD_ARGUMENTS',
        `maxTreeBytes is ${event.own} here, but the leader has set ${event.agreed} for the whole group`,
      ];
    default:
      return undefined;
  }
}

function sleepText(ms: number): string {
  return `the machine slept for ${Math.round(ms)} ms, or its calendar was set forward by that`;
}

function fillingText({ bytes, limit }: { readonly bytes: number; readonly limit: number }): string {
  const share = Math.floor((bytes / limit) * 100);
  return `the tree has ${bytes} bytes, ${share} % of what maxTreeBytes allows it: growth ends there`;
}
