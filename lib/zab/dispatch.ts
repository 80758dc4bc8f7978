/** Where a message belongs: to the door, to the election, or to a phase on either side of an attachment. */
import {
  raiseCommit,
  receiveAck,
  receiveCommit,
  receiveInform,
  receiveProposal,
} from './broadcast.ts';
import { leaveIfFlooded } from './caps.ts';
import type { VoterKey } from './configuration.ts';
import type { Core } from './core.ts';
import { receiveAckEpoch, receiveFollowerInfo, receiveLeaderInfo } from './discovery.ts';
import type { Door } from './door.ts';
import { isRemote, keyOf, type Link, type Remote } from './links.ts';
import type { FollowerInfo, ZabMessage } from './messages.ts';
import type { PeerRole } from './peer-role.ts';
import type { Following, Leading, Learner } from './roles.ts';
import { receivePing, receivePong } from './round.ts';
import { receiveAckNewLeader } from './synchronization.ts';
import {
  receiveChunk,
  receiveDiff,
  receiveHistory,
  receiveNewLeader,
  receiveSnap,
  receiveTrunc,
  receiveUpToDate,
} from './synchronization-learner.ts';

/** A message on a link. What does not belong there is dropped, or ends the link or the role. */
export function dispatch(
  core: Core,
  role: PeerRole,
  door: Door,
  link: Link,
  message: ZabMessage,
): void {
  if (!isRemote(link)) {
    if (message.type === 'HELLO') door.receiveHello(link, message);
    else role.drop(link, 'no HELLO');
    return;
  }
  switch (message.type) {
    case 'HELLO':
      return role.drop(link, 'HELLO twice');
    case 'BIRTH':
      return door.receiveBirth(link, message);
    case 'NOTIFICATION':
      return role.receiveNotification(link, message);
    case 'FOLLOWERINFO':
      return presented(core, role, link, message);
    default:
      toPhase(core, role, link, message);
  }
}

/** A learner presents itself, perhaps before this peer knows that it leads. */
function presented(core: Core, role: PeerRole, remote: Remote, info: FollowerInfo): void {
  if (remote.attached !== 'no') return role.drop(remote, 'FOLLOWERINFO twice');
  if (role.following !== undefined) return role.drop(remote, 'not leading');
  remote.attached = 'learner';
  if (role.leading === undefined) remote.info = info;
  else receiveFollowerInfo(core, role.leading, remote, info);
}

/** To the role's half of the phases; from anyone else it is late, and dropped. */
function toPhase(core: Core, role: PeerRole, remote: Remote, message: ZabMessage): void {
  const { leading, following } = role;
  const learner = leading?.learners.get(remote.id);
  if (leading !== undefined && learner !== undefined) {
    fromLearner(core, leading, learner, message);
    return;
  }
  if (following === undefined || following.link !== remote.id) return;
  following.heardAt = core.now;
  if (message.type === 'HANDOVER' && following.stage === 'serving') {
    role.heir = message.successor;
    core.leave(`leader ${following.leader} hands over to ${message.successor}`);
  } else fromLeader(core, following, keyOf(remote), message);
  leaveIfFlooded(core, following);
}

/** From a learner to its leader; a leader's messages make no sense here and are dropped. */
function fromLearner(core: Core, leading: Leading, learner: Learner, message: ZabMessage): void {
  switch (message.type) {
    case 'ACKEPOCH':
      receiveAckEpoch(core, leading, learner, message);
      return;
    case 'ACKNEWLEADER':
      receiveAckNewLeader(core, leading, learner, message, () => raiseCommit(core, leading));
      return;
    case 'ACK':
      receiveAck(core, leading, learner, message);
      return;
    case 'PONG':
      receivePong(core, leading, learner, message);
      return;
    default:
  }
}

/** From the leader to a learner; of another epoch than the one promised, it ends the attachment. */
function fromLeader(core: Core, following: Following, leader: VoterKey, message: ZabMessage): void {
  if (message.type === 'LEADERINFO') {
    receiveLeaderInfo(core, following, leader, message);
    return;
  }
  if ('epoch' in message && message.epoch !== following.epoch) {
    core.leave(`${message.type} of epoch ${message.epoch}`);
    return;
  }
  switch (message.type) {
    case 'DIFF':
      return receiveDiff(core, following, message);
    case 'TRUNC':
      return receiveTrunc(core, following, message);
    case 'SNAP':
      return receiveSnap(core, following, message);
    case 'CHUNK':
      return receiveChunk(core, following, message);
    case 'HISTORY':
      return receiveHistory(core, following, message);
    case 'NEWLEADER':
      return receiveNewLeader(core, following, message);
    case 'UPTODATE':
      return receiveUpToDate(core, following, message);
    case 'PROPOSAL':
      return receiveProposal(core, following, message);
    case 'INFORM':
      return receiveInform(core, following, message);
    case 'COMMIT':
      return receiveCommit(core, following, message);
    case 'PING':
      return receivePing(core, following, message);
    case 'FORGOTTEN':
      core.alarm(`leader ${following.leader}: ${message.detail}`);
      core.forgotten = true;
      return;
    default:
  }
}
