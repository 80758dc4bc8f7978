import type { ErrorCode } from '../../base/errors.ts';
import type { VoterKey } from '../../zab/configuration.ts';
import { holdsQuorum } from '../ghost.ts';
import { type Asked, demand, keyOf, type Predicate, type Witness } from './predicate.ts';

/** A leader that stood still, and what it had asked by then. */
interface Doubt {
  readonly epoch: number;
  readonly nonce: number;
}

/** Answers that say nothing of the tree. */
const UNREAD: ReadonlySet<ErrorCode> = new Set([
  'CLOSED',
  'SESSION_EXPIRED',
  'SESSION_MOVED',
  'OVERLOADED',
]);

/** Reads that are answered without asking a quorum, where a leader is in no doubt. */
const UNASKED: readonly unknown[] = [undefined, 'local', 'unordered'];

/**
 * S37: who leads and stood still for longer than the others wait may have been replaced meanwhile. It
 * commits nothing, expires nobody and reads nothing unasked before a quorum has answered a PING that it
 * has sent since. A read that was asked for before, and waited behind a write of its session, is of that time:
 * its answer is no older than its question.
 */
export const stalledLeaders: Predicate = {
  name: 'S37',
  title: 'a leader that stood still asks a quorum first',
  watch() {
    const doubts = new Map<Witness, Doubt>();
    const asked = new Map<Witness, number>();
    /** Reads that were asked for in doubt. */
    const doubtful = new WeakSet<Asked>();
    /** The greatest nonce that each voter has answered in an epoch. */
    const answered = new Map<number, Map<VoterKey, number>>();
    const isConfirmed = (peer: Witness, { epoch, nonce }: Doubt): boolean => {
      const { configuration } = peer.view;
      const answers = answered.get(epoch);
      const force = configuration === undefined ? [] : [{ configuration, committed: true }];
      return holdsQuorum(force, (key) => key === keyOf(peer) || (answers?.get(key) ?? 0) > nonce);
    };
    const demandConfirmed = (peer: Witness, deed: () => string): void => {
      const doubt = doubts.get(peer);
      if (doubt === undefined) return;
      const isOver = doubt.epoch !== peer.view.epoch || isConfirmed(peer, doubt);
      demand(isOver, 'S37', () => `peer ${peer.id} stood still, asked nobody, and ${deed()}`);
      doubts.delete(peer);
    };
    return {
      started(peer) {
        doubts.delete(peer);
        asked.delete(peer);
      },
      asked(peer, read) {
        if (doubts.has(peer)) doubtful.add(read);
      },
      woke(peer) {
        const { epoch, established, role } = peer.view;
        if (role !== 'leading' || !established) return;
        doubts.set(peer, { epoch, nonce: asked.get(peer) ?? 0 });
      },
      sent(peer, message) {
        if (message.type === 'PING') asked.set(peer, message.nonce);
        if (message.type !== 'PONG') return;
        const answers = answered.get(message.epoch) ?? new Map<VoterKey, number>();
        answered.set(message.epoch, answers);
        answers.set(keyOf(peer), Math.max(message.nonce, answers.get(keyOf(peer)) ?? 0));
      },
      moved(peer) {
        if (peer.view.role !== 'leading') doubts.delete(peer);
      },
      committed(peer, { zxid }) {
        demandConfirmed(peer, () => `commits ${zxid}`);
      },
      expired(peer, session) {
        demandConfirmed(peer, () => `expires ${session}`);
      },
      told(peer, delivery, read) {
        if (delivery.type !== 'read' || read === undefined || !doubtful.has(read)) return;
        if (!UNASKED.includes(read.options.consistency)) return;
        const { result } = delivery;
        if (result.type === 'error' && UNREAD.has(result.code)) return;
        demandConfirmed(peer, () => `reads ${read.operation.type}`);
      },
    };
  },
};
