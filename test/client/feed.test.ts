import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { QuorateError } from '../../lib/base/errors.ts';
import { type Cursor, SAME, type StateSource } from '../../lib/client/cursor.ts';
import { Lane } from '../../lib/client/lane.ts';
import { StateWatch } from '../../lib/client/state-watch.ts';

/** A variable that can be watched, and says who watches it. */
class Variable<T> {
  #value: T;
  #count = 1n;
  readonly cursors = new Set<Cursor<T>>();

  constructor(value: T) {
    this.#value = value;
  }

  set(value: T): void {
    this.#value = value;
    this.#count += 1n;
    for (const cursor of [...this.cursors]) cursor.changed();
  }

  end(error: unknown): void {
    for (const cursor of [...this.cursors]) cursor.end(error);
  }

  readonly open = (cursor: Cursor<T>): StateSource<T> => {
    let given = 0n;
    this.cursors.add(cursor);
    cursor.changed();
    return {
      take: () => {
        if (given === this.#count) return SAME;
        given = this.#count;
        if (this.#value instanceof Error) throw this.#value;
        return this.#value;
      },
      get zxid() {
        return given;
      },
      close: () => void this.cursors.delete(cursor),
    };
  };
}

interface Watched<T> {
  readonly variable: Variable<T>;
  readonly watch: StateWatch<T>;
  readonly reported: unknown[];
}

function watched<T>(value: T, signal?: AbortSignal): Watched<T> {
  const variable = new Variable(value);
  const reported: unknown[] = [];
  const context = {
    what: 'watch /a',
    path: '/a',
    report: (error: unknown) => void reported.push(error),
    lane: new Lane(),
  };
  const options = signal === undefined ? undefined : { signal };
  return { variable, watch: new StateWatch(variable.open, context, options), reported };
}

// Waits do not keep a process alive; in real life the open peer does.
let peer: NodeJS.Timeout;
before(() => {
  peer = setInterval(() => {}, 60_000);
});
after(() => clearInterval(peer));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const closed = QuorateError.make('CLOSED');

test('a feed is registered when it is consumed and gone when it is left', async () => {
  const { variable, watch } = watched(1);
  assert.equal(variable.cursors.size, 0);
  const subscription = watch.subscribe(() => {});
  assert.equal(variable.cursors.size, 1);
  subscription[Symbol.dispose]();
  assert.equal(variable.cursors.size, 0);
  for await (const value of watch) {
    assert.equal(value, 1);
    assert.equal(variable.cursors.size, 1);
    break;
  }
  assert.equal(variable.cursors.size, 0);
  await watch.until((value) => value === 1);
  assert.equal(variable.cursors.size, 0);
});

test('a subscriber gets the present state, not from within the call, and then every change', async () => {
  const { variable, watch } = watched('a');
  const seen: string[] = [];
  watch.subscribe((value) => void seen.push(value));
  assert.deepEqual(seen, []);
  await turn();
  assert.deepEqual(seen, ['a']);
  variable.set('b');
  assert.deepEqual(seen, ['a', 'b'], 'told in the step in which it changed');
});

test('a slow subscriber is called one at a time and skips to the newest state', async () => {
  const { variable, watch } = watched(0);
  const seen: number[] = [];
  let release: () => void = () => {};
  watch.subscribe((value) => {
    seen.push(value);
    return new Promise((resolve) => {
      release = resolve;
    });
  });
  await turn();
  for (let value = 1; value <= 100; value += 1) variable.set(value);
  assert.deepEqual(seen, [0]);
  release();
  await turn();
  assert.deepEqual(seen, [0, 100]);
});

test('what a listener throws or rejects with is reported, and delivery goes on', async () => {
  const { variable, watch, reported } = watched(0);
  const seen: number[] = [];
  watch.subscribe((value) => {
    seen.push(value);
    throw new Error(`sync ${value}`);
  });
  watch.subscribe(async (value) => {
    throw new Error(`async ${value}`);
  });
  await turn();
  variable.set(1);
  await turn();
  assert.deepEqual(seen, [0, 1]);
  assert.deepEqual(reported.map((error) => (error as Error).message).sort(), [
    'async 0',
    'async 1',
    'sync 0',
    'sync 1',
  ]);
});

test('a subscription ends silently with the client', async () => {
  const { variable, watch, reported } = watched(0);
  const seen: number[] = [];
  watch.subscribe((value) => void seen.push(value));
  await turn();
  variable.end(closed);
  variable.set(1);
  assert.deepEqual(seen, [0]);
  assert.deepEqual(reported, []);
  assert.equal(variable.cursors.size, 0);
});

test('a state that is refused is reported to subscribers, which go on with the next', async () => {
  const { variable, watch, reported } = watched<number | Error>(0);
  const seen: unknown[] = [];
  watch.subscribe((value) => void seen.push(value));
  await turn();
  const refusal = QuorateError.make('INVALID_DATA');
  variable.set(refusal);
  variable.set(2);
  assert.deepEqual(reported, [refusal]);
  assert.deepEqual(seen, [0, 2]);
});

test('until gives the first state that passes; falling short of one rejects', async () => {
  const { variable, watch } = watched(0);
  const five = watch.until((value) => value >= 5);
  for (let value = 1; value <= 6; value += 1) variable.set(value);
  assert.equal(await five, 5);

  const ended = watch.until((value) => value > 10);
  variable.end(closed);
  await assert.rejects(ended, closed);

  await assert.rejects(
    watch.until(() => false, { timeout: 1 }),
    (error) => QuorateError.is(error, 'TIMED_OUT'),
  );
  const controller = new AbortController();
  const aborted = watch.until(() => false, { signal: controller.signal });
  controller.abort('why');
  await assert.rejects(aborted, { name: 'AbortError', cause: 'why' });
  await assert.rejects(
    watch.until(() => false, { signal: controller.signal }),
    { name: 'AbortError' },
  );
  const failure = new Error('test');
  const throwing = watch.until(() => {
    throw failure;
  });
  await assert.rejects(throwing, failure);
  assert.equal(variable.cursors.size, 0, 'every one of them has left');
});

test('for await conflates while its body is at work, and throws when ended from outside', async () => {
  const { variable, watch } = watched(0);
  const seen: number[] = [];
  const loop = (async () => {
    for await (const value of watch) {
      seen.push(value);
      if (value === 0) {
        variable.set(1);
        variable.set(2);
      } else variable.end(closed);
    }
  })();
  await assert.rejects(loop, closed);
  assert.deepEqual(seen, [0, 2]);
  assert.equal(variable.cursors.size, 0);
});

test('several calls of next() are answered in their order', async () => {
  const { variable, watch } = watched(0);
  const iterator = watch[Symbol.asyncIterator]();
  const results = [iterator.next(), iterator.next(), iterator.next()];
  variable.set(1);
  await iterator.return?.();
  assert.deepEqual(await Promise.all(results), [
    { value: 0, done: false },
    { value: 1, done: false },
    { value: undefined, done: true },
  ]);
  assert.equal((await iterator.next()).done, true);
});

test('the signal of a watch ends every consumer with ABORTED', async () => {
  const controller = new AbortController();
  const { variable, watch } = watched(0, controller.signal);
  const pending = watch.until((value) => value > 0);
  const live = await watch.live();
  controller.abort();
  await assert.rejects(pending, { name: 'AbortError' });
  assert.equal(live.error?.code, 'ABORTED');
  await assert.rejects(
    watch.until(() => true),
    { name: 'AbortError' },
    'also one that comes later',
  );
  assert.equal(variable.cursors.size, 0);
});

test('a live value is the newest good one, and a feed of its own', async () => {
  const { variable, watch, reported } = watched<number | Error>(1);
  const live = await watch.live();
  assert.equal(live.value, 1);
  assert.equal(live.zxid, 1n);
  variable.set(2);
  assert.deepEqual([live.value, live.zxid, live.error], [2, 2n, undefined]);
  const refusal = QuorateError.make('INVALID_DATA');
  variable.set(refusal);
  assert.deepEqual([live.value, live.error], [2, refusal]);
  assert.deepEqual(reported, [refusal]);
  const four = live.until((value) => value === 4);
  variable.set(4);
  assert.equal(await four, 4);
  assert.equal(live.error, undefined);
  const last = live.until((value) => value === 5);
  await live.close();
  await assert.rejects(last, { code: 'CLOSED' });
  assert.equal(variable.cursors.size, 0);
  assert.equal(live.value, 4, 'kept after the end');
});
