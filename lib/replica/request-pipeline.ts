/**
 * The host's side of writes (steps 25 and 26): they leave for the leader in the order of their
 * session, keep their numbers over leaders, and are decided by what this peer itself applies.
 */
import type { Meter } from '../base/meter.ts';
import type { Zxid } from '../base/zxid.ts';
import type { SessionQueue } from '../session/session-queue.ts';
import type { Operation, OperationResult, Owner, Request } from '../tree/request.ts';
import type { StateMachine } from '../tree/state-machine.ts';
import { MAX_ENTRY_BYTES } from '../wire/limits.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import { type Channel, IN_FLIGHT_MAX } from './hosted-session.ts';
import { bytesOfOperation } from './operation-size.ts';
import type { ReadOperation } from './read.ts';
import type { Ticket } from './ready.ts';

/** Requests, and bytes of them, of one message; what is left goes into the next. */
const REQUESTS_MAX = 1024;
const BYTES_MAX = 256 * 1024;
/**
 * Requests of one host that the leader may have and not have decided, so that its inbox is bounded: as
 * many as it proposes before anything is applied. One session's may go beyond. More wait here.
 */
const UNDER_WAY_MAX = 8192;
/** Bytes of them, but for one: far below what may wait on a link, or all at once would cost the link to the leader. */
const UNDER_WAY_BYTES_MAX = 8 * 1024 * 1024;
/** What a leader may have of one host: a refused tail may come once more before the first is dropped. */
export const SENT_TWICE_MAX: number = 2 * (UNDER_WAY_MAX + IN_FLIGHT_MAX);

/** What was decided, for whoever waits for it. */
export interface Decided {
  readonly decision: ReturnType<SessionQueue<Operation, ReadOperation>['decide']>;
  readonly result: OperationResult;
  /** The transaction that decided it. */
  readonly zxid: Zxid;
}

export class RequestPipeline {
  #owner: Owner;
  /** Channels that may have something to send to the present leader. */
  readonly #ready = new Set<Channel>();
  /** Channels whose last request was refused for want of room: they try again with the next tick. */
  readonly #paused = new Set<Channel>();
  /** Channels that may have something under way. */
  readonly #busy = new Set<Channel>();

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Another owner asks, through other channels. */
  renew(owner: Owner): void {
    this.#owner = owner;
    this.#ready.clear();
    this.#paused.clear();
    this.#busy.clear();
  }

  /** Something was added to the channel, or it may go on. */
  wake(channel: Channel): void {
    if (!this.#paused.has(channel)) this.#ready.add(channel);
  }

  /** The channel's session has ended. */
  remove(channel: Channel): void {
    this.#ready.delete(channel);
    this.#paused.delete(channel);
    this.#busy.delete(channel);
  }

  measure(meter: Meter): void {
    const { requests, bytes } = this.#underWay();
    meter('requests under way', requests, UNDER_WAY_MAX + IN_FLIGHT_MAX);
    meter('bytes of requests under way', bytes, UNDER_WAY_BYTES_MAX + 2 * MAX_ENTRY_BYTES);
  }

  #underWay(): { requests: number; bytes: number } {
    const sum = { requests: 0, bytes: 0 };
    for (const channel of this.#busy) {
      const { underWay, bytesUnderWay } = channel.queue;
      if (underWay === 0) this.#busy.delete(channel);
      sum.requests += underWay;
      sum.bytes += bytesUnderWay;
    }
    return sum;
  }

  tick(): void {
    for (const channel of this.#paused) this.#ready.add(channel);
    this.#paused.clear();
  }

  /** All that may go to the leader now, in messages of bounded size. `sent` hears of each request that goes through no session. */
  flush(send: (message: ServiceMessage) => void, sent: (ticket: Ticket) => void): void {
    if (this.#ready.size === 0) return;
    let requests: Request[] = [];
    let bytes = 0;
    const underWay = this.#underWay();
    for (const channel of this.#ready) {
      const room = UNDER_WAY_BYTES_MAX - underWay.bytes;
      if (underWay.requests >= UNDER_WAY_MAX || room <= 0) break;
      const { session, queue } = channel;
      if (channel.blocked || channel.held) {
        this.#ready.delete(channel);
        continue;
      }
      this.#busy.add(channel);
      underWay.requests -= queue.underWay;
      underWay.bytes -= queue.bytesUnderWay;
      for (const { ticket, cxid, operation } of queue.take(room)) {
        if (session === 0n) sent(ticket);
        const { resolved } = queue;
        requests.push({ session, cxid, resolved, owner: this.#owner, operation });
        bytes += bytesOfOperation(operation);
        if (requests.length < REQUESTS_MAX && bytes < BYTES_MAX) continue;
        send({ type: 'REQUEST', requests });
        requests = [];
        bytes = 0;
      }
      underWay.requests += queue.underWay;
      underWay.bytes += queue.bytesUnderWay;
      if (underWay.bytes < UNDER_WAY_BYTES_MAX) this.#ready.delete(channel);
    }
    if (requests.length > 0) send({ type: 'REQUEST', requests });
  }

  /** Another leader, or another link to it: it has nothing of this channel (step 26). */
  restart(channel: Channel): void {
    channel.blocked = false;
    this.#paused.delete(channel);
    channel.queue.resend();
    this.#ready.add(channel);
  }

  /** REJECT: the leader has taken nothing from `expected` on. */
  rejected(channel: Channel, expected: number): void {
    if (expected > channel.queue.resolved) {
      channel.queue.resend(expected);
      this.#paused.add(channel);
      this.#ready.delete(channel);
    } else channel.blocked = true;
  }

  /** Its own transaction was applied here (step 26). */
  applied(
    channel: Channel,
    cxid: number,
    zxid: Zxid,
    result: OperationResult,
  ): Decided | undefined {
    const { queue } = channel;
    if (cxid <= queue.resolved || cxid > queue.lastCxid) return undefined;
    const decision = queue.decide(cxid, zxid);
    this.wake(channel);
    return { decision, result, zxid };
  }

  /** What the exactly-once table knows of this channel's requests: after a SNAP, and after each change of leader (step 26). */
  *resolve(channel: Channel, machine: StateMachine): Generator<Decided> {
    const { session, queue } = channel;
    for (const { cxid } of queue.inFlight()) {
      const answer = machine.answer({ session, cxid, owner: this.#owner });
      if (answer === undefined) return;
      const decision = queue.decide(cxid, machine.zxid);
      this.wake(channel);
      yield { decision, result: answer.result, zxid: answer.zxid };
    }
  }
}
