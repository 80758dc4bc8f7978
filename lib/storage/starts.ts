/** The starts of a store: what makes it known from its copies (zab/record-starts.ts). */
import { MAX_STARTS } from '../wire/limits.ts';
import type { Configuration } from '../zab/configuration.ts';
import type { StoreMeta } from './store-state.ts';

/**
 * The store as it is opened once more. A start that promised nothing was never recorded by a leader
 * and is forgotten, so that a process that restarts for ever, and finds no group, forgets nothing else.
 * Of too many the oldest goes, but never one that a leader's log may still name last: who is known by
 * it stays known.
 *
 * @param logged the configurations in the log
 */
export function started(
  meta: StoreMeta,
  start: number,
  logged: readonly Configuration[],
): StoreMeta {
  const kept = meta.promised ? meta.starts : meta.starts.slice(0, -1);
  const starts = [...kept, start];
  if (starts.length > MAX_STARTS) {
    const named = recorded(meta, logged).slice(-NAMED);
    const oldest = starts.findIndex((known) => !named.includes(known));
    starts.splice(oldest, 1);
  }
  return { ...meta, boot: meta.boot + 1, starts, promised: false };
}

/** The last record of the own log may not be committed; the one before it is: no leader's log ends before that. */
const NAMED = 2;

/** The starts of this store that its log, from the base on, says were recorded; the last is in force. */
function recorded(
  { id, store, base }: StoreMeta,
  logged: readonly Configuration[],
): readonly number[] {
  const named = new Set<number>();
  for (const configuration of [base?.configuration, ...logged]) {
    for (const voter of configuration?.voters ?? []) {
      if (voter.id === id && voter.store === store) named.add(voter.start);
    }
  }
  return [...named];
}
