/** One disk hangs, whoever's it is: the others go on, and afterwards nobody is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_MAX, makeZxid } from '../../lib/base/zxid.ts';
import { ZAB_PREDICATES } from '../../lib/testing/predicates/all.ts';
import { Prng } from '../../lib/testing/prng.ts';
import { SimCluster } from '../../lib/testing/sim-cluster.ts';
import { wireCodec } from '../../lib/testing/sim-codec.ts';
import { drawSwarm, type Timers } from '../../lib/testing/swarm.ts';
import { zabFactory } from '../../lib/testing/zab-machine.ts';

const TIMERS: Timers = {
  heartbeat: 250,
  syncTimeout: 1_500,
  initTimeout: 4_000,
  finalizeWait: 50,
  notificationMax: 500,
  reelectionDelay: 5_000,
};

function quietCluster(seed: number): SimCluster {
  const swarm = drawSwarm(seed, {
    schedule: [],
    fixed: {
      voters: [1, 2, 3].map((id) => ({ id, weight: 1, group: 0 })),
      observers: [],
      born: true,
      timers: TIMERS,
      counterMax: COUNTER_MAX,
      writeLatency: 1,
      writeSpike: 0,
      lagMax: 100_000,
    },
  });
  return new SimCluster({
    swarm,
    factory: zabFactory,
    codec: wireCodec(),
    predicates: ZAB_PREDICATES,
  });
}

/** Runs for so long, with a write every 100 ms at whoever leads. */
function run(cluster: SimCluster, milliseconds: number): void {
  const prng = new Prng(7);
  for (let passed = 0; passed < milliseconds; passed += 100) {
    for (const peer of cluster.peers) peer.input((machine) => machine.work(prng));
    cluster.clock.runUntil(cluster.clock.now + 100);
  }
}

for (const who of ['leader', 'follower'] as const) {
  test(`while the disk of the ${who} hangs the group commits, and then it catches up`, () => {
    for (const seed of [1, 2, 3]) {
      const cluster = quietCluster(seed);
      cluster.startAll();
      run(cluster, 5_000);
      const { leader, peers } = cluster;
      assert.ok(leader !== undefined);
      const victim = who === 'leader' ? leader : peers.find((peer) => peer !== leader);
      assert.ok(victim !== undefined);
      victim.store.hung = true;
      // The patience with it, an election, and then some writes.
      run(cluster, 10_000);
      const before = cluster.referee.ghost.committed.depth;
      run(cluster, 30_000);
      const after = cluster.referee.ghost.committed.depth;
      assert.ok(after - before > 200, `${after - before} entries in 30 s`);
      assert.notEqual(cluster.leader, undefined);
      if (who === 'leader') assert.notEqual(cluster.leader, victim);
      else assert.equal(cluster.leader, leader, 'a follower unseats nobody');
      victim.store.hung = false;
      victim.relent();
      run(cluster, 10_000);
      cluster.clock.runUntil(cluster.clock.now + 1_000);
      assert.ok(victim.view.applied > makeZxid(1, 1));
      assert.equal(victim.view.applied, cluster.referee.ghost.committed.zxid);
    }
  });
}
