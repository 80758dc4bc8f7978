import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster, create } from './pump.ts';

test('a custom scheme that throws denies, is told of once, and the peer goes on', () => {
  const schemes = {
    valid: () => {
      throw new Error('no directory');
    },
    matches: () => true,
  };
  const cluster = new Cluster({ replica: { schemes } });
  const leader = cluster.settle();
  const id = cluster.follower();
  const session = cluster.open(id);
  const operation = create('/a');
  assert.ok(operation.type === 'create');
  const acl = [{ scheme: 'team', id: 'x', permissions: 31 }];
  for (let round = 0; round < 3; round += 1) {
    const { result } = cluster.ask(id, session, { ...operation, acl });
    assert.deepEqual(result, { type: 'error', code: 'INVALID_ACL', path: '/a' });
  }
  assert.equal(cluster.ask(id, session, operation).result.type, 'create');
  assert.deepEqual(
    cluster.events(leader).filter(({ type }) => type === 'scheme-failed'),
    [{ type: 'scheme-failed', what: 'valid', reason: 'no directory' }],
  );
  assert.equal(cluster.peer(leader).status.role, 'leading');
});
