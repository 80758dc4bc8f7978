import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { Ghost } from '../ghost.ts';
import type { PeerMessage } from '../machine.ts';
import { demand, keyOf, type Predicate, type Witness } from './predicate.ts';

/** S13: whoever says so has it on disk already. */
export const durablePromises: Predicate = {
  name: 'S13',
  title: 'a promise is durable before it is made',
  watch({ ghost }) {
    return { sent: (peer, message) => check(ghost, peer, message) };
  },
};

function check(ghost: Ghost, peer: Witness, message: PeerMessage): void {
  const { disk } = peer;
  const { epochs } = disk;
  const story = (): string => {
    const text = JSON.stringify(message, (_, value) =>
      typeof value === 'bigint' ? formatZxid(value) : value,
    );
    return `${keyOf(peer)} says ${text} with ${JSON.stringify(epochs)} and ${formatZxid(disk.last.zxid)} on disk`;
  };
  switch (message.type) {
    case 'LEADERINFO':
      demand(
        epochs.accepted === message.epoch && epochs.acceptedFrom === keyOf(peer),
        'S13',
        story,
      );
      break;
    case 'ACKEPOCH':
      // One without a vote promises nothing; its history is frozen all the same.
      if (message.counted) demand(epochs.accepted === message.epoch, 'S13', story);
      if (!message.empty) demand(holds(ghost, peer, message.lastZxid), 'S13', story);
      demand(epochs.current >= message.currentEpoch, 'S13', story);
      break;
    case 'ACKNEWLEADER':
      demand(epochs.current === message.epoch && holds(ghost, peer, message.zxid), 'S13', story);
      break;
    case 'ACK':
      demand(epochs.current === message.epoch && holds(ghost, peer, message.zxid), 'S13', story);
      break;
    case 'NOTIFICATION':
      if (message.state === 'looking' && message.vote?.leader === peer.id) {
        demand(message.vote.zxid <= disk.last.zxid, 'S13', story);
        demand(message.vote.epoch <= epochs.current, 'S13', story);
      }
      break;
    default:
  }
}

function holds(ghost: Ghost, peer: Witness, zxid: Zxid): boolean {
  const node = ghost.proposed.get(zxid);
  const { last } = peer.disk;
  if (node === undefined) return false;
  return ghost.contains(ghost.at(last, 'S8', peer.id), node);
}
