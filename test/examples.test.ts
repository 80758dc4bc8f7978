import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

/** Runs an example to its end. @returns what it said */
async function run(name: string): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: scratch },
    });
    const [output, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    assert.equal(errors, '');
    assert.equal(code, 0);
    const left = (await readdir(scratch)).filter((one) => one.startsWith('quorate-'));
    assert.deepEqual(left, []);
    return output;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

test('three processes: `npm start` tells its story, ends by itself and leaves nothing behind', async () => {
  const output = await run('three-processes');
  assert.match(output, /takeover: \d+ ms until the next successful write/);
  assert.match(output, /it has caught up: all three hold \d+ nodes/);
});

test('exclusive and shared locks: a release lets in who may go, and nobody else', async () => {
  const output = await run('shared-locks');
  const inside = [...output.matchAll(/^inside: (.*)$/gm)].map(([, who]) => who);
  assert.deepEqual(inside, ['writer 1', 'reader 1, reader 2', 'writer 2', 'reader 3']);
  assert.match(output, /each with a fence of its own/);
});

test('DNS with state collection: a name stands for those that are well', async () => {
  const output = await run('dns');
  const resolved = [...output.matchAll(/^orders resolves to: (.*)$/gm)].map(([, ids]) => ids);
  const all = 'orders-1, orders-2, orders-3';
  assert.deepEqual(resolved, [all, 'orders-1, orders-3', all, 'orders-1, orders-2']);
  assert.match(output, /orders-2 {2}down, load 0: it answers 503/);
  assert.match(output, /orders-3 {2}up, load 7/);
});

test('soft load balancing: what the controller says reaches every dispatcher', async () => {
  const output = await run('load-balancing');
  assert.match(output, /worker-1 has the weight 8: worker-1 [789]\d %/);
  assert.match(output, /worker-1 is drained: worker-2/);
  assert.match(output, /worker-3 is broken, and ejected: /);
});

test('cron once over replicas: each tick is run once, and an interrupted one again', async () => {
  const output = await run('cron-once');
  assert.match(output, /three replicas, (\d+) ticks, \1 runs/);
  assert.match(output, /replica \d runs that tick again/);
  assert.match(output, /each tick was run once/);
});

test('an HTTP microservice elects its master, with the peer on its own port', async () => {
  const output = await run('http-microservice');
  const [, first] = /replica (\d) is the master/.exec(output) ?? [];
  const [, second] = /after \d+ ms replica (\d) is the master/.exec(output) ?? [];
  assert.ok(first !== undefined && second !== undefined && first !== second, output);
});

test('a replication bus: a standby goes on where the one that was killed has got to', async () => {
  const output = await run('replication-bus');
  assert.match(output, /three processes: bus-1 RUNNING, bus-2 STANDBY, bus-3 STANDBY/);
  assert.match(output, /failover in \d+ ms: bus-2 RUNNING, bus-3 STANDBY/);
  assert.match(output, /bus-1 is back: bus-2 RUNNING, bus-3 STANDBY, bus-1 STANDBY/);
  assert.match(output, /all \d+ changes are there, each once/);
});
