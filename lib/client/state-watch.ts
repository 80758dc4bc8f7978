import type { Live, Watch } from './feed.ts';
import { LiveState } from './live.ts';
import { StateFeed } from './state-feed.ts';
import type { WaitOptions } from './wait.ts';

/** A feed of states of the tree. */
export class StateWatch<T> extends StateFeed<T> implements Watch<T> {
  live(options?: WaitOptions): Promise<Live<T>> {
    return this.wait('live', options, (first, entered) => ({
      result: new LiveState(first, entered, this.context),
    }));
  }
}
