/**
 * Virtual time: a queue of things that will happen. Time is in milliseconds since the start of the
 * schedule and moves only from one event to the next.
 */

/** Something that will happen; `cancel` by setting `action` to undefined. */
export interface SimEvent {
  readonly at: number;
  readonly order: number;
  action: (() => void) | undefined;
}

function before(left: SimEvent, right: SimEvent): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

/** A binary heap of events: first by time, then by the order in which they were asked for. */
export class SimClock {
  /** Milliseconds since the start. */
  now = 0;
  readonly #heap: SimEvent[] = [];
  #order = 0;

  get pending(): number {
    return this.#heap.length;
  }

  /** Calls `action` at a moment, at once if it has passed. */
  at(moment: number, action: () => void): SimEvent {
    const event: SimEvent = { at: Math.max(moment, this.now), order: this.#order, action };
    this.#order += 1;
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as SimEvent;
      if (!before(event, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = event;
    return event;
  }

  /** Calls `action` after so many milliseconds. */
  after(delay: number, action: () => void): SimEvent {
    return this.at(this.now + delay, action);
  }

  /** Lets everything happen through `moment`, which becomes the time; `stop` ends it early. */
  runUntil(moment: number, stop: () => boolean = () => false): void {
    while (!stop() && this.step(moment)) {}
  }

  /** Lets the next thing happen, if it is due by `moment`; else that becomes the time. @returns whether it was */
  step(moment: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.at > moment) {
      this.now = Math.max(this.now, moment);
      return false;
    }
    this.#pop();
    if (next.action === undefined) return true;
    this.now = next.at;
    next.action();
    return true;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && before(right, heap[child] as SimEvent)) child += 1;
      const below = heap[child] as SimEvent;
      if (!before(below, last)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
  }
}
