/** How one process writes to its disk: one batch at a time, slowly, or never to the end, or not at all. */
import type { StoreBatch } from '../wire/store-batch.ts';
import type { Machine } from './machine.ts';
import type { Prng } from './prng.ts';
import type { SimDisk } from './sim-disk.ts';
import type { SimPeer } from './sim-peer.ts';
import { describeBatch } from './story.ts';
import type { CrashPoint, PeerOptions, World } from './world.ts';

/** What the writer needs of the process that it belongs to. */
export interface Writing {
  /** Runs something of the process; nothing may escape from it. */
  guard(action: () => void): void;
  /** Whether the process has crashed at this point. */
  sprung(point: CrashPoint): boolean;
}

export class DiskWriter {
  readonly #peer: SimPeer;
  readonly #world: World;
  readonly #options: PeerOptions;
  readonly #process: Writing;
  /** Lets the write in flight reach the disk. */
  #landing: (() => void) | undefined;
  /** A batch was handed out whose completion the machine was not told of yet. */
  #writing = false;
  /** The disk refused a write: this life writes nothing more. */
  #refused = false;

  constructor(peer: SimPeer, world: World, options: PeerOptions, process: Writing) {
    this.#peer = peer;
    this.#world = world;
    this.#options = options;
    this.#process = process;
  }

  get #store(): SimDisk {
    return this.#peer.store;
  }

  get #prng(): Prng {
    return this.#peer.prng;
  }

  /** A process begins. */
  begin(): void {
    this.#refused = false;
    this.#writing = false;
    this.#landing = undefined;
  }

  /** The process ends. `keep`: the write in flight was already on the platter. */
  end(keep: boolean): void {
    if (!this.#store.writing) return;
    this.#process.guard(() => (keep ? this.#complete() : this.#store.lose()));
  }

  /** Ends a slow write. */
  relent(): void {
    const landing = this.#landing;
    if (landing === undefined) return;
    this.#world.clock.after(1, () => {
      if (this.#landing === landing) landing();
    });
  }

  /** Writes what the machine has for it, if the disk is idle. */
  turn(machine: Machine): void {
    if (this.#peer.view.role === 'quarantined' && !this.#refused) {
      this.#refused = true;
      this.#world.operator(this.#peer);
    }
    if (!this.#writing && !this.#refused) this.#write(machine.nextBatch());
  }

  #write(batch: StoreBatch | undefined): void {
    if (batch === undefined) return;
    const peer = this.#peer;
    const { clock, referee, calm, trace } = this.#world;
    const { writeLatency, writeSpike } = this.#options;
    if (batch.log !== undefined) referee.taken(peer, batch.log);
    this.#store.begin(batch);
    this.#writing = true;
    trace.note('write', peer.place, () => describeBatch(batch), batch.id);
    if (this.#process.sprung('write-begun')) return;
    let latency = this.#prng.exponential(writeLatency);
    if (!calm) {
      if (this.#prng.chance(writeSpike)) latency *= 100;
      latency += this.#store.extraLatency * this.#prng.float();
    }
    const { life } = peer;
    const landing = (): void => {
      this.#landing = undefined;
      if (life === peer.life && peer.alive) this.#process.guard(() => this.#written(batch));
    };
    this.#landing = landing;
    clock.after(latency, () => {
      if (this.#landing === landing && !this.#store.hung) landing();
    });
  }

  #written(batch: StoreBatch): void {
    const peer = this.#peer;
    const store = this.#store;
    const cut = store.failCut && batch.log?.truncate !== undefined;
    if (store.broken || store.failOnce || cut) {
      store.failOnce = false;
      if (cut) store.failCut = false;
      if (this.#prng.chance(0.5)) this.#complete();
      else store.lose();
      this.#world.trace.note('write', peer.place, () => `batch ${batch.id} fails`, batch.id);
      this.#refused = true;
      peer.input((machine) => machine.failed('EIO'));
      this.#world.clock.after(this.#prng.between(20, 2_000), this.#reopen(peer.life));
      return;
    }
    this.#complete();
    if (this.#process.sprung('written')) return;
    peer.input((machine) => {
      this.#writing = false;
      machine.persisted(batch.id);
    });
  }

  /** A refused write is followed by nothing but a new machine on the verified store. */
  #reopen(life: number): () => void {
    const peer = this.#peer;
    return () => {
      if (!peer.alive || peer.life !== life) return;
      peer.crash(false, false);
      peer.start();
    };
  }

  #complete(): void {
    const store = this.#store;
    const log = store.inFlight?.log;
    const { epochs, last, applied, committed } = store;
    const before = { store: store.store, epochs, last, applied, committed };
    store.complete();
    if (log !== undefined) this.#world.referee.written(this.#peer, log, before);
  }
}
