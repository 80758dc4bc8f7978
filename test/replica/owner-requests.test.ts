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
