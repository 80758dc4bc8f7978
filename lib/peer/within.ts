import { TIMER_MAX } from '../base/timer.ts';

/** Resolves when the work is settled, however, or when the time is over; in ms. */
export async function within(work: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, Math.min(milliseconds, TIMER_MAX));
  });
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
}
