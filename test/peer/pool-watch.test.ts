/** The application keeps the threads busy that the disk needs, too. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, open, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPeer, type QuorateError } from '../../lib/index.ts';
import type { Clock } from '../../lib/peer/clock.ts';
import { PoolWatch } from '../../lib/peer/pool-watch.ts';

/** Time that moves when a test says so, and what is due in it. */
class Hours {
  now = 0;
  #due: { readonly at: number; readonly work: () => void }[] = [];
  readonly clock: Clock = {
    monotonic: () => this.now,
    wall: () => this.now,
    soon: (work) => this.clock.after(0, work),
    after: (milliseconds, work) => {
      const one = { at: this.now + milliseconds, work };
      this.#due.push(one);
      return { cancel: () => this.#due.splice(this.#due.indexOf(one), 1) };
    },
  };

  /** Everything happens in its time, or all at once, late. */
  pass(milliseconds: number, step = 50): void {
    for (const end = this.now + milliseconds; this.now < end; ) {
      this.now = Math.min(end, this.now + step);
      const due = this.#due.filter(({ at }) => at <= this.now);
      this.#due = this.#due.filter(({ at }) => at > this.now);
      for (const { work } of due) work();
    }
  }

  get waiting(): number {
    return this.#due.length;
  }
}

test('a pool that lets nothing through is told of once, and again when it had', () => {
  const hours = new Hours();
  const told: number[] = [];
  let done = (): void => {};
  let probes = 0;
  const watch = new PoolWatch(
    hours.clock,
    1_000,
    (ms) => told.push(ms),
    (callback) => {
      probes += 1;
      done = callback;
    },
  );
  watch.start();
  hours.pass(1_000);
  assert.deepEqual([probes, told], [1, []]);
  hours.pass(60_000);
  assert.deepEqual([probes, told.length], [1, 1], 'one probe at a time, one warning for it');
  assert.ok(Number(told[0]) >= 1_000);
  done();
  hours.pass(5_000);
  assert.deepEqual([probes, told.length], [2, 2]);
  watch.stop();
  assert.equal(hours.waiting, 0);
});

test('a blocked event loop is not taken for a busy pool', () => {
  const hours = new Hours();
  const told: number[] = [];
  let done: (() => void) | undefined;
  const watch = new PoolWatch(
    hours.clock,
    1_000,
    (ms) => told.push(ms),
    (callback) => {
      done = callback;
    },
  );
  watch.start();
  for (let at = 0; at < 5; at += 1) {
    while (done === undefined) hours.pass(50);
    hours.pass(10_000, 10_000);
    done();
    done = undefined;
  }
  assert.equal(told.length, 0, 'the probe was back, and nobody could take it');
  watch.stop();
});

const hasFifos = spawnSync('mkfifo', ['--version']).status === 0;

test('when the application keeps the thread pool busy a peer says so, and writes what waited afterwards', {
  skip: !hasFifos && 'mkfifo is missing',
}, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const pipe = join(directory, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const peer = await openPeer({ dataDir: join(directory, 'data'), fsyncWarningThreshold: 600 });
  t.after(() => peer.close());
  await peer.ready({ timeout: 20_000 });
  const warning = new Promise<QuorateError>((resolve) => {
    peer.on('warning', (one) => one.code === 'POOL_BUSY' && resolve(one));
  });
  // Each takes a thread of the pool until somebody writes to the pipe: no time of any processor.
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  const opened = Array.from({ length: threads }, () => {
    return new Promise<number>((resolve) => open(pipe, 'r', (_, file) => resolve(file)));
  });
  const write = peer.create('/late', 'x', { timeout: 60_000 });
  const { message } = await warning;
  assert.match(message, /UV_THREADPOOL_SIZE/);
  assert.equal(await peer.exists('/late', { consistency: 'stale' }), undefined, 'it waits in line');
  const end = openSync(pipe, 'w');
  for (const file of await Promise.all(opened)) closeSync(file);
  closeSync(end);
  assert.equal((await write).path, '/late');
});
