/** Does to a group what a plan says, and tells what it has done. */
import { eventually, type Group, pause } from './group.ts';
import { describeFault, type Fault, type FaultKind } from './plan.ts';
import type { Link } from './proxy.ts';

/** Things that are done one after the other. */
class Turnstile {
  #last: Promise<unknown> = Promise.resolve();

  pass<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** What the driver needs to know. */
export interface DriverOptions {
  readonly group: Group;
  /** What cannot be done here, and why. */
  readonly missing: ReadonlyMap<FaultKind, string>;
  /** Whom to strike, for now, where that is open; undefined: whom the plan says. */
  readonly aim: () => number | undefined;
  readonly tell: (text: string) => void;
  readonly failed: (text: string) => void;
}

const STORES: ReadonlySet<FaultKind> = new Set(['wipe', 'rollback', 'damage', 'disk', 'full-disk']);
/** Ms that a fault may be behind its time. */
const LATE_MAX = 2_000;
/** Less than a log of LevelDB soon has. */
const FILE_BYTES_MAX = 65_536;
/**
 * What strikes alone: all at once; and a store that is set back, for only the leader that it followed remembers what
 * it has forgotten. With that one out of reach as well, two have failed, and nobody can tell (ARCHITECTURE, a lost store).
 */
const ALONE: ReadonlySet<FaultKind> = new Set(['deploy', 'kill-all', 'rollback']);

export class FaultDriver {
  readonly #options: DriverOptions;
  readonly #group: Group;
  /** One thing at a time with the process of one peer. */
  readonly #victims: ReadonlyMap<number, Turnstile>;
  /** How many stores may still be lost before one has its vote again. */
  #losses: number;
  readonly counts: Map<FaultKind, number> = new Map();
  readonly #running = new Set<Promise<void>>();

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#group = options.group;
    this.#victims = new Map(options.group.ids.map((id) => [id, new Turnstile()]));
    const voters = options.group.ids.filter((id) => options.group.isVoter(id));
    this.#losses = Math.floor((voters.length - 1) / 2);
  }

  /** Resolves when all faults have ended; nothing is mended for those that were cut short. */
  async run(faults: readonly Fault[], isOver: () => boolean): Promise<void> {
    let begun = performance.now();
    for (const fault of faults) {
      while (performance.now() - begun < fault.at && !isOver()) await pause(20);
      // What had to wait for a fault that strikes alone is not made up for at once.
      begun += Math.max(0, performance.now() - begun - fault.at - LATE_MAX);
      if (isOver()) break;
      if (ALONE.has(fault.kind)) await Promise.all(this.#running);
      const done = this.#strike(fault, isOver).catch((error: unknown) => {
        this.#options.failed(`fault ${fault.number}: ${String(error)}`);
      });
      this.#running.add(done);
      void done.then(() => this.#running.delete(done));
      if (ALONE.has(fault.kind)) await done;
    }
    await Promise.all(this.#running);
  }

  async #strike(fault: Fault, isOver: () => boolean): Promise<void> {
    const { kind } = fault;
    const victim = await this.#victimOf(fault);
    if (this.#options.missing.has(kind)) return;
    if (STORES.has(kind) && !(await this.#mayLoseStore(victim, isOver))) {
      this.#options.tell(`${fault.number}: left out, as another store has no vote yet`);
      return;
    }
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#options.tell(`${fault.number}: ${describeFault({ ...fault, victim })}`);
    if (isOfNetwork(kind)) return this.#strain(fault, victim);
    const turnstile = this.#victims.get(victim) ?? new Turnstile();
    await turnstile.pass(() => this.#strikeProcess(fault, victim));
  }

  async #victimOf({ aimed, victim }: Fault): Promise<number> {
    const preferred = aimed ? this.#options.aim() : undefined;
    if (preferred !== undefined) return preferred;
    return victim === 'leader' ? this.#group.leader() : victim;
  }

  /** Waits for a store that was lost before to have its vote again, where one more would be too many. */
  async #mayLoseStore(victim: number, isOver: () => boolean): Promise<boolean> {
    if (!this.#group.isVoter(victim)) return true;
    while (this.#losses === 0 && !isOver()) await pause(50);
    if (this.#losses === 0) return false;
    this.#losses -= 1;
    return true;
  }

  async #strikeProcess(fault: Fault, victim: number): Promise<void> {
    const { kind, duration, failure } = fault;
    const group = this.#group;
    switch (kind) {
      case 'kill':
        await group.kill(victim);
        await pause(duration);
        return group.start(victim);
      case 'freeze':
        group.pause(victim);
        await pause(duration);
        group.resume(victim);
        return;
      case 'block':
        await group.ask(victim, 'block', duration).catch(() => {});
        return;
      case 'wipe':
        await group.kill(victim);
        await group.wipe(victim);
        await group.start(victim);
        return this.#voting(victim);
      case 'rollback':
        return this.#setBack(victim, duration);
      case 'damage':
        return this.#damage(fault, victim);
      case 'full-disk':
        await group.limitFiles(victim, FILE_BYTES_MAX);
        await this.#quarantined(victim);
        await group.kill(victim);
        await group.start(victim);
        return this.#voting(victim);
      case 'disk':
        await group.breakDisk(victim, failure);
        await this.#quarantined(victim);
        await group.mendDisk(victim);
        await group.kill(victim);
        await group.start(victim);
        return this.#voting(victim);
      case 'deploy':
        for (const id of group.ids) {
          await group.terminate(id);
          await group.start(id);
          await this.#serving(id);
        }
        return;
      case 'kill-all':
        await Promise.all(group.ids.map((id) => group.kill(id)));
        await pause(duration);
        await Promise.all(group.ids.map((id) => group.start(id)));
        return;
      default:
        return;
    }
  }

  async #setBack(victim: number, duration: number): Promise<void> {
    const group = this.#group;
    await group.kill(victim);
    await group.keepCopy(victim);
    await group.start(victim);
    await this.#serving(victim);
    await pause(duration);
    await group.kill(victim);
    await group.restoreCopy(victim);
    await group.start(victim);
    if (!group.isVoter(victim)) await this.#foundOut(victim);
    await this.#voting(victim);
  }

  /** No log remembers the lives of an observer's store: that it lives one for the second time may end it, and it is started again. */
  async #foundOut(id: number): Promise<void> {
    const group = this.#group;
    await eventually(`peer ${id} serves or is found out`, async () => {
      const status = await group.status(id);
      if (status?.state === 'quarantined') {
        this.#options.tell(`peer ${id}: ${status.reason}`);
        await group.kill(id);
        await group.start(id);
        return true;
      }
      return (
        status?.serving === true &&
        group.ask(id, 'sync').then(
          () => true,
          () => false,
        )
      );
    });
  }

  /** A peer that refuses its store is given an empty one, as it asks for. */
  async #damage({ number, duration, place, cutsShort }: Fault, victim: number): Promise<void> {
    const group = this.#group;
    await group.kill(victim);
    const file = await group.damage(victim, place, cutsShort);
    await group.start(victim);
    const refusal = await group.ask(victim, 'refusal');
    this.#options.tell(`${number}: ${file} was ${refusal === undefined ? 'taken' : 'refused'}`);
    // What is not noticed now may be noticed at any later start: it serves for a while, and is not kept either.
    if (refusal === undefined) {
      await this.#serving(victim);
      await pause(duration);
    }
    await group.kill(victim);
    await group.wipe(victim);
    await group.start(victim);
    return this.#voting(victim);
  }

  #serving(id: number): Promise<void> {
    return eventually(
      `peer ${id} serves`,
      async () => (await this.#group.status(id))?.serving === true,
    );
  }

  /** From here on its store counts again, and so another one may be lost. */
  async #voting(id: number): Promise<void> {
    const group = this.#group;
    await eventually(`peer ${id} votes again`, async () => {
      const status = await group.status(id);
      if (status?.serving !== true || status.votes !== group.isVoter(id)) return false;
      // The admission is committed when anything after it is.
      return group.ask(id, 'sync').then(
        () => true,
        () => false,
      );
    });
    if (group.isVoter(id)) this.#losses += 1;
  }

  /** It may be that nothing is written for a while: then nothing fails. */
  async #quarantined(id: number): Promise<void> {
    for (const end = performance.now() + 10_000; performance.now() < end; await pause(50)) {
      if ((await this.#group.status(id))?.state === 'quarantined') return;
    }
    this.#options.tell(`the disk of peer ${id} was asked for nothing that failed`);
  }

  async #strain(fault: Fault, victim: number): Promise<void> {
    const others = this.#group.ids.filter((id) => id !== victim).slice(0, fault.others);
    const isBetween = ({ from, to }: Link): boolean =>
      (from === victim && others.includes(to)) || (to === victim && others.includes(from));
    const links = this.#group.links.filter(isBetween);
    for (const link of links) worsen(link, fault, victim);
    await pause(fault.duration);
    for (const link of links) link.heal();
  }
}

function isOfNetwork(kind: FaultKind): boolean {
  return kind === 'cut' || kind === 'half-cut' || kind === 'delay' || kind === 'throttle';
}

function worsen(link: Link, { kind, hard, number }: Fault, victim: number): void {
  /** What the victim says, and what it hears. */
  const says = link.from === victim ? link.forward : link.backward;
  const hears = link.from === victim ? link.backward : link.forward;
  switch (kind) {
    case 'cut':
      if (hard) link.cut();
      else says.held = hears.held = true;
      return;
    case 'half-cut':
      if (hard) says.held = true;
      else hears.held = true;
      return;
    case 'delay':
      says.delay = hears.delay = 20 + ((number * 37) % 400);
      return;
    case 'throttle':
      says.rate = hears.rate = 4 + ((number * 7) % 40);
      return;
    default:
      return;
  }
}
