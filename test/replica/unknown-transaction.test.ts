/** A later version may write what this one does not know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster, create } from './pump.ts';

const IDS = [1, 2, 3];

test('a transaction of a kind that this version does not know is never skipped: the peer stops taking part', () => {
  const cluster = new Cluster();
  const leader = cluster.settle();
  const session = cluster.open(leader);
  assert.equal(cluster.ask(leader, session, create('/a')).outcome, 'applied');
  cluster.run(500);
  const { zab } = cluster.peer(leader);
  const strange = zab.nextZxid;
  zab.propose('transaction', new Uint8Array([255, 255, 255]));
  // The leader first, then whoever leads next; the last one has no quorum to lead it there.
  const stopped = () => IDS.filter((id) => cluster.peer(id).status.role === 'quarantined');
  cluster.until('two have come to it', () => stopped().length === 2);
  for (const id of stopped()) {
    assert.match(cluster.peer(id).status.reason ?? '', /a transaction of an unknown kind/);
  }
  for (const id of IDS) assert.ok(cluster.peer(id).applied < strange, 'nobody goes on behind it');
});
