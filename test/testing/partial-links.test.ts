/** Links that only some peers have: whoever see each other and are a quorum get a leader, whatever else is linked, and lose nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_MAX } from '../../lib/base/zxid.ts';
import { ZAB_PREDICATES } from '../../lib/testing/predicates/all.ts';
import { Prng } from '../../lib/testing/prng.ts';
import { SimCluster } from '../../lib/testing/sim-cluster.ts';
import { wireCodec } from '../../lib/testing/sim-codec.ts';
import type { SimPeer } from '../../lib/testing/sim-peer.ts';
import { drawSwarm } from '../../lib/testing/swarm.ts';
import { zabFactory } from '../../lib/testing/zab-machine.ts';

const QUORUM = 3;

function cluster(seed: number): SimCluster {
  const swarm = drawSwarm(seed, {
    schedule: [],
    fixed: {
      voters: [1, 2, 3, 4, 5].map((id) => ({ id, weight: 1, group: 0 })),
      observers: [],
      born: true,
      counterMax: COUNTER_MAX,
    },
  });
  const codec = wireCodec();
  return new SimCluster({ swarm, factory: zabFactory, codec, predicates: ZAB_PREDICATES });
}

/** Ms until it is so, with a write every 100 ms at whoever leads; undefined if it does not come to it. */
function until({ clock, peers }: SimCluster, stop: () => boolean): number | undefined {
  const prng = new Prng(7);
  const begin = clock.now;
  while (clock.now < begin + 60_000) {
    if (stop()) return clock.now - begin;
    for (const peer of peers) peer.input((machine) => machine.work(prng));
    clock.runUntil(clock.now + 100);
  }
  return undefined;
}

/** Few links, but all of those between the first three. */
function drawMissing(peers: readonly SimPeer[], prng: Prng): [SimPeer, SimPeer][] {
  const missing: [SimPeer, SimPeer][] = [];
  for (const [at, one] of peers.entries()) {
    for (const other of peers.slice(Math.max(at + 1, QUORUM)))
      if (prng.chance(0.6)) missing.push([one, other]);
  }
  return missing;
}

test('who see each other and are a quorum get a leader, whatever else is linked', () => {
  for (let seed = 1; seed <= 24; seed += 1) {
    const group = cluster(seed);
    const { peers, network } = group;
    const prng = new Prng(seed);
    group.startAll();
    const isLed = (): boolean => group.leader?.view.broadcasting === true;
    assert.notEqual(until(group, isLed), undefined);
    until(group, () => prng.chance(0.1));
    const shuffled = prng.shuffled(peers);
    for (const peer of shuffled) peer.crash(false, prng.chance(0.5));
    const missing = drawMissing(shuffled, prng);
    for (const [one, other] of missing) {
      network.block(one.place, other.place);
      network.block(other.place, one.place);
    }
    for (const peer of shuffled.slice(0, 5 - prng.integer(0, 1))) peer.start();
    assert.notEqual(until(group, isLed), undefined, `seed ${seed}: nobody leads`);
    network.heal();
    for (const peer of shuffled) if (!peer.alive) peer.start();
    const isWhole = (): boolean =>
      peers.every(({ view }) => view.phase === 'broadcast' && view.leader === group.leader?.id);
    assert.notEqual(until(group, isWhole), undefined, `seed ${seed}: somebody stays away`);
  }
});
