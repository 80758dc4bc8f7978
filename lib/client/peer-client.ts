import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { QuorateError } from '../base/errors.ts';
import type { Events } from '../peer/events.ts';
import type { PeerStatus } from '../peer/status.ts';
import { CLOSE_TIMEOUT, checkOptions } from './call-options.ts';
import type { OwnedSession, Peer, PeerEvents } from './client.ts';
import { type ClientCore, PinnedSource } from './client-core.ts';
import type { ClientPeer } from './client-peer.ts';
import { ClientView, OwnedSessionView } from './client-view.ts';
import { utf8 } from './codec.ts';
import { Place } from './place.ts';
import { SessionCore } from './session-core.ts';
import {
  type CutShort,
  type Cuttable,
  Deadline,
  NOT_APPLIED,
  throwIfAborted,
  type WaitContext,
  type WaitOptions,
} from './wait.ts';

type Listener<E extends keyof PeerEvents> = (...args: PeerEvents[E]) => void;

/** The peer as an application holds it. */
export class PeerClient extends ClientView<string, string> implements Peer {
  readonly #peer: ClientPeer;
  readonly #events: Events<PeerEvents>;
  /** Further sessions that have not ended. */
  readonly #opened = new Set<SessionCore>();

  constructor(core: ClientCore, events: Events<PeerEvents>) {
    super(core, new Place(''), utf8);
    this.#peer = core.peer;
    this.#events = events;
  }

  get id(): number {
    return this.#peer.id;
  }

  get status(): PeerStatus {
    return this.#peer.status;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#peer.handleUpgrade(request, socket, head);
  }

  get closed(): Promise<void> {
    return this.#peer.closed;
  }

  ready(options?: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      checkOptions('ready', options);
      const context = this.#context('ready');
      throwIfAborted(options, context);
      const leave = () => {
        deadline.dispose();
        this.#events.off('status', check);
      };
      const check = (now: PeerStatus) => {
        const { end } = this.#peer;
        if (!now.serving && end === undefined) return;
        leave();
        if (end === undefined) resolve();
        else reject(QuorateError.make(end.code, `ready: ${end.message}`, NOT_APPLIED));
      };
      const cutShort = (error: CutShort) => {
        leave();
        reject(error(NOT_APPLIED));
      };
      const deadline = this.#deadline(options, { ...context, cutShort });
      this.#events.on('status', check);
      check(this.status);
    });
  }

  async openSession(
    options?: WaitOptions & { readonly sessionTimeout?: number },
  ): Promise<OwnedSession> {
    checkOptions('openSession', options);
    const context = this.#context('openSession');
    throwIfAborted(options, context);
    const { end } = this.#peer;
    if (end !== undefined) throw QuorateError.make(end.code, end.message, NOT_APPLIED);
    const core = new SessionCore(this.#peer, this.#sessionTimeout(options?.sessionTimeout), NOBODY);
    await this.#connected(core, context, options);
    this.#opened.add(core);
    void core.ended.then(() => this.#opened.delete(core));
    return new OwnedSessionView(new PinnedSource(core, this.source), this.place, utf8);
  }

  /** Misuse rejects: nothing that returns a promise throws. */
  async close(options?: { readonly timeout?: number }): Promise<void> {
    checkOptions('close', options);
    for (const core of [this.source.current, ...this.#opened]) core.announceEnd();
    await this.#peer.close(options?.timeout ?? CLOSE_TIMEOUT);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  on<E extends keyof PeerEvents>(event: E, listener: Listener<E>): this {
    requireEvent(event);
    this.#events.on(event, listener);
    return this;
  }

  once<E extends keyof PeerEvents>(event: E, listener: Listener<E>): this {
    requireEvent(event);
    this.#events.on(event, listener, true);
    return this;
  }

  off<E extends keyof PeerEvents>(event: E, listener: Listener<E>): this {
    requireEvent(event);
    this.#events.off(event, listener);
    return this;
  }

  #context(what: string): WaitContext {
    return { what, path: undefined, reason: () => this.status.reason };
  }

  #deadline(options: WaitOptions | undefined, wait: Cuttable): Deadline {
    return new Deadline(options, this.#peer.options.requestTimeout, wait);
  }

  #sessionTimeout(given: number | undefined): number {
    if (given === undefined) return this.#peer.options.sessionTimeout;
    const { minSessionTimeout: least, maxSessionTimeout: most } = this.#peer.options;
    if (typeof given !== 'number') throw new TypeError('sessionTimeout must be a number');
    if (!Number.isInteger(given) || given < least || given > most) {
      throw new RangeError(`sessionTimeout must be ${least} to ${most} ms, not ${given}`);
    }
    return given;
  }

  /** A session that nobody waits for any more is closed. */
  #connected(core: SessionCore, context: WaitContext, options?: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const cutShort = (error: CutShort) => {
        core.close();
        reject(error(NOT_APPLIED));
      };
      const deadline = this.#deadline(options, { ...context, cutShort });
      void core.connected.then(() => {
        deadline.dispose();
        if (core.end === undefined) resolve();
        else reject(core.end);
      });
    });
  }
}

const EVENTS: readonly string[] = [
  'status',
  'session',
  'warning',
  'error',
] satisfies (keyof PeerEvents)[];

function requireEvent(event: string): void {
  if (EVENTS.includes(event)) return;
  throw new TypeError(`there is no event '${event}'; there are ${EVENTS.join(', ')}`);
}

const NOBODY = { changed: () => {}, ended: () => {} };
