/**
 * How a copy of a store is told from the store, whoever leads. Every start of a store has a number of
 * its own, drawn at random, and HELLO carries those of the starts in which the store made promises. The
 * log remembers, beside each voter's store, the last start that a leader has served. Whoever does not
 * know that number has another past than the store that was served: it is a copy that was taken
 * before, however often it was opened since.
 *
 * The store itself is never taken for one: a start is recorded only after it has written a promise, and
 * is told of from then on, whether the store ever heard of the record or not. That also holds for a
 * record that a TRUNC takes back, and for one that is older than the last.
 */
import { ZERO } from '../base/zxid.ts';
import {
  type Configuration,
  type VoterKey,
  voterKey,
  voterOf,
  withStarts,
} from './configuration.ts';
import type { Core } from './core.ts';
import type { Leading, Learner } from './roles.ts';

/** The start that a peer is in. */
export function lastStart({ starts }: { readonly starts: readonly number[] }): number {
  return starts[starts.length - 1] ?? 0;
}

/** Whether the log remembers a start of this store that the store knows nothing of. */
export function isFork(core: Core, { id, key, starts }: Learner): boolean {
  if (!core.born) return false;
  const voter = voterOf(core.history.configuration, id);
  if (voter === undefined || voterKey(id, voter.store) !== key || voter.start === 0) return false;
  return !starts.includes(voter.start);
}

/** The configuration that records who is served now, the leader among them; one at a time. */
export function dueRecord(core: Core, leading: Leading): Configuration | undefined {
  const { configuration } = core.history;
  if (configuration.version > core.commit) return undefined;
  const unknown = [...leading.learners.values()].filter(isUnrecorded);
  const starts = new Map<VoterKey, number>([[core.key, lastStart(core)]]);
  for (const learner of unknown) starts.set(learner.key, lastStart(learner));
  const isNew = configuration.voters.some(({ id, store, start }) => {
    const now = starts.get(voterKey(id, store));
    return now !== undefined && now !== start;
  });
  if (isNew) return withStarts(configuration, ZERO, starts);
  leading.recorded = true;
  for (const learner of unknown) learner.recorded = true;
  return undefined;
}

/** Whether the configuration has nothing to learn of who is served: no store to replace, either. Asked every turn. */
export function isAllRecorded({ recorded, learners }: Leading): boolean {
  if (!recorded) return false;
  for (const learner of learners.values()) if (isUnrecorded(learner)) return false;
  return true;
}

function isUnrecorded({ observer, stage, recorded }: Learner): boolean {
  return !observer && stage === 'serving' && !recorded;
}
