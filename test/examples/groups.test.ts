/** The examples of those who gather: each tells its story and ends by itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const TIMEOUT = 120_000;

/** What an example prints, once it has ended well. */
async function linesOf(example: string): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${example}.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT,
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0, output);
  return output.trim().split('\n');
}

test('membership: who is killed has gone, and is back when it is started again', async () => {
  const lines = await linesOf('membership');
  const killed = lines.flatMap((line) => /^(server-\d) was killed/.exec(line)?.[1] ?? []);
  assert.equal(killed.length, 2);
  for (const name of killed) {
    const story = lines.filter((line) => line.startsWith(name)).map((line) => line.slice(9));
    assert.equal(story[0], 'is here');
    assert.match(story[1] ?? '', /^was killed/);
    assert.equal(story[2], 'has gone, 2 are left');
    assert.deepEqual(
      story
        .slice(3)
        .map((line) => line.split(',')[0])
        .sort(),
      ['is back', 'is here'],
    );
  }
  assert.equal(lines.at(-1), 'all three report');
});

test('barrier: nobody begins before all are there, and phases end together', async () => {
  assert.deepEqual(await linesOf('barrier'), [
    'wait /job/loaded timed out after 100 ms: 2 of 3 have arrived',
    'all 3 parts are loaded, the gate is closed',
    'map: 3 began, 3 are done',
    'shuffle: 3 began, 3 are done',
    'reduce: 3 began, 3 are done',
  ]);
});

test('two-phase commit: all sites agree, whoever dies', async () => {
  const lines = await linesOf('two-phase-commit');
  assert.deepEqual(
    lines.filter((line) => line.includes('all 3 sites')),
    [
      'transfer: all 3 sites commit',
      'refused: all 3 sites abort',
      'site-lost: all 3 sites abort',
      'coordinator-lost: all 3 sites abort',
    ],
  );
  assert.equal(lines.filter((line) => line.endsWith('dies, with its vote')).length, 2);
});

test('log collection: sources move when a collector joins or dies, and each line is read once', async () => {
  assert.deepEqual(await linesOf('log-collection'), [
    'two have registered: 2 collectors read 3 sources each',
    'a third one joins: 3 collectors read 2 sources each',
    'one dies: 2 collectors read 3 sources each',
    'two sources are new: 2 collectors read 4 sources each',
    'it is back, with another source: 3 collectors read 3 sources each',
    'each line was read once: all is accounted for',
  ]);
});
