import { formatZxid, type Zxid } from '../../base/zxid.ts';
import { demand, keyOf, type Predicate } from './predicate.ts';

/** S14: applied <= commit, applied <= durable, and none of the marks goes back. */
export const marks: Predicate = {
  name: 'S14',
  title: 'the marks stand in order and rise',
  watch({ ghost }) {
    return {
      moved(peer, before) {
        const { applied, committed, durable } = peer.view;
        const story = (): string => {
          return `peer ${peer.id}: ${show({ applied, committed, durable })}, before ${show(before)}`;
        };
        demand(applied <= committed && applied <= durable, 'S14', story);
        demand(committed <= ghost.committed.zxid, 'S14', story);
        demand(applied >= before.applied && committed >= before.committed, 'S14', story);
        demand(durable <= peer.disk.last.zxid, 'S14', story);
      },
      started(peer) {
        const { applied, committed } = peer.view;
        demand(applied <= committed && committed <= ghost.committed.zxid, 'S14', () => {
          return `peer ${peer.id} starts with ${show({ applied, committed, durable: peer.view.durable })}`;
        });
      },
      written(peer, batch, before) {
        const { disk } = peer;
        const story = (): string => `${keyOf(peer)}: ${show(before)} became ${show(disk)}`;
        if (disk.store !== before.store) return;
        demand(disk.applied >= before.applied && disk.committed >= before.committed, 'S14', story);
        if (batch.truncate !== undefined) {
          demand(batch.truncate >= before.committed, 'S14', story);
        } else if (batch.install === undefined) {
          demand(disk.last.zxid >= before.last.zxid, 'S14', story);
        }
      },
    };
  },
};

function show(value: { [mark: string]: unknown }): string;
function show(value: object): string;
function show(value: object): string {
  const text = Object.entries(value).map(([name, mark]) => {
    return typeof mark === 'bigint' ? `${name} ${formatZxid(mark as Zxid)}` : '';
  });
  return text.filter((part) => part !== '').join(', ');
}
