/**
 * A FIFO queue: what one process puts, the others work on, each item by one of them. A worker that dies gives back
 * what it had; an item that nobody can do is put aside.
 */
import { Queue } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

await using group = await createTestGroup(3);
const leader = await group.leader();
const [mine, other] = group.peers.filter((peer) => peer !== leader);
if (mine === undefined || other === undefined) throw new Error('a group of three has others');

const queue = new Queue(mine, '/queues/mail', { maxAttempts: 2 });
await queue.putAll(['1', '2', '3']);
await queue.put('broken', { priority: 1 });
console.log(`${await queue.size()} items wait`);

// One that takes the first two and dies with them.
const doomed = new Queue(leader, '/queues/mail', { maxAttempts: 2 });
const [broken, one] = await Promise.all([doomed.take(), doomed.take()]);
console.log(`taken: ${broken.data}, ${one.data}`);
await group.kill(leader.id);
console.log('and whoever has taken them is dead');

const stop = new AbortController();
const done: string[] = [];
for (const peer of [mine, other]) {
  peer.on('error', (error) => console.log(`peer ${peer.id}: ${String(error)}`));
}
const workers = [mine, other].map((peer) => {
  return new Queue(peer, '/queues/mail', { maxAttempts: 2 }).run(
    (item) => {
      if (item.data === 'broken') throw new Error(`cannot do '${item.data}'`);
      item.assertHeld();
      done.push(item.data);
      console.log(`done: ${item.data}, attempt ${item.attempt}`);
    },
    { signal: stop.signal },
  );
});
await mine.watchChildren('/queues/mail/entries').until((names) => names.length === 0);
stop.abort();
await Promise.all(workers);

const dead = await mine.children('/queues/mail/dead');
console.log(`all is done: ${done.sort().join(' ')}; ${dead.length} put aside`);
if (done.join() !== '1,2,3' || dead.length !== 1)
  throw new Error('an item was lost, or done twice');
