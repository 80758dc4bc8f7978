import { demand, keyOf, type Predicate } from './predicate.ts';

/** S1: at most one peer ever passes step 12 with an epoch, and at most one is ESTABLISHED in it. */
export const leadership: Predicate = {
  name: 'S1',
  title: 'one leader for each epoch',
  watch({ ghost }) {
    return {
      elected(peer, epoch) {
        const first = ghost.attempts.get(epoch);
        demand(first === undefined || first.leader === keyOf(peer), 'S1', () => {
          return `epoch ${epoch} has the histories of ${first?.leader} and of ${keyOf(peer)}`;
        });
      },
      established(peer, epoch) {
        const first = ghost.established.get(epoch);
        demand(first === undefined, 'S1', () => {
          return `epoch ${epoch} is established by ${first?.leader} and by ${keyOf(peer)}`;
        });
      },
    };
  },
};
