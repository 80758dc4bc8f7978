/** A process ends without a goodbye: nothing needs to be done at its end, and nothing is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openPeer } from '../../lib/index.ts';
import { directoryOf } from './hosts.ts';

const PROGRAM = fileURLToPath(new URL('./sudden-program.ts', import.meta.url));

for (const [end, what, code, errors] of [
  ['exit', 'process.exit', 7, /^$/],
  ['throw', 'an exception that nobody catches', 1, /a bug of the application/],
  ['reject', 'a rejection that nobody handles', 1, /a bug of the application/],
] as const) {
  test(`${what} in the middle of writes loses nothing acknowledged, and the next process begins at once`, async (t) => {
    const dataDir = await directoryOf(t);
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, dataDir, end], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.on('data', (text) => out.push(String(text)));
    child.stderr.on('data', (text) => err.push(String(text)));
    assert.deepEqual(await once(child, 'close'), [code, null], err.join(''));
    assert.match(err.join(''), errors);
    const told = out.join('').trim().split('\n');
    assert.ok(told.length >= 100, `${told.length} writes were acknowledged`);

    const peer = await openPeer({ dataDir });
    t.after(() => peer.close());
    await peer.ready({ timeout: 20_000 });
    const names = new Set(await peer.children('/'));
    assert.deepEqual(
      told.filter((path) => !names.has(path.slice(1))),
      [],
    );
  });
}
