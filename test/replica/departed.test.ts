import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Departed } from '../../lib/replica/departed.ts';
import { Outbox } from '../../lib/replica/outbox.ts';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { Teller } from '../../lib/replica/teller.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';

const OWNER = { peer: 1, store: 's', boot: 1 };

/** Two writes of a session that was given up, in doubt. */
function inDoubt(): { departed: Departed; outcomes: () => (readonly [number, string])[] } {
  const [outbox, machine] = [new Outbox(), new StateMachine()];
  const departed = new Departed(OWNER, new Teller(() => machine, outbox));
  const handle = { id: 7n, key: 1, timeout: 4_000, state: 'expired' } as SessionHandle;
  const writes = [3, 4].map((ticket) => {
    return { ticket, cxid: ticket, operation: { type: 'sync' }, abandoned: false } as const;
  });
  departed.add(handle, writes);
  const outcomes = () =>
    outbox.take().deliveries.flatMap((told) => {
      return told.type === 'settled' ? [[told.ticket, told.outcome] as const] : [];
    });
  return { departed, outcomes };
}

const UNKNOWN = [
  [3, 'unknown'],
  [4, 'unknown'],
];

test('after a jump past the end of the session its writes are said to stay unknown', () => {
  const { departed, outcomes } = inDoubt();
  departed.resolve(new StateMachine());
  assert.deepEqual(outcomes(), UNKNOWN);
  departed.resolve(new StateMachine());
  assert.deepEqual(outcomes(), []);
});

test('so are those of an owner that another one replaces, and of a session that others had', () => {
  const renewed = inDoubt();
  renewed.departed.renew({ ...OWNER, boot: 2 });
  assert.deepEqual(renewed.outcomes(), UNKNOWN);
  const taken = inDoubt();
  taken.departed.forget(7n);
  assert.deepEqual(taken.outcomes(), UNKNOWN);
});
