/**
 * Log collection in a group of three, in one process: collectors register, the sources are shared out among them, and
 * both report how they are. A source moves when a collector joins or dies, and none is ever read by two: each writes
 * behind the fence of its partition. `node --import tsx examples/log-collection.ts`
 */
import { json, type Peer, QuorateError } from '../lib/index.ts';
import { Group, type Partition, Partitioner } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

/** What a collector says of itself: it is alive as long as it is a member. */
interface CollectorStatus {
  readonly sources: number;
  readonly bytes: number;
  /** Ms of this process' time, and what it takes. */
  readonly cpu: number;
  readonly memory: number;
}

/** What is known of a source: who reads it, how far, and under which fence. */
interface SourceStatus {
  readonly collector: string;
  readonly alive: boolean;
  readonly lines: number;
  readonly bytes: number;
  readonly fence: string;
}

const LINE = 'GET /orders/4711 200\n';
const PAUSE = 10;
const statusOf = (source: string) => `/logs/status/${source}`;
const rest = () => new Promise((resolve) => setTimeout(resolve, PAUSE));

await using group = await createTestGroup(3);
const operator = await group.leader();
const sourcesOf = (count: number) => Array.from({ length: count }, (_, at) => `web-${at + 1}`);
for (const source of sourcesOf(6)) await operator.ensurePath(`/logs/sources/${source}`);

/** One process that reads what it is given. */
async function collect(peer: Peer): Promise<void> {
  const name = `collector-${peer.id}`;
  const owned = new Set<string>();
  let bytes = 0;
  const members = new Group(peer.as(json<CollectorStatus>()), '/logs/collectors');
  const status = (): CollectorStatus => {
    const { user, system } = process.cpuUsage();
    const cpu = Math.round((user + system) / 1_000);
    return { sources: owned.size, bytes, cpu, memory: process.memoryUsage().rss };
  };
  const me = await members.join(status(), { name });

  async function read(source: Partition): Promise<void> {
    owned.add(source.name);
    const tree = peer.guardedBy(source).as(json<SourceStatus>());
    const write = (lines: number, alive: boolean) =>
      tree.update(statusOf(source.name), (before) => {
        const known = before ?? { lines: 0, bytes: 0, fence: '0' };
        if (BigInt(known.fence) > source.fence) throw new Error('somebody newer has written');
        const added = { lines: known.lines + lines, bytes: known.bytes + lines * LINE.length };
        return { collector: name, alive, fence: String(source.fence), ...added };
      });
    try {
      while (!source.signal.aborted) {
        await write(1, true);
        bytes += LINE.length;
        await me.set(status());
        await rest();
      }
    } catch (error) {
      // It moves, or this peer is closed: whatever was not written the next one reads.
      if (!QuorateError.is(error, 'GRANT_LOST', 'CLOSED', 'SESSION_EXPIRED')) throw error;
    } finally {
      owned.delete(source.name);
    }
  }

  const partitions = peer.watchChildren('/logs/sources');
  const sources = new Partitioner(peer, '/logs/shares', { partitions, owner: name });
  await sources.run(read);
  await me.leave();
}

await using collectors = await new Group(operator.as(json<CollectorStatus>()), '/logs/collectors')
  .watch()
  .live();

/** Waits until each of these reports that it reads so many sources, and every source reports who reads it. */
async function shared(what: string, ids: readonly number[], count: number): Promise<void> {
  const names = ids.map((id) => `collector-${id}`);
  for (;;) {
    const reports = names.map((name) => collectors.value.get(name)?.data.sources);
    const all = await operator.children('/logs/sources');
    const view = operator.as(json<SourceStatus>());
    const found = await Promise.all(all.map((source) => view.find(statusOf(source))));
    const readers = found.map((node) => node?.data.collector ?? '');
    const isShared =
      reports.every((sources) => sources === count) &&
      readers.every((reader) => names.includes(reader)) &&
      collectors.value.size === ids.length;
    if (isShared) break;
    await rest();
  }
  console.log(`${what}: ${ids.length} collectors read ${count} sources each`);
}

const [a, b] = group.peers.filter((peer) => peer !== operator);
if (a === undefined || b === undefined) throw new Error('a group of three has them');
const runs = [collect(operator), collect(a)];
await shared('two have registered', [operator.id, a.id], 3);
runs.push(collect(b));
await shared('a third one joins', [operator.id, a.id, b.id], 2);
await group.kill(a.id);
await shared('one dies', [operator.id, b.id], 3);
for (const source of ['web-7', 'web-8']) await operator.ensurePath(`/logs/sources/${source}`);
await shared('two sources are new', [operator.id, b.id], 4);
runs.push(collect(await group.restart(a.id)));
await operator.ensurePath('/logs/sources/web-9');
await shared('it is back, with another source', [operator.id, a.id, b.id], 3);

let total = 0;
for (const source of sourcesOf(9)) {
  const { data, stat } = await operator.as(json<SourceStatus>()).get(statusOf(source));
  // Each line is one write of the owner: none is there twice, none is lost.
  if (data.lines !== stat.version + 1) throw new Error(`${source}: ${data.lines} lines`);
  total += data.bytes;
}
for (const [name, { data }] of collectors.value) {
  if (data.bytes === 0 || data.cpu === 0 || data.memory === 0) throw new Error(`${name} is silent`);
}
console.log(`each line was read once: ${total > 0 ? 'all is accounted for' : 'there is nothing'}`);
await Promise.all(group.peers.map((peer) => peer.close()));
await Promise.all(runs);
