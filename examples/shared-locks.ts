/**
 * Exclusive and shared locks in a group of three, in one process: who is granted after each release. One
 * release lets in one writer, or the readers before the next writer, and nobody else.
 */
import { type Grant, Mutex, ReadWriteLock } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

await using group = await createTestGroup(3);
const [first] = group.peers;
if (first === undefined) throw new Error('a group has peers');

/** Who holds the lock now, by the name that its owner gave. */
const inside = new Map<string, Grant>();
const asked = ['writer 1', 'reader 1', 'reader 2', 'writer 2', 'reader 3'];
const waits = asked.map(async (owner, index) => {
  const peer = group.peers[index % group.peers.length] ?? first;
  // Each stands behind the one before: so the order of the story is known.
  await first.watchChildren('/catalogue').until((names) => names.length === index);
  const lock = new ReadWriteLock(peer, '/catalogue', { owner });
  const grant = await (owner.startsWith('reader') ? lock.read : lock.write).acquire();
  inside.set(owner, grant);
});
await first.watchChildren('/catalogue').until((names) => names.length === asked.length);

/** Waits until exactly these hold it, in any order. */
async function expect(...owners: readonly string[]): Promise<void> {
  while (owners.some((owner) => !inside.has(owner))) await first?.sync();
  console.log(`inside: ${[...inside.keys()].sort().join(', ')}`);
  if (inside.size !== owners.length) throw new Error('somebody was let in who may not be');
}

async function leave(...owners: readonly string[]): Promise<void> {
  for (const owner of owners) {
    const grant = inside.get(owner);
    inside.delete(owner);
    console.log(`${owner} releases, fence ${grant?.fence}`);
    await grant?.release();
  }
}

await expect('writer 1');
await leave('writer 1');
await expect('reader 1', 'reader 2');
await leave('reader 1', 'reader 2');
await expect('writer 2');
await leave('writer 2');
await expect('reader 3');
await leave('reader 3');
await Promise.all(waits);

const fences = await Promise.all(
  group.peers.map((peer) => new Mutex(peer, '/counter').run((held) => held.fence)),
);
if (new Set(fences).size !== fences.length) throw new Error('two grants have one fence');
console.log('three in a row held the mutex, each with a fence of its own');
