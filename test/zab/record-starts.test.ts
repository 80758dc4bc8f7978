/** A copy of a store is told from the store by what it does not know of its starts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeConfiguration } from '../../lib/wire/configuration.ts';
import { type Member, voterOf } from '../../lib/zab/configuration.ts';
import { at, Lone, OWN_START, voters } from './lone.ts';

const KNOWN = 5;

/** Voters whose log knows the start {@link KNOWN} of voter 3. */
function remembering(): Member[] {
  return voters(1, 2, 3).map((voter) => (voter.id === 3 ? { ...voter, start: KNOWN } : voter));
}

function leads(starts: readonly number[]): Lone {
  const lone = new Lone({ voters: remembering() });
  lone.meet(1);
  lone.meet(3, 3, { starts, boot: 1_000 });
  lone.zab.elected(2);
  lone.settle();
  return lone;
}

function startsIn(lone: Lone): (number | undefined)[] {
  const { configure } = lone;
  assert(configure !== undefined, 'a configuration is due');
  return [1, 2, 3].map((id) => voterOf(configure, id)?.start);
}

/** Proposes what is due, and has it acknowledged. */
function configure(lone: Lone): void {
  const { configure: due } = lone;
  assert(due !== undefined, 'a configuration is due');
  lone.configure = undefined;
  lone.zab.propose('configuration', encodeConfiguration(due), due);
  lone.settle();
  lone.acks(1);
  lone.acks(3);
}

test('a leader records the start of everyone it serves, and its own, once', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  while (lone.configure !== undefined) configure(lone);
  const { configuration } = lone.zab;
  assert(configuration !== undefined);
  assert.deepEqual(
    configuration.voters.map(({ start }) => start),
    [1, OWN_START, 1],
  );
  assert.deepEqual(configuration.origin, { type: 'record-starts' });
  lone.wait(1_000, () => lone.hear(1, lone.says({})));
  assert.equal(lone.configure, undefined);
});

test('a restart is recorded in the place of the start before it', () => {
  const lone = leads([KNOWN, 6]);
  for (const peer of [1, 3]) lone.present(peer);
  for (const peer of [1, 3]) lone.promised(peer);
  for (const peer of [1, 3]) lone.synced(peer);
  for (const peer of [1, 3]) lone.acks(peer);
  assert.equal(startsIn(lone)[2], 6);
});

test('a store that does not know the start the log remembers is a copy, however often it was opened', () => {
  const lone = leads([1, 2, 3, 4]);
  lone.present(3);
  assert.equal(lone.said(3, 'FORGOTTEN').length, 1);
  assert.deepEqual(lone.said(3, 'LEADERINFO'), []);
  assert.deepEqual(lone.alarms, ['the store of peer 3 is a copy that went another way']);
});

test('the store itself is not, whether it ever learned of the record or not', () => {
  for (const starts of [[KNOWN], [1, KNOWN, 6, 7, 8]]) {
    const lone = leads(starts);
    lone.present(3);
    assert.deepEqual(lone.said(3, 'FORGOTTEN'), []);
    assert.equal(lone.said(3, 'LEADERINFO').length, 1);
  }
});

test('who is ahead is not judged by an old log: the attempt ends instead', () => {
  const lone = leads([99]);
  lone.present(3, { currentEpoch: 7, acceptedEpoch: 7 });
  lone.promised(3, { currentEpoch: 7, epoch: 8 });
  assert.deepEqual(lone.said(3, 'FORGOTTEN'), []);
  assert.equal(lone.zab.role, 'looking');
});

test('another store of the same id is not judged by the starts of the first', () => {
  const lone = new Lone({ voters: remembering() });
  lone.meet(1);
  lone.meet(3, 3, { store: 'e'.repeat(32), starts: [1] });
  lone.zab.elected(2);
  lone.settle();
  lone.present(3, { voter: false, lastZxid: at('0.0') });
  assert.deepEqual(lone.said(3, 'FORGOTTEN'), []);
});
