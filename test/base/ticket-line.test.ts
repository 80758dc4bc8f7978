import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TicketLine } from '../../lib/base/ticket-line.ts';

test('a line of tickets holds what a map would hold, in their order', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('push' as const), gap: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ type: fc.constantFrom('take' as const, 'get' as const), back: fc.nat(120) }),
  );
  const property = fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const line = new TicketLine<{ readonly ticket: number }>();
    const model = new Map<number, { readonly ticket: number }>();
    let last = 0;
    for (const one of steps) {
      if (one.type === 'push') {
        last += one.gap;
        const value = { ticket: last };
        line.push(last, value);
        model.set(last, value);
        continue;
      }
      const ticket = last - one.back;
      const expected = model.get(ticket);
      if (one.type === 'take') model.delete(ticket);
      assert.equal(one.type === 'take' ? line.take(ticket) : line.get(ticket), expected);
      assert.equal(line.size, model.size);
    }
    assert.deepEqual(line.values(), [...model.values()]);
  });
  fc.assert(property, { numRuns: 300 });
});

test('one that stays at the front does not keep the places of those behind it', () => {
  const line = new TicketLine<object>();
  line.push(0, {});
  for (let ticket = 1; ticket <= 10_000; ticket += 1) {
    line.push(ticket, {});
    line.take(ticket);
    assert.ok(line.held <= 40, `${line.held} places for one that waits`);
  }
  assert.equal(line.size, 1);
});

test('tickets rise', () => {
  const line = new TicketLine<object>();
  line.push(7, {});
  line.clear();
  assert.equal(line.size, 0);
  assert.throws(() => line.push(7, {}), { name: 'InvariantError' });
});
