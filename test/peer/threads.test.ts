/** Peers in worker threads, which the application may end at any moment. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openPeer } from '../../lib/index.ts';
import { failsWith } from '../client/solo.ts';
import { directoryOf } from './hosts.ts';

interface Said {
  readonly path?: string;
  readonly code?: string;
  readonly message?: string;
}

const PROGRAM = new URL('./thread-program.ts', import.meta.url).href;
/** A thread does not inherit the loader of TypeScript. */
const START = `import('tsx/esm/api').then(({ tsImport }) => tsImport('${PROGRAM}', '${import.meta.url}'))`;

function thread(t: TestContext, dataDir: string): Worker {
  const worker = new Worker(START, { eval: true, workerData: { dataDir } });
  t.after(() => worker.terminate());
  return worker;
}

async function said(worker: Worker): Promise<Said> {
  const [message] = await once(worker, 'message', { signal: AbortSignal.timeout(60_000) });
  return message;
}

test('two threads of a process do not share a directory, and nor do a thread and the main one', async (t) => {
  const dataDir = await directoryOf(t);
  assert.equal((await said(thread(t, dataDir))).path, '/n-0000000000');
  const [second] = await Promise.all([
    said(thread(t, dataDir)),
    assert.rejects(openPeer({ dataDir }), failsWith('DIRECTORY_LOCKED')),
  ]);
  assert.equal(second.code, 'DIRECTORY_LOCKED', second.message);
});

test('a thread that is terminated in the middle of its writes has lost none that it was told of', async (t) => {
  const dataDir = await directoryOf(t);
  const worker = thread(t, dataDir);
  const told: Said[] = [];
  worker.on('message', (message) => told.push(message));
  while (told.length < 50) await said(worker);
  await worker.terminate();
  // The process lives on, so only its record tells that the holder does not.
  const peer = await openPeer({ dataDir });
  t.after(() => peer.close());
  const names = new Set(await peer.children('/'));
  const missing = told.filter(({ path }) => !names.has(String(path).slice(1)));
  assert.deepEqual(missing, []);
});
