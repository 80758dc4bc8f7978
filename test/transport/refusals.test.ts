import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Refusals } from '../../lib/transport/refusals.ts';

function refusals() {
  const told: string[] = [];
  const clock = { now: 0 };
  const subject = new Refusals(
    (address) => told.push(address),
    () => clock.now,
  );
  return { subject, told, clock };
}

it('all refusals are counted, and one of an address is told in a minute', () => {
  const { subject, told, clock } = refusals();
  for (let at = 0; at < 120; at += 1) {
    subject.note('10.0.0.1', 'a stranger');
    if (at === 30) subject.note('10.0.0.2', 'a stranger');
    clock.now += 1_000;
  }
  assert.deepEqual(told, ['10.0.0.1', '10.0.0.2', '10.0.0.1']);
  assert.equal(subject.count, 121);
});

it('however many addresses knock, few are told of in a minute, and none is forgotten for good', () => {
  const { subject, told, clock } = refusals();
  for (let at = 0; at < 2_000; at += 1) subject.note(`10.0.${at >> 8}.${at & 255}`, 'a stranger');
  assert.equal(told.length, 64);
  assert.equal(subject.count, 2_000);
  clock.now += 60_000;
  subject.note('10.9.9.9', 'a stranger');
  subject.note('10.0.0.0', 'a stranger');
  assert.deepEqual(told.slice(64), ['10.9.9.9', '10.0.0.0']);
});
