/** The schedule that all processes have, and what they do at its ticks. */
import type { Peer } from '../../../lib/index.ts';
import { Schedule, type ScheduledRun } from '../../../lib/recipes/index.ts';
import { instant, type Recorder } from '../recorder.ts';
import { placeOf } from './recipe-places.ts';

/** Ms from one tick to the next. */
const PERIOD = 400;

/** Who is given the runs. @returns as whom it was written down, and what is done */
export type Holder = (run: ScheduledRun) => { readonly name: string; work(): Promise<void> };

export class Ticking {
  readonly #schedule: Schedule;
  readonly #recorder: Recorder;
  readonly #hold: Holder;

  constructor(peer: Peer, recorder: Recorder, hold: Holder) {
    this.#recorder = recorder;
    this.#hold = hold;
    this.#schedule = new Schedule(peer, placeOf('schedule'), {
      next: (after) => new Date(Math.floor(after.getTime() / PERIOD + 1) * PERIOD),
      grace: 2 * PERIOD,
    });
  }

  /** Calls back whenever a tick is told to be run, by whomever. */
  watch(told: () => void, signal: AbortSignal): void {
    let last = 0;
    this.#schedule.watch({ signal }).subscribe((run) => {
      const tick = run?.tick.getTime() ?? 0;
      if (tick <= last) return;
      last = tick;
      told();
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#schedule.run((run) => this.#do(run), { signal });
  }

  async #do(run: ScheduledRun): Promise<void> {
    const { name, work } = this.#hold(run);
    const what = { t: 'deed', deed: 'tick', id: name } as const;
    const value = BigInt(run.tick.getTime());
    this.#recorder.record({ ...what, step: 'asked', at: instant(), value });
    await work();
    this.#recorder.record({ ...what, step: 'done', at: instant() });
  }
}
