/** A naming service: ids that are unique in the whole group, one by one or in blocks, while a leader dies. */
import { UniqueId } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

await using group = await createTestGroup(3);
const names = new Set<string>();
let given = 0;

function give(kind: string, id: number): string {
  given += 1;
  const name = `${kind}-${String(id).padStart(6, '0')}`;
  names.add(name);
  return name;
}

for (const peer of group.peers) {
  const orders = new UniqueId(peer, '/ids/order');
  console.log(`peer ${peer.id} names ${give('order', await orders.next())}`);
}

const leader = await group.leader();
const survivors = group.peers.filter((peer) => peer !== leader);
const naming = survivors.map(async (peer) => {
  const events = new UniqueId(peer, '/ids/event', { block: 100 });
  for (let count = 0; count < 1_000; count += 1) give('event', await events.next());
});
await group.kill(leader.id);
await Promise.all(naming);

console.log(`${given} names were given, ${names.size} of them different`);
if (names.size !== given) throw new Error('a name was given twice');
