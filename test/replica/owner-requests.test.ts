import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnerRequests } from '../../lib/replica/owner-requests.ts';

const birth = {
  type: 'create-session',
  kind: 'peer',
  timeout: 6_000,
  password: new Uint8Array(0),
  address: '',
} as const;

function asked(): OwnerRequests {
  const own = new OwnerRequests();
  own.follow(1);
  own.ask(1, birth, { type: 'birth', key: 1 });
  own.sent(1, 1_000);
  return own;
}

test('a request that leaves once more in an epoch counts from the first time: the leader may have it since then', () => {
  const own = asked();
  own.follow(1);
  own.sent(1, 5_000);
  assert.equal(own.decided(1)?.sentAt, 1_000);
});

test('a request that leaves for the leader of another epoch counts anew', () => {
  const own = asked();
  own.follow(2);
  own.sent(1, 5_000);
  assert.equal(own.decided(1)?.sentAt, 5_000);
});

test('after a sleep nobody believes in what a request that left before it has made', () => {
  const own = asked();
  own.doubt();
  assert.equal(own.decided(1)?.sentAt, Number.NEGATIVE_INFINITY);
});

test('a session is being taken over until the last request for it is decided or withdrawn', () => {
  const own = new OwnerRequests();
  const takeOver = { type: 'move-session', session: 7n, password: new Uint8Array(0) } as const;
  for (const ticket of [1, 2, 3]) own.ask(ticket, takeOver, { type: 'birth', key: ticket });
  own.ask(4, birth, { type: 'birth', key: 4 });
  own.decided(1);
  own.decided(1);
  own.decided(4);
  assert.equal(own.takes(7n), true);
  assert.equal(own.withdraw(2)?.takes, 7n);
  assert.equal(own.takes(7n), true);
  own.decided(3);
  assert.equal(own.takes(7n), false);
  assert.equal(own.takes(0n), false);
});
