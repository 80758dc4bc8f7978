import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstOf, Patience, pause } from '../../lib/recipes/patience.ts';

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

test('a pause that no timer can hold is none that is over at once', async () => {
  const stop = new AbortController();
  let isOver = false;
  const pausing = pause(3e9, stop.signal).then(() => {
    isOver = true;
  });
  // A timer that overflows is over after one millisecond.
  await sleep(50);
  assert.equal(isOver, false);
  stop.abort();
  await pausing;
});

test('a pause whose end has passed is over, and Node has nothing to warn of', async () => {
  const warned: Error[] = [];
  const warn = (warning: Error) => warned.push(warning);
  process.on('warning', warn);
  await Promise.all([pause(-7.3), sleep(1)]);
  // Warnings are told in a turn of their own.
  await sleep(1);
  process.off('warning', warn);
  assert.deepEqual(warned, []);
});

test('of several waits the first ends the others, and a signal all; nothing of them stays at it', async () => {
  const stop = new AbortController();
  const wait = new Patience({ signal: stop.signal });
  const given: AbortSignal[] = [];
  const forEver = async ({ signal }: Patience) => {
    assert.ok(signal);
    given.push(signal);
    signal.throwIfAborted();
    await new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  };
  await firstOf(wait, [forEver, () => Promise.resolve()]);
  assert.equal(given[0]?.aborted, true);
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
  const why = new Error('enough');
  const waiting = firstOf(wait, [forEver, forEver]);
  stop.abort(why);
  await assert.rejects(waiting, why);
  await assert.rejects(firstOf(wait, [forEver]), why);
});
