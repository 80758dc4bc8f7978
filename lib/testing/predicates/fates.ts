/** What is told of writes whose fate was unknown when their session was given up. */
import { formatZxid, ZERO, type Zxid } from '../../base/zxid.ts';
import type { Ticket } from '../../replica/ready.ts';
import { demand, type Predicate, type Witness } from './predicate.ts';

/** A write that was answered with `unknown`. */
interface InDoubt {
  readonly session: bigint;
  /** What its peer had applied when it said so. */
  readonly told: Zxid;
}

/** One life of one peer. */
interface Life {
  readonly inDoubt: Map<Ticket, InDoubt>;
  /** Up to where it last jumped by a copy of the state. */
  jumped: Zxid;
}

/** S48: whoever was told `unknown` hears the truth, or that nobody will: once his peer knows that the session has ended. */
export const fates: Predicate = {
  name: 'S48',
  title: 'whoever was told unknown hears the fate of his write, and it is true',
  judges: 'replica',
  watch({ model }) {
    const lives = new Map<string, Life>();
    /** Where each session has ended. */
    const ends = new Map<bigint, Zxid>();
    const lifeOf = ({ id, life }: Witness): Life => {
      const key = `${id}/${life}`;
      const known = lives.get(key) ?? { inDoubt: new Map(), jumped: ZERO };
      lives.set(key, known);
      return known;
    };
    return {
      decided({ entry, applied }) {
        for (const session of applied.ended) ends.set(session, entry.zxid);
      },
      installed(peer, { zxid }) {
        lifeOf(peer).jumped = zxid;
      },
      told(peer, delivery) {
        const life = lifeOf(peer);
        const { zxid } = delivery;
        if (delivery.type === 'settled') {
          const { ticket, decided, outcome } = delivery;
          life.inDoubt.delete(ticket);
          if (decided === undefined) return;
          const result = model.decided.get(decided)?.applied.result.type;
          demand((result === 'error') === (outcome === 'not-applied'), 'S48', () => {
            return `peer ${peer.id} says ${outcome} of ${formatZxid(decided)}, which is ${result}`;
          });
          return;
        }
        for (const [ticket, { session, told }] of life.inDoubt) {
          const end = ends.get(session);
          const isOver = end !== undefined && zxid > end && zxid > told && zxid > life.jumped;
          demand(!isOver, 'S48', () => {
            return `peer ${peer.id} tells ${delivery.type} at ${formatZxid(zxid)} and nothing of write ${ticket} of ${formatZxid(session)}, over at ${formatZxid(end ?? ZERO)}`;
          });
        }
        if (delivery.type !== 'reply' || delivery.outcome !== 'unknown') return;
        life.inDoubt.set(delivery.ticket, { session: delivery.session.id, told: zxid });
      },
    };
  },
};
