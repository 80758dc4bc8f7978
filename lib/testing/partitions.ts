/** The shapes of partitions. */
import type { PartitionShape } from './faults.ts';
import { Prng } from './prng.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimPeer } from './sim-peer.ts';
import { STREAM } from './swarm.ts';

/** Directions that a partition cuts. */
export function cutsOf(
  { peers, leader, swarm }: SimCluster,
  shape: PartitionShape,
  order: number,
  share: number,
): [number, number][] {
  const shuffled = new Prng(swarm.seed, STREAM.fault, order).shuffled(peers);
  const rank = new Map(shuffled.map((peer, index) => [peer, index]));
  const sideSize = shape === 'isolate' ? 1 : 1 + Math.floor(share * (peers.length - 1));
  const isCut = (from: SimPeer, to: SimPeer): boolean => {
    const one = rank.get(from) ?? 0;
    const two = rank.get(to) ?? 0;
    const apart = one < sideSize !== two < sideSize;
    const distance = Math.abs(one - two);
    switch (shape) {
      case 'split':
      case 'isolate':
        return apart;
      case 'asymmetric':
        return apart && one < sideSize;
      case 'ring':
        return distance > 1 && distance < peers.length - 1;
      case 'bridge':
        return apart && one !== 0 && two !== 0;
      case 'deaf-leader':
        return to === (leader ?? shuffled[0]);
      case 'mute-leader':
        return from === (leader ?? shuffled[0]);
    }
  };
  const cuts: [number, number][] = [];
  for (const from of peers) {
    for (const to of peers) if (from !== to && isCut(from, to)) cuts.push([from.place, to.place]);
  }
  return cuts;
}
