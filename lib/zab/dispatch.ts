/** Which phase a message belongs to, on each side of an attachment. */
import {
  raiseCommit,
  receiveAck,
  receiveCommit,
  receiveInform,
  receiveProposal,
} from './broadcast.ts';
import type { VoterKey } from './configuration.ts';
import type { Core } from './core.ts';
import { receiveAckEpoch, receiveLeaderInfo } from './discovery.ts';
import type { ZabMessage } from './messages.ts';
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

/** From a learner to its leader; a leader's messages make no sense here and are dropped. */
export function fromLearner(
  core: Core,
  leading: Leading,
  learner: Learner,
  message: ZabMessage,
): void {
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
export function fromLeader(
  core: Core,
  following: Following,
  leader: VoterKey,
  message: ZabMessage,
): void {
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
