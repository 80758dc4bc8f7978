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

it('however many addresses knock, few are remembered', () => {
  const { subject, told } = refusals();
  for (let at = 0; at < 2_000; at += 1) subject.note(`10.0.${at >> 8}.${at & 255}`, 'a stranger');
  assert.equal(told.length, 2_000);
  subject.note('10.0.7.207', 'the latest is remembered');
  assert.equal(told.length, 2_000);
  subject.note('10.0.0.0', 'the oldest is not');
  assert.equal(told.length, 2_001);
});
