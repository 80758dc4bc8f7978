/** What a store has promised binds whoever holds it, whatever else it is doing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, Lone, log, storeOf, voters } from './lone.ts';

test('a peer that is closing refuses an epoch below its promise: its acknowledgements still count', () => {
  const lone = new Lone({ epochs: { accepted: 11, acceptedFrom: `3:${storeOf(3)}` } });
  lone.zab.handOver();
  lone.follow(1);
  lone.hear(1, { type: 'LEADERINFO', epoch: 10 });
  assert.deepEqual(lone.said(1, 'ACKEPOCH'), []);
  assert.equal(lone.closing(1), 'epoch 10 of the leader is over');
});

test('a peer that is closing still promises, durably, and is counted', () => {
  const lone = new Lone();
  lone.zab.handOver();
  lone.follow(1);
  lone.hear(1, { type: 'LEADERINFO', epoch: 10 });
  assert.equal(lone.said(1, 'ACKEPOCH')[0]?.counted, true);
  assert.equal(lone.disk.epochs.accepted, 10);
});

test('a leader that wanted to retire is not elected again, however its leadership ended', () => {
  const lone = new Lone();
  lone.lead(1, 3);
  lone.propose('never acknowledged');
  lone.wait(1_500);
  lone.zab.handOver();
  lone.wait(1_000);
  assert(
    lone.events.some((event) => event.type === 'role' && event.reason === 'no quorum answers'),
  );
  assert.equal(lone.zab.role, 'looking');
  assert.equal(lone.zab.vote, undefined);
});

test('two processes on copies of one store do not promise twice', () => {
  const lone = new Lone({ voters: voters(1, 2, 3, 4, 5) });
  lone.lead(1, 3);
  lone.meet(3, 33, { starts: [2] });
  assert.equal(lone.closing(33), 'DUPLICATE_STORE');
  lone.zab.unlinked(3);
  lone.meet(3, 34, { starts: [2] });
  lone.present(34, { acceptedEpoch: 2, currentEpoch: 2, lastZxid: at('2.1') });
  assert.equal(lone.said(34, 'FORGOTTEN').length, 1, 'a copy has promised what it does not know');
  assert.deepEqual(lone.alarms, ['the store of peer 3 has lost promises']);
});

test('who learns that it is a copy applies nothing more of its log: the copy that comes may reach less far', () => {
  const names = Array.from({ length: 21 }, (_, index) => `1.${index + 1}`);
  const entries = log(...names);
  const options = { deliverBytesMax: 512 };
  const lone = new Lone({ entries, options, committed: at('1.21') });
  const { applied } = lone.zab;
  assert.ok(applied < at('1.21'), 'there is more to apply');
  lone.follow(1);
  lone.hear(1, { type: 'FORGOTTEN', detail: 'a copy that went another way' });
  const said = lone.zab.applied;
  for (let turn = 0; turn < 30; turn += 1) lone.tick(1);
  assert.equal(lone.zab.applied, said);
  assert.ok(said < at('1.21'));
});
