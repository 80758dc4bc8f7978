/**
 * Three processes on this machine form a group on disk. One writes, another reads; the leader is
 * killed while writes are under way; the survivors go on; it is started again and catches up.
 *
 * Run it with `npm start`. It ends by itself, and leaves nothing behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentsOf, freePorts, PeerProcess } from './support/peer-process.ts';

/** How many writes are under way when the leader is killed, and how many follow. */
const SOME = 100;

/** Everything that must be gone at the end, whatever happens. */
const processes: PeerProcess[] = [];
const directory = await mkdtemp(join(tmpdir(), 'quorate-'));

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`not so: ${what}`);
}

async function start(id: number, peers: Readonly<Record<number, string>>): Promise<PeerProcess> {
  const started = new PeerProcess(id, peers, join(directory, String(id)));
  processes.push(started);
  await started.opened();
  return started;
}

async function story(): Promise<void> {
  const ports = await freePorts(3);
  const peers = Object.fromEntries(ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}`]));
  const group = await Promise.all([1, 2, 3].map((id) => start(id, peers)));
  const [leaderId] = await Promise.all(group.map((one) => one.ask('ready')));
  const leader = group.find(({ id }) => id === leaderId);
  const [reader, writer] = group.filter(({ id }) => id !== leaderId);
  check(leader !== undefined && reader !== undefined && writer !== undefined, 'one of three leads');
  say(`three processes form a group; peer ${leader.id} leads`);

  const { stat } = await writer.ask('create', '/config/db', 'postgres://db1');
  const { data } = await reader.ask('get', '/config/db', stat.czxid);
  check(data === 'postgres://db1', 'what one wrote the other reads');
  say(`peer ${writer.id} wrote /config/db, peer ${reader.id} reads '${data}'`);

  await writer.ask('create', '/workers', '');
  const seen = reader.ask('until', '/workers/leader', true);
  await leader.ask('register', '/workers/leader', `peer ${leader.id}`);
  say(
    `peer ${leader.id} registered an ephemeral node, peer ${reader.id} watches it: '${await seen}'`,
  );
  const gone = reader.ask('until', '/workers/leader', false);

  const underWay = Array.from({ length: SOME }, (_, at) =>
    writer.ask('create', `/writes/under-way-${at}`, String(at)),
  );
  const before = performance.now();
  await leader.kill();
  say(`peer ${leader.id} was killed with SIGKILL while ${SOME} writes were under way`);
  await reader.ask('create', '/writes/first-after', 'I am back');
  const takeover = Math.round(performance.now() - before);
  await Promise.all(underWay);
  const newLeader = await reader.ask('ready');
  say(`takeover: ${takeover} ms until the next successful write; now peer ${newLeader} leads`);

  for (let at = 0; at < SOME; at += 1)
    await writer.ask('create', `/writes/without-${at}`, String(at));
  const returned = await start(leader.id, peers);
  await returned.ask('ready');
  await gone;
  say(`peer ${leader.id} was started again; the node of its dead predecessor is gone`);

  const all = await contentsOf([reader, writer, returned]);
  for (const { data: found, digest } of all) {
    check(digest === all[0]?.digest, 'all three hold the same');
    for (let at = 0; at < SOME; at += 1) {
      check(found.get(`/writes/under-way-${at}`) === String(at), 'no acknowledged write is lost');
      check(found.get(`/writes/without-${at}`) === String(at), 'it has caught up');
    }
    check(found.get('/writes/first-after') === 'I am back', 'no acknowledged write is lost');
  }
  const [same] = all;
  check(same !== undefined, 'there are three of them');
  const place = `${same.data.size} nodes at zxid 0x${same.zxid.toString(16)}`;
  say(`it has caught up: all three hold ${place}, digest ${same.digest.slice(0, 16)}`);
  say(`nothing is lost: all ${2 * SOME + 1} acknowledged writes are there`);

  for (const one of [reader, writer, returned]) await one.close();
  say('closed');
}

async function cleanUp(): Promise<void> {
  await Promise.all(processes.map((one) => one.kill()));
  await rm(directory, { recursive: true, force: true });
}

async function giveUp(why: string): Promise<void> {
  process.stderr.write(`${why}\n`);
  await cleanUp();
  process.exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void giveUp(signal));
setTimeout(() => void giveUp('not done after two minutes'), 120_000).unref();
try {
  await story();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
