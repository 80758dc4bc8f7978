/** One who deletes what others keep. */
import { QuorateError } from '../../base/errors.ts';
import { Actor } from './actor.ts';
import type { Life } from './application.ts';

/** Mean ms between two deeds. */
const PAUSE = 5_000;

/** Now and then, in some process: `deed` deletes something, if it is there. */
export function operate(life: Life, judge: string, deed: (operator: Actor) => Promise<void>): void {
  const operator = new Actor(life, 'operator', judge);
  operator.repeat(async () => {
    await operator.pause(life.process.prng.exponential(PAUSE));
    if (life.stop.aborted) return;
    try {
      await deed(operator);
      operator.count('deed');
    } catch (error) {
      if (!QuorateError.is(error, 'NO_NODE', 'NOT_EMPTY')) throw error;
    }
  });
}
