import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ExpiryQueue } from '../../lib/session/expiry-queue.ts';
import { TouchRounds } from '../../lib/session/touch-rounds.ts';
import { Touches } from '../../lib/session/touches.ts';

const TIMEOUT = 6_000;
const CADENCE = 250;

/** A host with one session, created by a request sent at 0 and applied at 0. */
function newHost(): Touches {
  const host = new Touches(CADENCE);
  host.add(1n, TIMEOUT, 0, 0);
  return host;
}

describe('validity of a session, as its host sees it', () => {
  it('lasts two thirds of the time-out from its birth; then it is suspect, then expired', () => {
    const host = newHost();
    for (const [now, validity] of [
      [0, 'valid'],
      [3_999, 'valid'],
      [4_000, 'suspect'],
      [5_999, 'suspect'],
      [6_000, 'expired'],
    ] as const)
      assert.equal(host.validity(1n, now), validity, String(now));
    assert.equal(host.validity(2n, 0), undefined);
  });

  it('is prolonged from the time a touch was sent, not from its answer', () => {
    const host = newHost();
    const touch = host.due(1_000);
    assert.deepEqual(touch, { id: 1, sessions: [1n] });
    host.acknowledged(1, []);
    assert.equal(host.validity(1n, 4_999), 'valid');
    assert.equal(host.validity(1n, 5_000), 'suspect');
    assert.equal(host.validity(1n, 7_000), 'expired');
  });

  it('is not prolonged by a touch that was refused, not sent, or answered before', () => {
    const host = newHost();
    host.due(1_000);
    host.acknowledged(1, [1n]);
    host.acknowledged(1, []);
    host.acknowledged(7, []);
    assert.equal(host.validity(1n, 4_000), 'suspect');
  });

  it('is never shortened by an older acknowledgement that comes late', () => {
    const host = newHost();
    host.due(1_000);
    host.due(2_000);
    host.acknowledged(2, []);
    host.acknowledged(1, []);
    assert.equal(host.validity(1n, 5_999), 'valid');
  });

  it('is not prolonged by what the former leader answers', () => {
    const host = newHost();
    host.due(1_000);
    host.unlinked();
    host.acknowledged(1, []);
    assert.equal(host.validity(1n, 4_000), 'suspect');
    assert.deepEqual(host.due(1_001)?.id, 2, 'the new leader is told at once');
  });

  it('ends for good: no touch brings an expired session back, and none is sent for it', () => {
    const host = newHost();
    host.due(5_900);
    assert.deepEqual(host.judge(6_000), [{ session: 1n, validity: 'expired' }]);
    host.acknowledged(1, []);
    assert.equal(host.validity(1n, 6_001), 'expired');
    assert.deepEqual(host.judge(6_001), []);
    assert.equal(host.due(6_250), undefined);
    host.remove(1n);
    assert.equal(host.deadline(), Number.POSITIVE_INFINITY);
  });

  it('starts as suspect when the birth took long, with one time-out to be heard of', () => {
    const host = new Touches(CADENCE);
    assert.equal(host.add(1n, TIMEOUT, 0, 10_000), 'suspect');
    assert.equal(host.validity(1n, 15_999), 'suspect');
    assert.equal(host.validity(1n, 16_000), 'expired');
    assert.ok(host.deadline() <= 10_000, 'it is touched at once');
    host.due(10_000);
    host.acknowledged(1, []);
    assert.deepEqual(host.judge(10_001), [{ session: 1n, validity: 'valid' }]);
  });

  it('asserts what would be a bug of its owner', () => {
    assert.throws(() => new Touches(0), /cadence/);
    const host = newHost();
    assert.throws(() => host.add(1n, TIMEOUT, 0, 0), /once/);
    assert.throws(() => host.add(2n, TIMEOUT, 1, 0), /asked for/);
    assert.throws(() => host.stalled(-1), /stall/);
  });
});

describe('changes of validity', () => {
  it('are told once each, at the time that the deadline names', () => {
    const host = newHost();
    host.setAlive(1n, false);
    const seen: string[] = [];
    for (let now = 0; now <= 7_000; now += 1) {
      host.due(now);
      for (const { validity } of host.judge(now)) seen.push(`${now} ${validity}`);
      assert.ok(host.deadline() > now || now < 1);
    }
    assert.deepEqual(seen, ['4000 suspect', '6000 expired']);
  });

  it('are told of a session that comes back', () => {
    const host = newHost();
    host.due(3_000);
    assert.deepEqual(host.judge(4_500), [{ session: 1n, validity: 'suspect' }]);
    host.acknowledged(1, []);
    assert.ok(host.deadline() <= 4_500);
    assert.deepEqual(host.judge(4_600), [{ session: 1n, validity: 'valid' }]);
    assert.deepEqual(host.judge(4_601), []);
  });
});

describe('touches', () => {
  it('go out at the cadence, or three times in the shortest time-out', () => {
    const host = newHost();
    assert.equal(host.due(0)?.id, 1);
    assert.equal(host.due(249), undefined);
    assert.equal(host.deadline(), 250);
    assert.equal(host.due(250)?.id, 2);
    host.add(2n, 300, 250, 250);
    assert.equal(host.due(349), undefined);
    assert.deepEqual(host.due(350), { id: 3, sessions: [1n, 2n] });
  });

  it('name the sessions whose holder lives', () => {
    const host = newHost();
    host.add(2n, TIMEOUT, 0, 0);
    host.setAlive(1n, false);
    host.setAlive(9n, false);
    assert.deepEqual(host.due(0)?.sessions, [2n]);
    host.setAlive(2n, false);
    assert.equal(host.due(250), undefined);
    assert.equal(host.deadline(), 500, 'no turn is asked for in vain');
    host.setAlive(1n, true);
    assert.deepEqual(host.due(500)?.sessions, [1n]);
  });

  it('without an answer are forgotten but for the last 64', () => {
    const host = newHost();
    for (let id = 1; id <= 65; id += 1) host.due(id * 50 + (id - 1) * 200);
    host.acknowledged(1, []);
    assert.equal(host.validity(1n, 4_000), 'suspect');
    host.acknowledged(2, []);
    assert.equal(host.validity(1n, 4_000), 'valid');
  });

  it('of a session that ended meanwhile are acknowledged in vain', () => {
    const host = newHost();
    host.due(0);
    host.remove(1n);
    host.acknowledged(1, []);
    assert.equal(host.validity(1n, 0), undefined);
  });
});

describe('a process that slept or was stalled', () => {
  it('doubts all its sessions until a touch sent after that is acknowledged', () => {
    const host = newHost();
    host.due(1_000);
    host.doubt();
    assert.deepEqual(host.judge(1_001), [{ session: 1n, validity: 'suspect' }]);
    host.acknowledged(1, []);
    assert.equal(host.validity(1n, 1_002), 'suspect', 'that one was sent before');
    assert.equal(host.due(1_002)?.id, 2, 'one is sent at once');
    host.acknowledged(2, []);
    assert.deepEqual(host.judge(1_003), [{ session: 1n, validity: 'valid' }]);
  });

  it('gives no session up for the time in which it could hear nothing, but does not trust it either', () => {
    const host = newHost();
    host.stalled(10_000);
    assert.equal(host.validity(1n, 10_000), 'suspect');
    assert.equal(host.validity(1n, 15_999), 'suspect');
    assert.equal(host.validity(1n, 16_000), 'expired');
  });
});

describe('the leader', () => {
  const everybody = (): boolean => true;

  function newLeader(): { expiry: ExpiryQueue; rounds: TouchRounds<string> } {
    const expiry = new ExpiryQueue(100);
    for (const session of [1n, 2n, 3n]) expiry.track(session, TIMEOUT, 0);
    return { expiry, rounds: new TouchRounds<string>(expiry) };
  }

  it('acknowledges a touch only by a round that began after it was received', () => {
    const { rounds } = newLeader();
    rounds.begin(1);
    assert.equal(rounds.waiting, false);
    rounds.received('f', { id: 7, sessions: [1n] }, 10, everybody);
    assert.equal(rounds.waiting, true);
    rounds.begin(2);
    assert.equal(rounds.waiting, false);
    assert.deepEqual(rounds.confirmed(1), []);
    rounds.received('g', { id: 8, sessions: [2n] }, 20, everybody);
    assert.deepEqual(rounds.confirmed(2), [{ source: 'f', id: 7, refused: [] }]);
    assert.deepEqual(rounds.confirmed(2), []);
  });

  it('takes a later round for the earlier ones', () => {
    const { rounds } = newLeader();
    rounds.received('f', { id: 1, sessions: [1n] }, 10, everybody);
    rounds.begin(1);
    rounds.received('f', { id: 2, sessions: [1n] }, 20, everybody);
    rounds.begin(2);
    assert.deepEqual(
      rounds.confirmed(2).map(({ id }) => id),
      [1, 2],
    );
    assert.deepEqual(rounds.confirmed(1), []);
  });

  it('moves the deadline when it receives the touch', () => {
    const { expiry, rounds } = newLeader();
    rounds.received('f', { id: 1, sessions: [1n] }, 5_000, everybody);
    assert.deepEqual(expiry.expire(6_000), [2n, 3n]);
    assert.deepEqual(expiry.expire(10_999), []);
  });

  it('refuses sessions that are unknown, closing, or of another host', () => {
    const { expiry, rounds } = newLeader();
    expiry.close(2n);
    rounds.received('f', { id: 1, sessions: [1n, 2n, 3n, 4n] }, 10, (session) => session !== 3n);
    rounds.begin(1);
    assert.deepEqual(rounds.confirmed(1), [{ source: 'f', id: 1, refused: [2n, 3n, 4n] }]);
    assert.equal(expiry.deadline(), TIMEOUT, 'nobody keeps the session of another alive');
  });

  it('refuses a session whose close was proposed while the round ran', () => {
    const { expiry, rounds } = newLeader();
    rounds.received('f', { id: 1, sessions: [1n, 2n] }, 10, everybody);
    rounds.begin(1);
    expiry.close(2n);
    assert.deepEqual(rounds.confirmed(1), [{ source: 'f', id: 1, refused: [2n] }]);
  });

  it('does not answer who has gone, nor anybody when it leads no more', () => {
    const { rounds } = newLeader();
    rounds.received('f', { id: 1, sessions: [1n] }, 10, everybody);
    rounds.received('g', { id: 1, sessions: [2n] }, 10, everybody);
    rounds.begin(1);
    rounds.received('f', { id: 2, sessions: [1n] }, 10, everybody);
    rounds.forget('f');
    assert.equal(rounds.waiting, false);
    assert.deepEqual(rounds.confirmed(1), [{ source: 'g', id: 1, refused: [] }]);
    rounds.received('g', { id: 2, sessions: [2n] }, 10, everybody);
    rounds.begin(2);
    rounds.received('g', { id: 3, sessions: [2n] }, 10, everybody);
    rounds.reset();
    assert.equal(rounds.waiting, false);
    assert.deepEqual(rounds.confirmed(2), []);
  });

  it('begins rounds in the order of their tokens', () => {
    const { rounds } = newLeader();
    rounds.begin(2);
    assert.throws(() => rounds.begin(2), /order of their tokens/);
  });
});

/**
 * S20 and S21 over leaders that come and go. Each leader has its own clock queue; a deposed one goes on
 * receiving, but its rounds complete no more once the next is established.
 */
describe('a host and its leaders', () => {
  const message = fc.record({ delay: fc.nat(2_000), lost: fc.boolean() });
  const schedule = fc.record({
    wires: fc.array(message, { minLength: 8, maxLength: 8 }),
    reigns: fc.array(fc.integer({ min: 300, max: 9_000 }), { minLength: 1, maxLength: 4 }),
    gap: fc.nat(1_500),
    stalls: fc.array(fc.record({ from: fc.nat(20_000), ms: fc.integer({ min: 1, max: 8_000 }) }), {
      maxLength: 2,
    }),
  });
  const STEP = 50;
  const END = 30_000;

  it('agree: no session is closed while its host calls it valid, and none while it was heard', () => {
    fc.assert(
      fc.property(schedule, ({ wires, reigns, gap, stalls }) => {
        const host = newHost();
        let expiry = new ExpiryQueue(100);
        expiry.track(1n, TIMEOUT, 0);
        let rounds = new TouchRounds<number>(expiry);
        let established = 0;
        let reign = 0;
        let end = reigns[0] ?? END;
        let token = 0;
        let heard = 0;
        let sent = 0;
        const due: { at: number; run: () => void }[] = [];
        for (let now = 0; now < END; now += STEP) {
          for (const event of due.filter((one) => one.at <= now)) event.run();
          due.splice(0, due.length, ...due.filter((one) => one.at > now));
          if (now === end - (end % STEP)) {
            // Deposed: what was asked of it is never confirmed. The next has its own clock, in full.
            rounds.reset();
            host.unlinked();
            reign += 1;
            established = now + gap;
            end = established + (reigns[reign] ?? END);
            expiry = new ExpiryQueue(100);
            expiry.restart([{ session: 1n, timeout: TIMEOUT }], established);
            rounds = new TouchRounds<number>(expiry);
          }
          const stalled = stalls.some(({ from, ms }) => now >= from && now < from + ms);
          const touch = stalled || now < established ? undefined : host.due(now);
          const wire = wires[sent % wires.length];
          if (touch !== undefined && wire !== undefined) {
            sent += 1;
            const to = rounds;
            if (!wire.lost) {
              const arrival = now + wire.delay;
              due.push({
                at: arrival,
                run: () => {
                  if (to !== rounds) return;
                  heard = arrival;
                  to.received(0, touch, arrival, () => true);
                  token += 1;
                  const round = token;
                  to.begin(round);
                  due.push({
                    at: arrival + wire.delay,
                    run: () => {
                      for (const { id, refused } of to.confirmed(round))
                        host.acknowledged(id, refused);
                    },
                  });
                },
              });
            }
          }
          if (now < established) continue;
          if (expiry.expire(now).length === 0) continue;
          assert.notEqual(host.validity(1n, now), 'valid', 'S21');
          assert.ok(now - established >= TIMEOUT && now - heard >= TIMEOUT - STEP, 'S20');
          return;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
