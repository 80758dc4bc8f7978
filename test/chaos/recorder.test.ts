/** A history outlives its process, and a disk on which no file grows any further. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { loadHistory } from './load-history.ts';
import { missingFaults } from './missing-faults.ts';
import { Recorder } from './recorder.ts';

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'quorate-recorder-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('what was written is read again, without a line that was cut short', async (t) => {
  const path = await directory(t);
  const file = join(path, '1.1.jsonl');
  const recorder = new Recorder(file);
  recorder.record({ t: 'peer', peer: 1 });
  recorder.record({ t: 'complaint', text: 'one' });
  await appendFile(file, '{"t":"complaint","te');
  assert.deepEqual((await loadHistory(path)).complaints, ['1.1: one']);
});

test('where a file may not grow the history goes on in another one', async (t) => {
  const missing = (await missingFaults()).get('full-disk');
  if (missing !== undefined) return t.skip(missing);
  const path = await directory(t);
  const program = `
    import { Recorder } from ${JSON.stringify(new URL('recorder.ts', import.meta.url).href)};
    const recorder = new Recorder(${JSON.stringify(join(path, '1.1.jsonl'))});
    recorder.record({ t: 'peer', peer: 1 });
    for (let line = 0; line < 20; line += 1) recorder.record({ t: 'complaint', text: 'é'.repeat(300) });
    recorder.record({ t: 'complaint', text: 'x'.repeat(5_000) });
    recorder.record({ t: 'complaint', text: 'the last' });
  `;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program];
  await promisify(execFile)('prlimit', ['--fsize=1000', '--', ...node]);
  assert.ok((await readdir(path)).length > 5);
  const { complaints } = await loadHistory(path);
  const texts = [
    ...Array.from({ length: 20 }, () => 'é'.repeat(300)),
    'x'.repeat(5_000),
    'the last',
  ];
  assert.deepEqual(
    complaints,
    texts.map((text) => `1.1: ${text}`),
  );
});
