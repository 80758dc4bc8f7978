/**
 * Cluster membership and heartbeat in a group of three, in one process: who is there, what each reports, who has
 * gone and who is back. `node --import tsx examples/membership.ts`
 */
import { json, type Peer } from '../lib/index.ts';
import { Group } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

/** What a server says of itself, again and again. */
interface Report {
  readonly beat: number;
  readonly memory: number;
}

const BEAT = 50;

const serversOf = (peer: Peer) => new Group(peer.as(json<Report>()), '/cluster/servers');
const report = (beat: number): Report => ({ beat, memory: process.memoryUsage().rss });

/** What every server does, until its peer is closed. */
async function serve(peer: Peer): Promise<void> {
  const me = await serversOf(peer).join(report(0), { name: `server-${peer.id}` });
  let beat = 0;
  const timer = setInterval(() => {
    beat += 1;
    // Without contact it waits; the node comes back with what was reported last.
    me.set(report(beat)).catch(() => clearInterval(timer));
  }, BEAT);
  void peer.closed.then(() => clearInterval(timer));
}

await using group = await createTestGroup(3);
const leader = await group.leader();
const [doomed, watcher] = group.peers.filter((peer) => peer !== leader);
if (doomed === undefined || watcher === undefined) throw new Error('a group of three has them');

await using servers = await serversOf(watcher).watch().live();
using _ = serversOf(watcher)
  .changes()
  .subscribe(({ joined, left, members }) => {
    for (const { name } of left) console.log(`${name} has gone, ${members.size} are left`);
    for (const { name } of joined) console.log(`${name} is here`);
  });

for (const peer of group.peers) {
  await serve(peer);
  await servers.until((members) => members.has(`server-${peer.id}`));
}
await servers.until((members) => [...members.values()].every(({ data }) => data.beat >= 3));
console.log('each has reported three times');

for (const peer of [doomed, leader]) {
  const name = `server-${peer.id}`;
  await group.kill(peer.id);
  console.log(`${name} was killed${peer === leader ? ', which led the group' : ''}`);
  await servers.until((members) => !members.has(name));
  await serve(await group.restart(peer.id));
  const back = (await servers.until((members) => members.has(name))).get(name);
  console.log(`${name} is back, at beat ${back?.data.beat}`);
}
await servers.until((members) => {
  return members.size === 3 && [...members.values()].every(({ data }) => data.beat >= 3);
});
console.log('all three report');
