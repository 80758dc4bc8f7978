import { counterOf, epochOf, formatZxid } from '../../base/zxid.ts';
import { demand, keyOf, type Predicate } from './predicate.ts';

/** S3: a zxid is given once, by the leader of its epoch, in the order of the counter. */
export const uniqueProposals: Predicate = {
  name: 'S3',
  title: 'a zxid is one proposal',
  watch({ ghost }) {
    return {
      redefined(peer, entry, first) {
        demand(false, 'S3', () => {
          return `${formatZxid(entry.zxid)} of peer ${peer.id} is not the one that peer ${first.by} proposed`;
        });
      },
      proposed(peer, { zxid, parent }) {
        const epoch = epochOf(zxid);
        const reign = ghost.established.get(epoch);
        demand(reign?.leader === keyOf(peer), 'S3', () => {
          return `${keyOf(peer)} proposes ${formatZxid(zxid)}, but epoch ${epoch} is of ${reign?.leader}`;
        });
        const last = parent?.zxid ?? zxid;
        const expected = epochOf(last) === epoch ? counterOf(last) + 1 : 1;
        demand(counterOf(zxid) === expected, 'S3', () => {
          return `${formatZxid(zxid)} was proposed after ${formatZxid(last)}`;
        });
      },
    };
  },
};
