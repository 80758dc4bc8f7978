import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checked, cronTicks, type NextTick, newestTick } from '../../lib/recipes/ticks.ts';

/** What the package for cron expressions looks like from here. */
class Cron {
  readonly #step: number;

  constructor(pattern: string, options: { readonly timezone: string }) {
    if (options.timezone !== 'Europe/Vienna') throw new TypeError('no time zone');
    this.#step = Number(pattern);
  }

  nextRun(after: Date): Date {
    return new Date((Math.floor(after.getTime() / this.#step) + 1) * this.#step);
  }
}

test('the newest tick is found, however many there were', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }), { maxLength: 30 }),
      fc.integer({ min: -1, max: 100_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      (times, last, now) => {
        const sorted = [...times].sort((a, b) => a - b);
        const next = (after: number) => sorted.find((time) => time > after);
        const expected = sorted.filter((time) => time > last && time <= now).at(-1);
        assert.equal(newestTick(next, last, now), expected);
      },
    ),
  );
  let calls = 0;
  const next = (after: number) => {
    calls += 1;
    return after + 1;
  };
  assert.equal(newestTick(next, 0, 10 ** 12), 10 ** 12);
  assert.ok(calls < 100, `${calls} calls`);
});

test('a cron expression is read by the package for it, if that is there', async () => {
  const next = await cronTicks('500', 'Europe/Vienna', () => Promise.resolve({ Cron }));
  assert.equal(next(700), 1_000);
  assert.equal(next(1_000), 1_500);
  const absent = () => Promise.reject(new Error('ERR_MODULE_NOT_FOUND'));
  await assert.rejects(cronTicks('500', 'UTC', absent), /needs the package croner/);
  await assert.rejects(
    cronTicks('500', 'UTC', () => Promise.resolve({})),
    /has no Cron/,
  );
  await assert.rejects(
    cronTicks('500', 'Mars', () => Promise.resolve({ Cron })),
    /no time zone/,
  );
});

test('nine in the morning is nine in the morning, in winter and in summer', async () => {
  const next = await cronTicks('0 9 * * *', 'Europe/Vienna');
  assert.equal(next(Date.parse('2026-03-28T12:00:00Z')), Date.parse('2026-03-29T07:00:00Z'));
  assert.equal(next(Date.parse('2026-03-28T07:59:59Z')), Date.parse('2026-03-28T08:00:00Z'));
  assert.equal(next(Date.parse('2026-03-28T08:00:00Z')), Date.parse('2026-03-29T07:00:00Z'));
  await assert.rejects(cronTicks('at nine', 'Europe/Vienna'), TypeError);
  await assert.rejects(cronTicks('0 9 * * *', 'Mars/Base'), TypeError);
});

test('what tells the next tick tells a later one, or none', () => {
  assert.equal(checked(() => null)(5), undefined);
  assert.equal(checked(() => undefined)(5), undefined);
  assert.equal(checked(() => new Date(6))(5), 6);
  assert.throws(() => checked(() => new Date(5))(5), RangeError);
  assert.throws(() => checked(() => new Date(Number.NaN))(5), RangeError);
  assert.throws(() => checked(() => 6 as never)(5), TypeError);
});

test('an asynchronous function tells no tick', async () => {
  const next: unknown = async () => {
    throw new Error('nobody waits for it');
  };
  assert.throws(() => checked(next as NextTick)(0), { name: 'TypeError', message: /synchronous/ });
  await new Promise((resolve) => setImmediate(resolve));
});
