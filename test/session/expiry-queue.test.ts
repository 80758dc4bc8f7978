import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ExpiryQueue } from '../../lib/session/expiry-queue.ts';

const INTERVAL = 100;

describe('expiry', () => {
  it('comes in the first bucket after the whole time-out, never before', () => {
    const queue = new ExpiryQueue(INTERVAL);
    queue.track(1n, 1_000, 50);
    assert.equal(queue.deadline(), 1_100);
    assert.deepEqual(queue.expire(1_099), []);
    assert.deepEqual(queue.expire(1_100), [1n]);
  });

  it('may come exactly at the time-out where that is the end of a bucket', () => {
    const queue = new ExpiryQueue(INTERVAL);
    queue.track(1n, 1_000, 0);
    assert.deepEqual(queue.expire(1_000), [1n]);
  });

  it('is put off by each touch, and never brought forward', () => {
    const queue = new ExpiryQueue(INTERVAL);
    queue.track(1n, 1_000, 0);
    assert.equal(queue.touch(1n, 901), true);
    assert.equal(queue.touch(1n, 500), true);
    assert.equal(queue.deadline(), 2_000);
    assert.deepEqual(queue.expire(1_999), []);
    assert.deepEqual(queue.expire(5_000), [1n]);
  });

  it('takes several buckets at once, the earliest first', () => {
    const queue = new ExpiryQueue(INTERVAL);
    queue.track(1n, 900, 0);
    queue.track(2n, 300, 0);
    queue.track(3n, 600, 0);
    queue.track(4n, 300, 0);
    assert.deepEqual(queue.expire(600), [2n, 4n, 3n]);
    assert.equal(queue.deadline(), 900);
  });

  it('has no deadline when there is nobody to expire', () => {
    const queue = new ExpiryQueue(INTERVAL);
    assert.equal(queue.deadline(), Number.POSITIVE_INFINITY);
    queue.track(1n, 1_000, 0);
    queue.untrack(1n);
    queue.untrack(1n);
    assert.equal(queue.deadline(), Number.POSITIVE_INFINITY);
    assert.deepEqual(queue.expire(Number.MAX_SAFE_INTEGER), []);
  });

  it('asserts what would be a bug of its owner', () => {
    assert.throws(() => new ExpiryQueue(0), /interval/);
    assert.throws(() => new ExpiryQueue(0.5), /interval/);
    const queue = new ExpiryQueue(INTERVAL);
    queue.track(1n, 1_000, 0);
    assert.throws(() => queue.track(1n, 1_000, 0), /created once/);
    assert.throws(() => queue.extend(-1), /stall/);
  });
});

describe('a session that is closing', () => {
  for (const how of ['expired', 'closed'] as const) {
    it(`stays so until its close applies (${how})`, () => {
      const queue = new ExpiryQueue(INTERVAL);
      queue.track(1n, 1_000, 0);
      assert.equal(queue.isOpen(1n), true);
      if (how === 'expired') queue.expire(1_000);
      else assert.equal(queue.close(1n), true);
      assert.equal(queue.isOpen(1n), false);
      assert.equal(queue.isClosing(1n), true);
      assert.equal(queue.touch(1n, 1_001), false, 'a touch is not acknowledged');
      assert.equal(queue.close(1n), false, 'it is closed once');
      assert.deepEqual(queue.expire(9_999), [], 'it is expired once');
      assert.equal(queue.size, 1);
      queue.untrack(1n);
      assert.equal(queue.isClosing(1n), false);
      assert.equal(queue.touch(1n, 1_002), false);
      assert.equal(queue.size, 0);
    });
  }

  it('that is unknown can not be closed', () => {
    assert.equal(new ExpiryQueue(INTERVAL).close(1n), false);
  });
});

describe('a new leader', () => {
  it('gives every session of the table its whole time-out, whatever it knew before', () => {
    const queue = new ExpiryQueue(INTERVAL);
    queue.track(1n, 1_000, 0);
    queue.track(2n, 1_000, 0);
    queue.close(1n);
    queue.restart(
      [
        { session: 1n, timeout: 1_000 },
        { session: 3n, timeout: 500 },
      ],
      5_000,
    );
    assert.equal(queue.isOpen(1n), true, 'its close was not committed');
    assert.equal(queue.isOpen(2n), false, 'it is in no table any more');
    assert.deepEqual(queue.expire(5_499), []);
    assert.deepEqual(queue.expire(5_999), [3n]);
    assert.deepEqual(queue.expire(6_000), [1n]);
  });
});

describe('a stall', () => {
  it('is given back to all that are open', () => {
    const queue = new ExpiryQueue(INTERVAL);
    queue.track(1n, 1_000, 0);
    queue.track(2n, 1_000, 0);
    queue.close(2n);
    queue.extend(2_950);
    assert.deepEqual(queue.expire(3_999), []);
    assert.deepEqual(queue.expire(4_000), [1n]);
    assert.equal(queue.touch(2n, 4_000), false);
  });
});

/** Every session with its exact deadline, looked at one by one. */
class NaiveExpiry {
  readonly sessions = new Map<bigint, { timeout: number; due: number; closing: boolean }>();
}

describe('an expiry queue', () => {
  const session = fc.bigInt({ min: 1n, max: 6n });
  const step = fc.oneof(
    fc.record({
      do: fc.constant('track' as const),
      session,
      timeout: fc.integer({ min: 1, max: 2_000 }),
    }),
    fc.record({ do: fc.constantFrom('untrack' as const, 'close' as const), session }),
    { weight: 3, arbitrary: fc.record({ do: fc.constant('touch' as const), session }) },
    fc.record({ do: fc.constant('extend' as const), ms: fc.integer({ min: 0, max: 1_000 }) }),
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.integer({ min: 0, max: 700 }),
      }),
    },
  );

  it('expires whom a naive one does, at most two intervals later and never earlier', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new ExpiryQueue(INTERVAL);
        const naive = new NaiveExpiry();
        let stalls = 0;
        let now = 0;
        for (const one of steps) {
          if (one.do === 'wait') {
            now += one.ms;
            const expired = new Set(queue.expire(now));
            for (const [id, known] of naive.sessions) {
              if (known.closing) continue;
              if (expired.has(id)) assert.ok(known.due <= now, 'not before its time');
              else
                assert.ok(
                  now < known.due + (stalls + 1) * INTERVAL,
                  'an interval late for each rounding',
                );
              known.closing = expired.has(id);
            }
            assert.ok(queue.deadline() > now);
          } else if (one.do === 'extend') {
            stalls += 1;
            queue.extend(one.ms);
            for (const known of naive.sessions.values()) known.due += one.ms;
          } else {
            const known = naive.sessions.get(one.session);
            const open = known?.closing === false;
            if (one.do === 'track' && known === undefined) {
              queue.track(one.session, one.timeout, now);
              naive.sessions.set(one.session, {
                timeout: one.timeout,
                due: now + one.timeout,
                closing: false,
              });
            } else if (one.do === 'untrack') {
              queue.untrack(one.session);
              naive.sessions.delete(one.session);
            } else if (one.do === 'close') {
              assert.equal(queue.close(one.session), open);
              if (known !== undefined) known.closing = true;
            } else if (one.do === 'touch') {
              assert.equal(queue.touch(one.session, now), open);
              if (known !== undefined && open) known.due = Math.max(known.due, now + known.timeout);
            }
          }
          assert.equal(queue.size, naive.sessions.size);
        }
      }),
      { numRuns: 500 },
    );
  });
});
