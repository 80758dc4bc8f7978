/**
 * The only place where the order of I/O is decided. One turn: tick, what came in since the last turn,
 * what the replica wants sent; if the store is idle, the next batch; then what is to be told here. What comes in during
 * one turn of the event loop is dealt with in one turn of this loop, so that it travels in one frame
 * and is logged in one group; unless it is so much that the host would notice.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { assert } from '../base/assert.ts';
import type {
  Delivery,
  PeerMessage,
  ReplicaEvent,
  ReplicaReady,
  ReplicaStatus,
} from '../replica/ready.ts';
import type { Replica } from '../replica/replica.ts';
import type { Storage } from '../storage/storage.ts';
import type { DialSide, Transport, TransportEvents } from '../transport/transport.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { decodeFrame, encodeMessage, packFrames } from '../wire/frames.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { LinkId } from '../zab/ready.ts';
import type { Clock, Scheduled } from './clock.ts';
import { messageOf } from './events.ts';
import { Inputs } from './inputs.ts';

/** Where the loop reads and writes. */
export interface LoopPorts {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly transport: Transport;
}

/** Whom the loop tells; never from within a call to it, and after `stop()` never again. */
export interface LoopObserver {
  deliver(deliveries: readonly Delivery[]): void;
  status(status: ReplicaStatus): void;
  event(event: ReplicaEvent): void;
  /** A link said which peer it leads to, is gone, or could not be dialled. */
  connection(peer: number, connected: boolean, error: string | undefined): void;
  /** A connection was not let in, or the other end of a dial was not a peer. */
  refused(address: string, reason: string): void;
  /** A frame that cannot be read: its link was closed. `peer`: who it said it was, if anybody. */
  malformed(peer: number | undefined, error: DecodeError): void;
  /** A batch is durable; how long that took, in ms. */
  written(ms: number): void;
  /** The store refused a write: the replica is in quarantine. */
  storeFailed(error: unknown): void;
  /** An invariant of the core does not hold: the loop has stopped for good. */
  broken(error: unknown): void;
  /** A turn is complete. */
  turned(): void;
}

/** Longest pause between two turns, whatever the replica says: a timer of Node holds 31 bits. */
const PAUSE_MAX = 60_000;

/** Heartbeats between two turns from which on the process was stalled. */
const STALL_HEARTBEATS = 3;
/** Passes of the event loop after a stall, so that whatever phase it was in, the sockets are read. */
const PASSES_AFTER_STALL = 2;

export class ReadyLoop {
  readonly #replica: Replica;
  readonly #ports: LoopPorts;
  readonly #observer: LoopObserver;
  /** A gap between two turns that is longer is a stall; in ms. */
  readonly #stall: number;
  readonly #inputs = new Inputs();
  /**
   * The async context of whoever opened the peer. A turn is the peer's, not of him who was the first to ask for
   * something: what it tells others is no part of his request, nor done while he holds a lock.
   */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  /** The peer at the other end of each link that has said so. */
  readonly #peers = new Map<LinkId, number>();
  #writing = false;
  #turning = false;
  #stopped = false;
  /** The turn that is due. */
  #next: Scheduled | undefined;
  /** The pass in which a part of a checkpoint is made. */
  #preparing: Scheduled | undefined;
  /** There was a turn since the last such pass. */
  #hasTurned = false;
  #timer: Scheduled | undefined;
  /** When the timer is due. */
  #due = Number.POSITIVE_INFINITY;
  /** When the last turn began. */
  #turnedAt: number;

  /** @param heartbeat ms between two turns, at most, when nothing is in the way */
  constructor(replica: Replica, ports: LoopPorts, observer: LoopObserver, heartbeat: number) {
    this.#replica = replica;
    this.#ports = ports;
    this.#observer = observer;
    this.#stall = STALL_HEARTBEATS * heartbeat;
    this.#turnedAt = ports.clock.monotonic();
  }

  /** What the transport is told to call. */
  get transportEvents(): TransportEvents {
    return {
      linkOpened: (link: LinkId, dialer: DialSide, address: string) => {
        this.#input(() => this.#replica.linked(link, dialer, address));
      },
      frame: (link: LinkId, bytes: Uint8Array) => {
        this.#input(() => this.#receive(link, bytes), bytes.length);
      },
      linkClosed: (link: LinkId, reason: string) => this.#input(() => this.#unlink(link, reason)),
      linkDrained: (link: LinkId) => this.#input(() => this.#replica.backlog(link, 0)),
      dialFailed: (peer: number, reason: string) => {
        if (!this.#stopped) this.#observer.connection(peer, false, reason);
      },
      refused: (address: string, reason: string) => {
        if (!this.#stopped) this.#observer.refused(address, reason);
      },
      cluster: () => this.#replica.cluster,
    };
  }

  /** The application has called the replica, or the loop begins: a turn is due. */
  wake(): void {
    if (this.#stopped || this.#next !== undefined) return;
    const { clock } = this.#ports;
    const begin = (): void => {
      const isStalled = clock.monotonic() - this.#turnedAt > this.#stall;
      this.#pass(isStalled ? PASSES_AFTER_STALL : 0);
    };
    this.#next = this.#inOwnContext(() => clock.soon(begin));
  }

  /** The turn, after so many further passes of the event loop. */
  #pass(left: number): void {
    if (left > 0) {
      this.#next = this.#ports.clock.soon(() => this.#pass(left - 1));
      return;
    }
    this.#next = undefined;
    this.#turn();
  }

  /** No turn follows, and no timer is left. */
  stop(): void {
    this.#stopped = true;
    this.#inputs.clear();
    this.#next?.cancel();
    this.#preparing?.cancel();
    this.#timer?.cancel();
  }

  #input(act: () => void, bytes = 0): void {
    if (this.#stopped) return;
    this.#inputs.push(act, bytes);
    this.wake();
  }

  #turn(): void {
    assert(
      !this.#turning,
      'a turn never begins within another: callbacks do not re-enter the core',
    );
    this.#turning = true;
    this.#hasTurned = true;
    try {
      this.#turnedAt = this.#ports.clock.monotonic();
      this.#replica.tick(this.#turnedAt, this.#ports.clock.wall());
      this.#inputs.take();
      const ready = this.#replica.ready();
      // Disk and peers are set to work first: what the own application is told they need not wait for.
      this.#send(ready);
      this.#persist();
      this.#tell(ready);
      if (!this.#stopped) this.#plan(this.#replica.deadline());
    } catch (error) {
      this.stop();
      this.#observer.broken(error);
    } finally {
      this.#turning = false;
    }
    this.#observer.turned();
  }

  #tell(ready: ReplicaReady): void {
    if (ready.deliveries.length > 0) this.#observer.deliver(ready.deliveries);
    if (ready.status !== undefined) this.#observer.status(ready.status);
    for (const event of ready.events) this.#observer.event(event);
  }

  /** One frame per link and turn, unless it grows long; every message is encoded once. */
  #send(ready: ReplicaReady): void {
    const outgoing = new Map<LinkId, Uint8Array[]>();
    for (const { to, message } of ready.send) {
      const bytes = encodeMessage(message);
      for (const link of to) {
        const queue = outgoing.get(link);
        if (queue === undefined) outgoing.set(link, [bytes]);
        else queue.push(bytes);
      }
    }
    const { transport } = this.#ports;
    for (const [link, messages] of outgoing) {
      for (const frame of packFrames(messages)) transport.send(link, frame);
      const waiting = transport.backlog(link);
      if (waiting > 0) this.#replica.backlog(link, waiting);
    }
    for (const { link, reason } of ready.close) transport.disconnect(link, reason);
  }

  /** At most one batch is under way (rule G4). */
  #persist(): void {
    if (this.#writing || this.#stopped) return;
    const batch = this.#replica.nextBatch();
    if (batch === undefined) return;
    this.#writing = true;
    const { clock, storage } = this.#ports;
    const began = clock.monotonic();
    storage.write(batch).then(
      () => this.#written(batch, clock.monotonic() - began),
      (error: unknown) => this.#refused(error),
    );
    if (batch.checkpoint !== undefined) this.#prepareSoon();
  }

  /**
   * While the disk is at work the next slice of the checkpoint is made, one part in a pass of the event
   * loop, and none in a pass that has a turn: what the host waits for is one or the other.
   */
  #prepareSoon(): void {
    if (this.#preparing !== undefined || this.#stopped) return;
    this.#preparing = this.#ports.clock.soon(() => {
      this.#preparing = undefined;
      const isBusy = this.#hasTurned || this.#next !== undefined;
      this.#hasTurned = false;
      try {
        if (isBusy || this.#replica.prepare()) this.#prepareSoon();
      } catch (error) {
        this.stop();
        this.#observer.broken(error);
      }
    });
  }

  #written(batch: StoreBatch, ms: number): void {
    this.#input(() => {
      this.#writing = false;
      this.#replica.persisted(batch.id);
      this.#observer.written(ms);
    });
  }

  #refused(error: unknown): void {
    // `#writing` stays: a store that refused a write is never written again (rule G6).
    this.#input(() => {
      this.#replica.failed(messageOf(error));
      this.#observer.storeFailed(error);
    });
  }

  #receive(link: LinkId, bytes: Uint8Array): void {
    let messages: readonly PeerMessage[];
    try {
      messages = decodeFrame(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#ports.transport.disconnect(link, 'a frame that cannot be read');
      this.#observer.malformed(this.#peers.get(link), error);
      return;
    }
    for (const message of messages) {
      if (message.type === 'HELLO') this.#recognize(link, message.id);
    }
    this.#replica.receive(link, messages);
  }

  /** The transport learns whom a link leads to before the replica may close a duplicate of it. */
  #recognize(link: LinkId, peer: number): void {
    this.#peers.set(link, peer);
    this.#ports.transport.recognize(link, peer);
    this.#observer.connection(peer, true, undefined);
  }

  #unlink(link: LinkId, reason: string): void {
    const peer = this.#peers.get(link);
    this.#peers.delete(link);
    this.#replica.unlinked(link);
    if (peer === undefined) return;
    const another = [...this.#peers.values()].includes(peer);
    if (!another) this.#observer.connection(peer, false, reason);
  }

  /** Work that was left for another turn is gone on with at once. */
  #plan(deadline: number): void {
    if (deadline <= this.#turnedAt || !this.#inputs.isEmpty) this.wake();
    else this.#arm(deadline);
  }

  /**
   * A timer does not act, it asks for a turn: after a stall the sockets are read before anything is
   * judged. One that is due early is left as it is, so that a busy peer does not arm one per turn.
   */
  #arm(deadline: number): void {
    if (deadline >= this.#due && this.#timer !== undefined) return;
    this.#timer?.cancel();
    this.#due = deadline;
    const { clock } = this.#ports;
    const pause = Math.min(Math.max(deadline - clock.monotonic(), 0), PAUSE_MAX);
    this.#timer = clock.after(Math.ceil(pause), () => {
      this.#timer = undefined;
      this.wake();
    });
  }
}
