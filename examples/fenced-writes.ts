/**
 * A lock alone is not enough: a holder that stood still writes late. Here it does, to a store outside of the tree
 * that compares fences, and to the tree itself, which compares them by its own.
 */
import { QuorateError } from '../lib/index.ts';
import { Mutex } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

/** Such as a table with a column for the fence: `update … where fence <= $2`. */
class Store {
  value = '';
  #fence = 0n;

  write(value: string, fence: bigint): boolean {
    if (fence < this.#fence) return false;
    this.#fence = fence;
    this.value = value;
    return true;
  }
}

await using group = await createTestGroup(3);
const leader = await group.leader();
const [sleepy, quick] = group.peers.filter((peer) => peer !== leader);
if (sleepy === undefined || quick === undefined) throw new Error('a group of three has others');
const store = new Store();

const first = await new Mutex(sleepy, '/locks/report').acquire();
console.log(`the first holder writes: ${store.write('first', first.fence)}`);
const waiting = new Mutex(quick, '/locks/report').acquire();
group.stall(sleepy.id, 6_000);
console.log('and stands still, for longer than its session lives');
const second = await waiting;
console.log(`the second holder has a higher fence: ${second.fence > first.fence}`);
console.log(`it writes: ${store.write('second', second.fence)}`);

// As a process that asks nobody and goes on where it stood.
const late = store.write('late', first.fence);
console.log(`the first one wakes up and writes: ${late}`);
const guarded = sleepy.guardedBy(first).create('/report', 'late');
const refused = await guarded.then(
  () => 'it was written',
  (error: unknown) => (QuorateError.is(error) ? error.code : String(error)),
);
console.log(`into the tree: ${refused}`);
await quick.guardedBy(second).update('/report', () => 'second');
await second.release();

console.log(`the store has '${store.value}', the tree '${(await quick.get('/report')).data}'`);
if (late || store.value !== 'second' || refused !== 'GRANT_LOST') {
  throw new Error('a write of a holder that is no longer one came through');
}
