import { demand, keyOf, type Predicate } from './predicate.ts';

/** S2: the promises on a disk never fall, and an epoch is promised to one leader. */
export const epochs: Predicate = {
  name: 'S2',
  title: 'epochs never fall',
  watch() {
    return {
      written(peer, _batch, before) {
        const { disk } = peer;
        if (disk.store !== before.store) return;
        const { epochs: was } = before;
        const { epochs: now } = disk;
        const story = (): string =>
          `${keyOf(peer)}: ${JSON.stringify(was)} became ${JSON.stringify(now)}`;
        demand(now.accepted >= was.accepted && now.current >= was.current, 'S2', story);
        demand(now.current <= now.accepted, 'S2', story);
        if (now.accepted === was.accepted)
          demand(now.acceptedFrom === was.acceptedFrom, 'S2', story);
      },
    };
  },
};
