/**
 * One process of the group: a machine on a disk, with clocks of its own, an event loop that can
 * stall, and connections to the others. It drives the machine exactly as a real peer does: tick, what
 * came in, ready, and a batch when the disk is idle.
 */
import { hashText } from '../base/hash.ts';
import { formatZxid, type Zxid } from '../base/zxid.ts';
import type { Delivery } from '../replica/ready.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { LinkId } from '../zab/ready.ts';
import { Connections } from './connections.ts';
import { DiskWriter } from './disk-writer.ts';
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
import { Sender } from './sender.ts';
import type { SimDisk } from './sim-disk.ts';
import type { Endpoint, Frame } from './sim-network.ts';
import { show } from './story.ts';
import type { CrashPoint, PeerOptions, World } from './world.ts';

/** How often one turn may ask for more to do. */
const ROUNDS_MAX = 20_000;
/** Turns between two looks at all queues: it costs, and a queue that has no bound keeps growing. */
const MEASURE_EVERY = 16;

/** What runs in a process beside its peer. */
export interface Program {
  /** The process has opened its disk. */
  begun(machine: Machine): void;
  deliver(deliveries: readonly Delivery[]): void;
  /** A turn is complete. */
  turned(): void;
  /** It is to leave the group, if it minds that: whatever stands on its sessions is told first. */
  leave(): void;
  /** The process is gone. */
  ended(): void;
}

export class SimPeer implements Endpoint, Witness {
  readonly id: number;
  readonly place: number;
  readonly observer: boolean;
  readonly clock: LocalClock;
  readonly store: SimDisk;
  readonly prng: Prng;
  /** Whoever has sessions here. */
  hear: ((deliveries: readonly Delivery[]) => void) | undefined;
  program: Program | undefined;
  readonly #world: World;
  readonly #options: PeerOptions;
  #machine: Machine | undefined;
  #view: MachineView = STILL;
  #applied: Proposed;
  life = 0;
  readonly #connections: Connections;
  readonly #loop: EventLoop;
  readonly #writer: DiskWriter;
  readonly #sender: Sender;
  /** When the last turn began, by the own clock. */
  #turnedAt = Number.POSITIVE_INFINITY;
  /** Turns until the queues are looked at again. */
  #unmeasured = 0;
  #trap: CrashPoint | undefined;
  #trapDowntime = 0;
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
    this.#sender = new Sender(this, world, options, this.#connections);
    this.#writer = new DiskWriter(this, world, options, {
      guard: (action) => this.#guard(action),
      sprung: (point) => this.#sprung(point),
    });
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

  /** Its event loop could run something at this moment. */
  get free(): boolean {
    return this.alive && this.#loop.free;
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
    const opened = this.store.open(hashText(1, `${this.place} ${this.life}`));
    this.life += 1;
    this.#turnedAt = Number.POSITIVE_INFINITY;
    this.#trap = undefined;
    this.#writer.begin();
    this.#loop.begin();
    this.#guard(() => {
      this.#machine = this.#world.factory(opened, this);
      this.#view = this.#machine.view();
      const { entries, base } = opened.durable;
      const { applied } = this.#view;
      const mark = [...entries].find(({ zxid }) => zxid === applied) ?? base;
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
      this.program?.begun(this.#machine);
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
    this.program?.ended();
    this.#machine = undefined;
    this.#view = STILL;
    this.#connections.clear();
    this.#floors.clear();
    this.#loop.end();
    this.#writer.end(keep);
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
    this.#writer.relent();
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

  /** Work of the application: now if the event loop is free, else as soon as it is. */
  whenFree(work: () => void): void {
    this.#loop.whenFree(() => this.#guard(work));
  }

  /** Ends its sessions and gives leadership away, as it does when the application closes it. */
  handOver(): void {
    if (this.program === undefined) this.input((machine) => machine.handOver());
    else this.program.leave();
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

  drained(link: LinkId): void {
    this.input((machine) => machine.backlog(link, 0));
  }

  frame(link: LinkId, frame: Frame): void {
    this.input((machine) => {
      const from = this.#connections.place(link);
      if (from === undefined) return;
      const messages = this.#read(link, frame);
      machine.receive(link, messages);
      for (const message of messages) this.#world.referee.received(this, message, from);
    });
  }

  /** What cannot be read ends its link, as at a real peer. */
  #read(link: LinkId, frame: Frame): readonly PeerMessage[] {
    const { codec, network, statistics } = this.#world;
    try {
      return codec.decode(frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      statistics.add('frames torn');
      network.close(link);
      this.unlinked(link);
      return [];
    }
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
    const { clock, referee } = this.#world;
    const now = this.clock.monotonic(clock.now);
    if (now - this.#turnedAt > this.#options.patience) referee.woke(this);
    this.#turnedAt = now;
    this.#guard(() => {
      machine.tick(now, this.clock.wall(clock.now));
      if (timersFirst) this.#act(machine);
      for (const action of inbox) action();
      this.#act(machine);
      if (this.#machine === machine) this.program?.turned();
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
      if (ready.deliveries !== undefined) this.#deliver(ready.deliveries);
      if (this.#sprung('told')) return;
      this.#sender.send(ready, machine);
      if (this.#sprung('sent')) return;
      if (
        ready.send.some(({ message }) => isChangeOfVoters(message)) &&
        this.#sprung('configuring')
      )
        return;
      if (machine.complete || isQuiet(ready)) break;
    }
    this.#writer.turn(machine);
    this.#measure(machine);
  }

  #deliver(deliveries: readonly Delivery[]): void {
    this.hear?.(deliveries);
    this.program?.deliver(deliveries);
  }

  /** S34, now and then. */
  #measure(machine: Machine): void {
    this.#unmeasured -= 1;
    if (this.#unmeasured > 0 || this.#machine !== machine) return;
    this.#unmeasured = MEASURE_EVERY;
    const { referee, statistics } = this.#world;
    statistics.add('queues measured');
    machine.measure((queue, size, cap) => referee.measured(this, queue, size, cap));
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

function isChangeOfVoters(message: PeerMessage): boolean {
  return (
    message.type === 'PROPOSAL' &&
    message.entries.some(({ configuration }) => configuration !== undefined)
  );
}
