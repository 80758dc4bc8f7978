import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('./exiting-program.ts', import.meta.url));
const run = promisify(execFile);

test('a process ends by itself once its peers are closed, in whatever state they were', async () => {
  const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', PROGRAM], {
    timeout: 60_000,
  });
  assert.equal(stderr, '');
  assert.equal(stdout, `${'rejected,'.repeat(4)}rejected\nthe end\n`);
});
