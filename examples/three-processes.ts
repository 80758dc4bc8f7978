/**
 * Three processes on this machine form a group on disk. One writes, another reads; the leader is
 * killed while writes are under way; the survivors go on; it is started again and catches up.
 *
 * Run it with `npm start`. On a terminal it stays, shows what each peer is, and has keys to kill, freeze
 * and restart them; elsewhere it ends by itself. It leaves nothing behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { showLive } from './live/live-view.ts';
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

/** Where the three are. Their ports stay the same, whoever is killed. */
const ports = await freePorts(3);
const peers = Object.fromEntries(ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}`]));

function launch(id: number): PeerProcess {
  const launched = new PeerProcess(id, peers, join(directory, String(id)));
  processes.push(launched);
  return launched;
}

async function start(id: number): Promise<PeerProcess> {
  const started = launch(id);
  await started.opened();
  return started;
}

/** @returns the three, all alive at its end. */
async function story(): Promise<readonly PeerProcess[]> {
  const group = await Promise.all([1, 2, 3].map((id) => start(id)));
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
  say(`the tree, as peer ${reader.id} has it:`);
  await showTree(reader);

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
  const returned = await start(leader.id);
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
  return [reader, writer, returned];
}

/** The tree as one peer has it. */
async function showTree(peer: PeerProcess): Promise<void> {
  const { tree } = await peer.ask('look');
  for (const { path, data, isEphemeral, children } of tree) {
    const facts = [
      data && `'${data}'`,
      isEphemeral && 'ephemeral',
      children && `${children} below`,
    ];
    say(`  ${path.padEnd(20)} ${facts.filter(Boolean).join(', ')}`);
  }
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

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void giveUp(signal));
const { stdin, stdout, stderr } = process;
// Nobody reads any more, as when the terminal is closed: the end is the same.
for (const stream of [stdin, stdout, stderr]) stream.on('error', () => {});
const patience = setTimeout(() => void giveUp('not done after two minutes'), 120_000).unref();
try {
  const group = await story();
  clearTimeout(patience);
  if (stdin.isTTY && stdout.isTTY) await showLive(group, launch, stdin, stdout);
  else for (const one of group) await one.close();
  say('closed');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
