/** Examples of what data is kept in the tree: each tells its story, and ends by itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

async function run(name: string): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0, output);
  return output;
}

test('a configuration reaches every process, and a bad one none', async () => {
  const output = await run('configuration');
  assert.match(output, /with the fallback: 10 10 10 10 10/);
  assert.match(output, /everywhere: 50 50 50 50 50/);
  assert.match(output, /the schema refuses: 50 50 50 50 50/);
  assert.match(output, /perSecond must be a number/);
  assert.match(output, /cut off: 75 75 75 75 50/);
  assert.match(output, /back: 75 75 75 75 75/);
  assert.match(output, /history: 75, 50/);
});

test('names are given once', async () => {
  assert.match(await run('naming'), /2003 names were given, 2003 of them different/);
});

test('a queue loses nothing when a worker dies, and puts aside what nobody can do', async () => {
  const output = await run('queue');
  assert.match(output, /taken: broken, 1/);
  assert.match(output, /done: 1, attempt 2/);
  assert.match(output, /all is done: 1 2 3; 1 put aside/);
});

test('a write with an old fence is refused, outside of the tree and in it', async () => {
  const output = await run('fenced-writes');
  assert.match(output, /the first one wakes up and writes: false/);
  assert.match(output, /into the tree: GRANT_LOST/);
  assert.match(output, /the store has 'second', the tree 'second'/);
});
