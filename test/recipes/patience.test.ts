import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { pause } from '../../lib/recipes/patience.ts';

test('many pauses end early with one signal, on which Node sees one listener', async () => {
  const stop = new AbortController();
  const pauses = Array.from({ length: 20 }, () => pause(600_000, stop.signal));
  assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
  stop.abort();
  await Promise.all(pauses);
  await pause(600_000, stop.signal);
});

test('a pause that is over leaves nothing at its signal', async () => {
  const { signal } = new AbortController();
  // Pauses keep no process alive.
  const alive = setInterval(() => {}, 1_000);
  await pause(1, signal);
  clearInterval(alive);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
