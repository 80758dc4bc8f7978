/** The instances that a provider chooses from, laid out so that a choice costs the same however many there are. */
import { unreachable } from '../base/assert.ts';
import { AliasTable } from './alias-table.ts';
import type { Instance } from './instance.ts';

/**
 * How a provider chooses. `round-robin`: one after the other. `random`: any. `weighted`: in proportion to their
 * weights. `least-loaded`: of two that are drawn the one with less to do for its weight, which spreads work as
 * well as looking at all does, and does not send everybody to the same one. `sticky`: always the same, while it
 * is there.
 */
export type Strategy = 'round-robin' | 'random' | 'weighted' | 'least-loaded' | 'sticky';

/** Who keeps throwing gets nothing for a while. */
export interface EjectRules {
  /** Calls that throw in a row. */
  readonly after: number;
  /** Ms; twice as long each time, up to ten times. */
  readonly for: number;
}

/** May be chosen; may be chosen only if there is no better one; must not be chosen. */
const HEALTHY = 2;
const DOUBTFUL = 1;
const UNFIT = 0;
/** Laying out the table may take this share of the time. */
const SHARE = 0.1;
/** Draws before the table is laid out anew. */
const DRAWS = 4;

/** One instance, and what became of the work that it was given. */
export class Slot<P> {
  instance: Instance<P>;
  /** Calls under way, of this provider. */
  underWay = 0;
  /** Calls that threw, in a row. */
  failures = 0;
  /** Times that it was ejected, in a row. */
  ejections = 0;
  /** Until when it is ejected, by the clock; 0: it is not. */
  ejectedUntil = 0;
  level: number = UNFIT;

  constructor(instance: Instance<P>) {
    this.instance = instance;
  }

  /** What it has to do for its weight. */
  get load(): number {
    const { load, weight } = this.instance;
    return (this.underWay + load + 1) / weight;
  }
}

export class Pool<P> {
  readonly #strategy: Strategy;
  readonly #eject: EjectRules;
  readonly #now: () => number;
  readonly #slots = new Map<string, Slot<P>>();
  /** All that have the best level there is. */
  #table: readonly Slot<P>[] = [];
  #level = UNFIT;
  #aliases: AliasTable | undefined;
  /** The table is no longer right; who must not be chosen is known by his level all the same. */
  #isStale = false;
  #builtAt = Number.NEGATIVE_INFINITY;
  #buildCost = 0;
  #ejected = 0;
  /** When the first of those that are ejected comes back. */
  #nextReturn = Number.POSITIVE_INFINITY;
  #turn = -1;
  #stuck: Slot<P> | undefined;

  /** @param now ms of a clock that is never set */
  constructor(strategy: Strategy, eject: EjectRules, now: () => number = () => performance.now()) {
    this.#strategy = strategy;
    this.#eject = eject;
    this.#now = now;
  }

  /** An instance has come, changed or gone. */
  readonly set = (id: string, instance: Instance<P> | undefined): void => {
    const slot = this.#slots.get(id);
    if (instance === undefined) {
      if (slot === undefined) return;
      if (slot.ejectedUntil > 0) this.#ejected -= 1;
      slot.level = UNFIT;
      this.#slots.delete(id);
      this.#isStale = true;
      return;
    }
    if (slot === undefined) {
      const added = new Slot(instance);
      this.#slots.set(id, added);
      this.#judge(added);
      this.#isStale = true;
      return;
    }
    if (slot.instance.weight !== instance.weight) this.#isStale = true;
    slot.instance = instance;
    this.#judge(slot);
  };

  /** The one to be given the next piece of work. */
  choose(): Slot<P> | undefined {
    if (this.#ejected > 0 && this.#now() >= this.#nextReturn) this.#readmit();
    if (this.#isStale) this.#layOutIfDue();
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const slot = this.#draw();
      if (slot !== undefined && slot.level >= this.#level && slot.level > UNFIT) return slot;
    }
    if (!this.#isStale) return undefined;
    this.#layOut();
    return this.#draw();
  }

  succeeded(slot: Slot<P>): void {
    slot.failures = 0;
    slot.ejections = 0;
  }

  failed(slot: Slot<P>): void {
    slot.failures += 1;
    if (slot.failures < this.#eject.after || slot.ejectedUntil > 0) return;
    // A fault that everybody has is no fault of theirs.
    if (this.#slots.get(slot.instance.id) !== slot) return;
    if (this.#ejected + 1 > this.#slots.size / 2) return;
    const times = Math.min(10, 2 ** slot.ejections);
    slot.ejections += 1;
    slot.ejectedUntil = this.#now() + this.#eject.for * times;
    this.#nextReturn = Math.min(this.#nextReturn, slot.ejectedUntil);
    this.#ejected += 1;
    this.#judge(slot);
  }

  #judge(slot: Slot<P>): void {
    const { enabled, draining, weight, status } = slot.instance;
    const isDoubtful = status?.state === 'down' || slot.ejectedUntil > 0;
    const best = isDoubtful ? DOUBTFUL : HEALTHY;
    const level = enabled && !draining && weight > 0 ? best : UNFIT;
    if (level === slot.level) return;
    slot.level = level;
    this.#isStale = true;
  }

  /** Whose time is over gets work again; the next failure ejects it again. */
  #readmit(): void {
    const now = this.#now();
    this.#nextReturn = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots.values()) {
      if (slot.ejectedUntil === 0) continue;
      if (slot.ejectedUntil > now) {
        this.#nextReturn = Math.min(this.#nextReturn, slot.ejectedUntil);
        continue;
      }
      slot.ejectedUntil = 0;
      slot.failures = this.#eject.after - 1;
      this.#ejected -= 1;
      this.#judge(slot);
    }
  }

  /** Where many change all the time it is not laid out for each of them. */
  #layOutIfDue(): void {
    const isDue = this.#now() - this.#builtAt >= this.#buildCost / SHARE;
    if (isDue || this.#table.length === 0) this.#layOut();
  }

  #layOut(): void {
    const start = this.#now();
    const slots = [...this.#slots.values()];
    this.#level = slots.reduce((best, { level }) => Math.max(best, level), UNFIT);
    this.#table = this.#level === UNFIT ? [] : slots.filter(({ level }) => level === this.#level);
    this.#aliases =
      this.#strategy === 'weighted' && this.#table.length > 0
        ? new AliasTable(this.#table.map(({ instance }) => instance.weight))
        : undefined;
    // Many begin at the same time, and not all of them with the same one.
    if (this.#turn < 0) this.#turn = Math.floor(Math.random() * this.#table.length);
    this.#isStale = false;
    this.#builtAt = this.#now();
    this.#buildCost = this.#builtAt - start;
  }

  #draw(): Slot<P> | undefined {
    const table = this.#table;
    switch (this.#strategy) {
      case 'round-robin':
        this.#turn = this.#turn + 1 < table.length ? this.#turn + 1 : 0;
        return table[this.#turn];
      case 'random':
        return any(table);
      case 'weighted':
        return this.#aliases && table[this.#aliases.draw()];
      case 'least-loaded': {
        const [one, other] = [any(table), any(table)];
        if (one === undefined || other === undefined) return one ?? other;
        const [less, more] = one.load <= other.load ? [one, other] : [other, one];
        return less.level >= this.#level ? less : more;
      }
      case 'sticky': {
        const { level = UNFIT } = this.#stuck ?? {};
        if (level === UNFIT || level < this.#level) this.#stuck = any(table);
        return this.#stuck;
      }
      default:
        return unreachable(this.#strategy);
    }
  }
}

function any<P>(table: readonly Slot<P>[]): Slot<P> | undefined {
  return table[Math.floor(Math.random() * table.length)];
}
