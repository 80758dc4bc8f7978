/**
 * A replication bus with hot standby: three processes stand for the tasks, one of them is RUNNING each, the
 * others are STANDBY. The active one is killed with SIGKILL; the next one takes over where it was, and no
 * change is lost or replicated twice.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AskedProcess } from './support/asked-process.ts';
import type { BusCalls } from './support/bus-program.ts';
import { freePorts } from './support/peer-process.ts';

const PROGRAM = fileURLToPath(new URL('./support/bus-program.ts', import.meta.url));
const TASK = 'orders-db';

const directory = await mkdtemp(join(tmpdir(), 'quorate-'));
const ports = await freePorts(3);
const peers = Object.fromEntries(ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}`]));
const processes: AskedProcess<BusCalls>[] = [];

async function start(id: number): Promise<AskedProcess<BusCalls>> {
  const args = [String(id), JSON.stringify(peers), join(directory, String(id))];
  const started = new AskedProcess<BusCalls>(PROGRAM, args, `bus-${id}`);
  processes.push(started);
  await started.opened();
  return started;
}

/** Asks one of them until the answer is right. */
async function until<R>(
  what: string,
  ask: () => Promise<R>,
  isSo: (answer: R) => boolean,
): Promise<R> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
    const answer = await ask();
    if (isSo(answer)) return answer;
  }
  throw new Error(`not so: ${what}`);
}

try {
  const [first, second, third] = await Promise.all([start(1), start(2), start(3)]);
  await Promise.all(processes.map((one) => one.ask('ready')));
  await first.ask('add', TASK, 'mysql://orders');
  const line = () => third.ask('line', TASK);
  for (const [at, one] of [first, second, third].entries()) {
    await one.ask('stand');
    await until('it stands', line, (members) => members.length === at + 1);
  }
  await until('the first one runs', line, ([active]) => active?.endsWith('RUNNING') === true);
  console.log(`three processes: ${(await line()).join(', ')}`);

  const changes = () => third.ask('changes', TASK);
  const before = await until('changes are replicated', changes, (all) => all.length > 20);
  await first.kill();
  console.log(`bus-1 was killed with SIGKILL after ${before.length} changes`);
  const from = performance.now();
  const after = await until('another one goes on', changes, (all) => {
    return all.filter((change) => change.includes('bus-2')).length > 20;
  });
  console.log(
    `failover in ${Math.round(performance.now() - from)} ms: ${(await line()).join(', ')}`,
  );

  const again = await start(1);
  await again.ask('ready');
  await again.ask('stand');
  await until('it stands by', line, (members) => members.length === 3);
  console.log(`bus-1 is back: ${(await line()).join(', ')}`);

  let fence = 0n;
  for (const [at, change] of after.entries()) {
    const [position, , , under = '0'] = change.split(' ');
    if (Number(position) !== at + 1) throw new Error(`change ${at + 1} is missing`);
    if (BigInt(under) < fence) throw new Error('a write of one who was no longer active');
    fence = BigInt(under);
  }
  console.log(`all ${after.length} changes are there, each once, in the order of the fences`);
  for (const one of [again, second, third]) {
    await one.ask('close');
    await one.ended();
  }
} finally {
  await Promise.all(processes.map((one) => one.kill()));
  await rm(directory, { recursive: true, force: true });
}
