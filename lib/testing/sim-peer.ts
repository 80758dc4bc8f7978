/**
 * One process of the group: a machine on a disk, with clocks of its own, an event loop that can
 * stall, and connections to the others. It drives the machine exactly as a real peer does: tick, what
 * came in, ready, and a batch when the disk is idle.
 */
import { formatZxid, type Zxid } from '../base/zxid.ts';
import type { Delivery } from '../replica/ready.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { LinkId } from '../zab/ready.ts';
import { Connections } from './connections.ts';
import { EventLoop, type Turn } from './event-loop.ts';
import type { Proposed } from './ghost.ts';
import type { LocalClock } from './local-clock.ts';
import {
  isQuiet,
  type Machine,
  type MachineReady,
  type MachineView,
  type PeerMessage,
  STILL,
} from './machine.ts';
import type { DiskView, Witness } from './predicates/predicate.ts';
import type { Prng } from './prng.ts';
import type { SimDisk } from './sim-disk.ts';
import type { Endpoint, Frame } from './sim-network.ts';
import { describe, describeBatch, show } from './story.ts';
import type { CrashPoint, PeerOptions, World } from './world.ts';

/** How often one turn may ask for more to do. */
const ROUNDS_MAX = 1_000;

export class SimPeer implements Endpoint, Witness {
  readonly id: number;
  readonly place: number;
  readonly observer: boolean;
  readonly clock: LocalClock;
  readonly store: SimDisk;
  readonly prng: Prng;
  /** Whoever has sessions here. */
  hear: ((deliveries: readonly Delivery[]) => void) | undefined;
  readonly #world: World;
  readonly #options: PeerOptions;
  #machine: Machine | undefined;
  #view: MachineView = STILL;
  #applied: Proposed;
  life = 0;
  readonly #connections: Connections;
  readonly #loop: EventLoop;
  #trap: CrashPoint | undefined;
  #trapDowntime = 0;
  /** Lets the write in flight reach the disk. */
  #landing: (() => void) | undefined;
  /** A batch was handed out whose completion the machine was not told of yet. */
  #writing = false;
  /** The disk refused a write: this life writes nothing more. */
  #refused = false;
  /** What somebody had seen applied when a quorum round was asked for, by its token. */
  readonly #floors = new Map<number, Zxid>();

  constructor(world: World, options: PeerOptions, clock: LocalClock, disk: SimDisk, prng: Prng) {
    this.#world = world;
    this.#options = options;
    this.id = options.id;
    this.place = options.place;
    this.observer = options.observer;
    this.clock = clock;
    this.store = disk;
    this.prng = prng;
    this.#applied = world.referee.ghost.root;
    this.#connections = new Connections(this, world, options);
    this.#loop = new EventLoop(world.clock, clock, prng, options.turnTime, {
      turn: (turn) => this.#turn(turn),
      deadline: () => this.#machine?.deadline() ?? Number.POSITIVE_INFINITY,
    });
    world.network.attach(this);
  }

  get alive(): boolean {
    return this.#machine !== undefined;
  }

  get paused(): boolean {
    return this.#loop.paused;
  }

  get disk(): DiskView {
    return this.store;
  }

  get view(): MachineView {
    return this.#view;
  }

  get applied(): Proposed {
    return this.#applied;
  }

  get machine(): Machine | undefined {
    return this.#machine;
  }

  /** Opens the disk and begins to live, unless it lives already. */
  start(): void {
    if (this.alive) return;
    const { clock, referee, trace } = this.#world;
    if (this.store.broken) {
      clock.after(500, () => this.start());
      return;
    }
    const opened = this.store.open();
    this.life += 1;
    this.#trap = undefined;
    this.#refused = false;
    this.#writing = false;
    this.#landing = undefined;
    this.#loop.begin();
    this.#guard(() => {
      this.#machine = this.#world.factory(opened, this);
      this.#view = this.#machine.view();
      const { entries, applied, base } = opened.durable;
      const mark = entries.find(({ zxid }) => zxid === applied) ?? base;
      this.#applied =
        mark === undefined ? referee.ghost.root : referee.ghost.at(mark, 'S8', this.id);
      trace.note(
        'start',
        this.place,
        () =>
          `boot ${this.store.boot} of ${this.store.store.slice(0, 8)}, log to ${formatZxid(this.store.last.zxid)}`,
        this.store.boot,
      );
      referee.started(this);
      referee.restored(this, this.#machine.digest());
    });
    this.#connections.dialAll();
    this.input(() => undefined);
  }

  /** The process ends at once. `keep`: the write in flight was already on the platter. */
  crash(silent: boolean, keep: boolean): void {
    if (!this.alive) return;
    const { network, trace } = this.#world;
    trace.note(
      'crash',
      this.place,
      () =>
        `${silent ? 'power loss' : 'killed'}${this.store.writing ? `, its write is ${keep ? 'kept' : 'lost'}` : ''}`,
      Number(silent),
      Number(keep),
    );
    network.crash(this, silent);
    this.#machine = undefined;
    this.#view = STILL;
    this.#connections.clear();
    this.#floors.clear();
    this.#loop.end();
    if (this.store.writing) this.#guard(() => (keep ? this.#completeWrite() : this.store.lose()));
  }

  /** The process ends at the next such point, in the middle of what it does. */
  setTrap(point: CrashPoint, downtime: number): void {
    this.#trap = point;
    this.#trapDowntime = downtime;
  }

  /** The event loop stands still; at its end the timers come first, or the sockets. `asleep`: so did the monotonic clock. */
  stall(milliseconds: number, timersFirst: boolean, asleep: boolean): void {
    this.#loop.stall(milliseconds, timersFirst, asleep);
  }

  /** Ends a stall and a slow write, and forgets about traps. */
  relent(): void {
    this.#trap = undefined;
    const landing = this.#landing;
    if (landing !== undefined) {
      this.#world.clock.after(1, () => {
        if (this.#landing === landing) landing();
      });
    }
    this.#loop.relent();
  }

  /** Something for the machine: at once, or when the loop is free. */
  input(action: (machine: Machine) => void): void {
    if (!this.alive) return;
    const machine = this.#machine;
    this.#loop.push(() => {
      if (machine !== undefined && machine === this.#machine) action(machine);
    });
  }

  linked(link: LinkId, dialer: 'self' | 'peer', other: number): void {
    this.#connections.opened(link, dialer, other);
    this.input((machine) => machine.linked(link, dialer));
  }

  unlinked(link: LinkId): void {
    const known = this.#connections.ended(link);
    if (known === undefined) return;
    this.input((machine) => machine.unlinked(link));
    // The process may have crashed over it; its next life dials for itself.
    if (this.alive) this.#connections.renew(known);
  }

  frame(link: LinkId, frame: Frame): void {
    this.input((machine) => {
      const from = this.#connections.place(link);
      if (from === undefined) return;
      const messages = this.#world.codec.decode(frame);
      machine.receive(link, messages);
      for (const message of messages) this.#world.referee.received(this, message, from);
    });
  }

  /** Asks for a quorum round, to be judged when it completes. */
  confirm(): void {
    this.input((machine) => {
      const token = machine.confirm();
      if (token !== undefined) this.#floors.set(token, this.#world.referee.ghost.seen);
    });
  }

  /** One turn of the event loop. */
  #turn({ inbox, timersFirst }: Turn): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    const { clock } = this.#world;
    this.#guard(() => {
      machine.tick(this.clock.monotonic(clock.now), this.clock.wall(clock.now));
      if (timersFirst) this.#act(machine);
      for (const action of inbox) action();
      this.#act(machine);
    });
  }

  /** Does what the machine wants, until it wants nothing more. */
  #act(machine: Machine): void {
    for (let round = 1; ; round += 1) {
      if (this.#machine !== machine) return;
      if (round > ROUNDS_MAX) throw new Error('one turn never comes to an end');
      const before = this.#view;
      const ready = machine.ready();
      this.#view = machine.view();
      this.#observe(ready, before);
      if (ready.deliveries !== undefined) this.hear?.(ready.deliveries);
      if (this.#sprung('told')) return;
      this.#send(ready);
      if (this.#sprung('sent')) return;
      if (
        ready.send.some(({ message }) => isChangeOfVoters(message)) &&
        this.#sprung('configuring')
      )
        return;
      if (machine.complete || isQuiet(ready)) break;
    }
    if (this.#view.role === 'quarantined' && !this.#refused) {
      this.#refused = true;
      this.#world.operator(this);
    }
    if (!this.#writing && !this.#refused) this.#write(machine.nextBatch());
  }

  #observe(ready: MachineReady, before: MachineView): void {
    const { referee, trace, statistics } = this.#world;
    for (const event of ready.events) {
      statistics.event(event);
      trace.note('event', this.place, () => show(event), event.type.length);
    }
    referee.acted(this, ready, before, (at) => {
      this.#applied = at;
      trace.note('apply', this.place, () => formatZxid(at.zxid), at.chain);
    });
    for (const { token, zxid } of ready.confirmed) {
      const floor = this.#floors.get(token);
      this.#floors.delete(token);
      if (floor !== undefined) referee.confirmed(this, zxid, floor);
      statistics.add('round confirmed');
    }
    if (ready.delivered.length > 0 || ready.installed !== undefined) {
      const digest = this.#machine?.digest();
      if (digest !== undefined) referee.digested(this, digest);
      if (digest !== undefined && ready.installed !== undefined) referee.restored(this, digest);
    }
    if (this.#view.committed !== before.committed) {
      trace.note(
        'commit',
        this.place,
        () => formatZxid(this.#view.committed),
        Number(this.#view.committed & 0xffff_ffffn),
      );
    }
  }

  #send(ready: MachineReady): void {
    const { network, codec, trace, referee } = this.#world;
    const frames = new Map<LinkId, PeerMessage[]>();
    for (const { to, message } of ready.send) {
      const places = to.map((link) => this.#connections.place(link) ?? 0);
      referee.sent(this, message, places);
      for (const link of to) {
        const messages = frames.get(link);
        if (messages === undefined) frames.set(link, [message]);
        else messages.push(message);
      }
    }
    for (const [link, messages] of frames) {
      const place = this.#connections.place(link);
      if (place === undefined) continue;
      for (const part of parts(messages, this.#options.messagesPerFrame)) {
        for (const frame of codec.encode(part)) {
          trace.note(
            'send',
            this.place,
            () => `to ${place}: ${part.map(describe).join(', ')}`,
            place,
            frame.size,
          );
          network.send(link, frame);
        }
      }
    }
    for (const { link, reason } of ready.close) {
      const place = this.#connections.place(link);
      if (place === undefined) continue;
      trace.note('link', this.place, () => `closes ${link} to ${place}: ${reason}`, link);
      network.close(link);
      this.unlinked(link);
    }
  }

  #write(batch: StoreBatch | undefined): void {
    if (batch === undefined) return;
    const { clock, referee, calm, trace } = this.#world;
    const { writeLatency, writeSpike } = this.#options;
    if (batch.log !== undefined) referee.taken(this, batch.log);
    this.store.begin(batch);
    this.#writing = true;
    trace.note('write', this.place, () => describeBatch(batch), batch.id);
    if (this.#sprung('write-begun')) return;
    let latency = this.prng.exponential(writeLatency);
    if (!calm) {
      if (this.prng.chance(writeSpike)) latency *= 100;
      latency += this.store.extraLatency * this.prng.float();
    }
    const { life } = this;
    this.#landing = (): void => {
      this.#landing = undefined;
      if (life === this.life && this.alive) this.#guard(() => this.#written(batch));
    };
    const landing = this.#landing;
    clock.after(latency, () => {
      if (this.#landing === landing) landing();
    });
  }

  #written(batch: StoreBatch): void {
    const { store } = this;
    const cut = store.failCut && batch.log?.truncate !== undefined;
    if (store.broken || store.failOnce || cut) {
      store.failOnce = false;
      if (cut) store.failCut = false;
      if (this.prng.chance(0.5)) this.#completeWrite();
      else store.lose();
      this.#world.trace.note('write', this.place, () => `batch ${batch.id} fails`, batch.id);
      this.#refused = true;
      this.input((machine) => machine.failed('EIO'));
      this.#world.clock.after(this.prng.between(20, 2_000), this.#reopen(this.life));
      return;
    }
    this.#completeWrite();
    if (this.#sprung('written')) return;
    this.input((machine) => {
      this.#writing = false;
      machine.persisted(batch.id);
    });
  }

  /** A refused write is followed by nothing but a new machine on the verified store. */
  #reopen(life: number): () => void {
    return () => {
      if (!this.alive || this.life !== life) return;
      this.crash(false, false);
      this.start();
    };
  }

  #completeWrite(): void {
    const { store } = this;
    const log = store.inFlight?.log;
    const { epochs, last, applied, committed } = store;
    const before = { store: store.store, epochs, last, applied, committed };
    store.complete();
    if (log !== undefined) this.#world.referee.written(this, log, before);
  }

  #sprung(point: CrashPoint): boolean {
    if (this.#trap !== point) return false;
    this.#trap = undefined;
    this.crash(this.prng.chance(0.3), this.prng.chance(0.5));
    this.#world.clock.after(this.#trapDowntime, () => this.start());
    return true;
  }

  /** Nothing may escape from a machine; a violation is not the machine's. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof Error && error.name === 'Violation') throw error;
      this.#world.referee.escaped(this, error);
    }
  }
}

function* parts<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

function isChangeOfVoters(message: PeerMessage): boolean {
  return (
    message.type === 'PROPOSAL' &&
    message.entries.some(({ configuration }) => configuration !== undefined)
  );
}
