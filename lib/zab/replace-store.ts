/**
 * A voter that is back under another store (wiped, replaced, or its promises lost) and in step with the
 * leader gets its place back by an entry of the log, committed by a full-size quorum of the OTHER voters
 * (quorum.ts): the promises that the lost store may have made must be met by them.
 */
import { ZERO } from '../base/zxid.ts';
import { type Configuration, isVoter, withStore } from './configuration.ts';
import type { Core } from './core.ts';
import { lastStart } from './record-starts.ts';
import type { Leading } from './roles.ts';

/** The configuration to propose now; one at a time, so none while another is not committed. */
export function dueReplacement(core: Core, leading: Leading): Configuration | undefined {
  const { configuration } = core.history;
  if (configuration.version > core.commit) return undefined;
  for (const learner of leading.learners.values()) {
    const { id, key, observer, stage } = learner;
    const store = key.slice(key.indexOf(':') + 1);
    const known = configuration.voters.some((voter) => voter.id === id);
    if (observer || stage !== 'serving' || !known || isVoter(configuration, id, store)) continue;
    return withStore(configuration, ZERO, id, store, lastStart(learner));
  }
  return undefined;
}
