import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusedTails } from '../../lib/replica/refused-tails.ts';
import type { Request } from '../../lib/tree/request.ts';

const OWNER = { peer: 1, store: 'a', boot: 1 };

function request(session: bigint, cxid: number): Request {
  return { session, cxid, resolved: 0, owner: OWNER, operation: { type: 'sync' } };
}

test('nothing of a refused tail is admitted before the number that was expected', () => {
  const tails = new RefusedTails();
  tails.refuse(1, 5n, 3);
  assert.equal(tails.admits(1, request(5n, 4)), false);
  assert.equal(tails.admits(2, request(5n, 4)), true, 'another link');
  assert.equal(tails.admits(1, request(6n, 4)), true, 'another session');
  assert.equal(tails.admits(1, request(5n, 3)), true);
  assert.equal(tails.admits(1, request(5n, 4)), true, 'the tail has ended');
});

test('nothing is kept of a link or a session that is gone', () => {
  const tails = new RefusedTails();
  for (let session = 1n; session <= 100n; session += 1n) {
    tails.refuse(1, session, 0);
    tails.refuse(2, session, 0);
  }
  tails.unlinked(1);
  assert.equal(tails.size, 100);
  for (let session = 1n; session <= 50n; session += 1n) tails.forget(session);
  tails.unlinked(2);
  assert.equal(tails.size, 0);
});
