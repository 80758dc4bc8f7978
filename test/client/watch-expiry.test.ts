/** What a watch makes of a session that is not yet what the one before it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestGroup } from '../../lib/testing/test-group.ts';

const LONG = { timeout: 30_000 };

test('who is behind when his session ends does not read through one that has not his identities yet', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const follower = group.peers.find((peer) => peer !== leader);
  assert.ok(follower);
  for (const peer of [leader, follower]) await peer.addAuth('digest', 'ann:secret');
  await follower.create('/mine', '0', { acl: ['auth::cdrwa'] });
  const errors: unknown[] = [];
  follower.on('error', (error) => errors.push(error));
  const seen: (string | undefined)[] = [];
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  follower.watch('/mine').subscribe((node) => {
    seen.push(node?.data);
    return gate;
  });
  const { signal } = follower.session;
  signal.addEventListener('abort', () => goOn());
  const { mzxid } = await leader.set('/mine', '1', LONG);
  await follower.get('/mine', { after: mzxid });
  await group.expireSession(follower.id);
  await leader.set('/mine', '2', LONG);
  await follower.watch('/mine').until((node) => node?.data === '2', LONG);
  assert.ok(signal.aborted);
  assert.deepEqual(errors, []);
  assert.deepEqual([seen[0], seen.at(-1)], ['0', '2']);
});
