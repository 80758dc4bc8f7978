import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

test('three processes: `npm start` tells its story, ends by itself and leaves nothing behind', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', 'examples/three-processes.ts'], {
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
    assert.match(output, /takeover: \d+ ms until the next successful write/);
    assert.match(output, /it has caught up: all three hold \d+ nodes/);
    const left = (await readdir(scratch)).filter((name) => name.startsWith('quorate-'));
    assert.deepEqual(left, []);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});

test('exclusive and shared locks: a release lets in who may go, and nobody else', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/shared-locks.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0);
  const inside = [...output.matchAll(/^inside: (.*)$/gm)].map(([, who]) => who);
  assert.deepEqual(inside, ['writer 1', 'reader 1, reader 2', 'writer 2', 'reader 3']);
  assert.match(output, /each with a fence of its own/);
});
