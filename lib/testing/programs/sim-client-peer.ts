/** The port of a client to the replica of a simulated process: what a real peer is to it. */
import { QuorateError } from '../../base/errors.ts';
import type { ClientPeer } from '../../client/client-peer.ts';
import { Connections } from '../../peer/connections.ts';
import { type CheckedOptions, checkOptions, IN_MEMORY } from '../../peer/options.ts';
import { RequestPipeline, type Requests } from '../../peer/request-pipeline.ts';
import type { PeerStatus } from '../../peer/status.ts';
import { StatusReport } from '../../peer/status-report.ts';
import type { Delivery } from '../../replica/ready.ts';
import type { Replica } from '../../replica/replica.ts';
import type { SessionHandle } from '../../replica/session-handle.ts';
import { isFinal } from '../../session/session-state.ts';
import type { SimClients } from '../sim-clients.ts';
import type { SimProcess } from './sim-process.ts';

/** What of the options the simulation draws. */
export interface ClientTimes {
  readonly sessionTimeout: number;
  readonly requestTimeout: number;
}

export class SimClientPeer implements ClientPeer {
  readonly id: number;
  readonly options: CheckedOptions;
  readonly pipeline: RequestPipeline;
  readonly closed: Promise<void>;
  readonly #process: SimProcess;
  readonly #replica: Replica;
  readonly #report: StatusReport;
  #end: QuorateError | undefined;
  #isClosing = false;
  #isWaking = false;
  #afterTurn: (() => void)[] = [];
  #setClosed: () => void = () => {};

  constructor(process: SimProcess, replica: Replica, clients: SimClients, times: ClientTimes) {
    const { id } = process.peer;
    this.id = id;
    const peers = { [id]: { url: 'ws://127.0.0.1:1/' } };
    this.options = { ...checkOptions({ id, peers, dataDir: IN_MEMORY }), ...times };
    this.#process = process;
    this.#replica = replica;
    this.#report = new StatusReport(this.options, replica, new Connections([]));
    const requests = witnessed(process, replica, clients);
    this.pipeline = new RequestPipeline(requests, process, () => this.#wake());
    this.closed = new Promise((resolve) => {
      this.#setClosed = resolve;
    });
  }

  get status(): PeerStatus {
    const ending = { state: this.#end && ('closed' as const), cause: this.#end };
    return this.#report.make(ending, this.#process.monotonic(), 0);
  }

  get zxid(): bigint {
    return this.#replica.applied;
  }

  get isOpen(): boolean {
    return this.#end === undefined && !this.#isClosing;
  }

  get end(): QuorateError | undefined {
    if (this.isOpen) return undefined;
    return this.#end ?? QuorateError.make('CLOSED', `peer ${this.id} is closed`);
  }

  validFor(session: SessionHandle): number {
    if (this.#end !== undefined || !this.#process.alive) return 0;
    return this.#replica.sessions.validFor(
      session,
      this.#process.monotonic(),
      this.#process.wall(),
    );
  }

  afterTurn(callback: () => void): void {
    this.#afterTurn.push(callback);
    this.#wake();
  }

  handleUpgrade(): boolean {
    return false;
  }

  /** Its process ends a while later: see the fault. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#process.peer.input((machine) => machine.handOver());
    }
    await this.closed;
  }

  deliver(deliveries: readonly Delivery[]): void {
    if (this.#end === undefined) this.pipeline.deliver(deliveries);
  }

  /** Whether {@link turned} has anything to do. */
  get minds(): boolean {
    const isOver = this.#isClosing || this.#replica.status.role === 'quarantined';
    return this.#afterTurn.length > 0 || (isOver && this.#end === undefined);
  }

  turned(): void {
    const callbacks = this.#afterTurn;
    this.#afterTurn = [];
    for (const callback of callbacks) callback();
    if (this.#end !== undefined) return;
    if (this.#replica.status.role === 'quarantined') this.#over('QUARANTINED');
    else if (this.#isClosing && this.#replica.closed) this.#over('CLOSED');
  }

  #over(code: 'QUARANTINED' | 'CLOSED'): void {
    this.#end = QuorateError.make(code, `peer ${this.id}: ${code.toLowerCase()}`);
    this.pipeline.over(this.#end);
    this.#setClosed();
  }

  /** A turn is due, when what runs now has run. */
  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    this.#process.soon(() => {
      this.#isWaking = false;
      this.#process.peer.input(() => undefined);
    });
  }
}

/** The replica, whose answers are judged on their way; one of a process that is gone takes nothing more. */
function witnessed(process: SimProcess, replica: Replica, clients: SimClients): Requests {
  const { peer } = process;
  const { sessions } = replica;
  return {
    sessions: {
      open: (options) =>
        process.call(() => {
          const handle = sessions.open(options);
          clients.opened(peer, handle);
          process.opened(handle);
          return handle;
        }),
      close: (session) => process.call(() => sessions.close(session)),
      submit: (session, operation) =>
        process.call(() => {
          const ticket = sessions.submit(session, operation);
          if (typeof ticket === 'number') clients.submitted(peer, session, ticket, operation);
          return ticket;
        }),
      read: (session, operation, options = {}) => {
        // Those who leave a watch do so in listeners, out of which nothing may be thrown.
        if (!process.alive) return { type: 'error', code: 'CLOSED' };
        return process.call(() => {
          // It is owed nothing any more, and told so.
          if (isFinal(session.state)) return sessions.read(session, operation, options);
          return clients.read(peer, replica, session, operation, options);
        });
      },
      abandon: (session, ticket) => {
        if (!process.alive) return;
        process.call(() => {
          clients.abandoned(peer, ticket);
          sessions.abandon(session, ticket);
        });
      },
      stateOf: (session, now, wall) => sessions.stateOf(session, now, wall),
    },
    look: (now) => replica.look(now),
  };
}
