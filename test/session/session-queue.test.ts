import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import type { SessionQueueOptions } from '../../lib/session/session-line.ts';
import { SessionQueue } from '../../lib/session/session-queue.ts';

function at(counter: number): Zxid {
  return makeZxid(1, counter);
}

function newQueue(
  options: Partial<SessionQueueOptions<string>> = {},
): SessionQueue<string, string> {
  return new SessionQueue<string, string>({ pendingMax: 100, ...options });
}

/** What leaves for the leader now: `number operation`. */
function taken(queue: SessionQueue<string, string>): string[] {
  return queue.take().map(({ cxid, operation }) => `${cxid} ${operation}`);
}

it('what is under way weighs no more than it may, but one write alone always leaves', () => {
  const queue = newQueue({ weightOf: (operation) => operation.length, weightMax: 5 });
  queue.write(1, 'aaa');
  queue.write(2, 'bbb');
  queue.write(3, 'heavier than allowed');
  assert.deepEqual(taken(queue), ['1 aaa']);
  queue.decide(1, at(1));
  assert.deepEqual(taken(queue), ['2 bbb']);
  queue.decide(2, at(2));
  assert.deepEqual(taken(queue), ['3 heavier than allowed']);
});

it('writes have no more bytes than they may, but one alone always waits', () => {
  const queue = newQueue({ bytesOf: (operation) => operation.length, bytesMax: 5 });
  assert.equal(queue.write(1, 'larger than allowed'), true);
  assert.equal(queue.write(2, 'a'), false);
  queue.abandon(1);
  assert.equal(queue.write(3, 'abc'), true);
  assert.equal(queue.write(4, 'abc'), false);
  assert.equal(queue.write(5, 'ab'), true);
  assert.equal(queue.pendingBytes, 5);
});

it('gives writes in portions, and those that are sent again too', () => {
  const queue = newQueue({ bytesOf: (operation) => operation.length });
  for (let ticket = 1; ticket <= 4; ticket += 1) queue.write(ticket, 'abc');
  const portion = (): number[] => queue.take(4).map(({ cxid }) => cxid);
  assert.deepEqual([portion(), queue.bytesUnderWay], [[1, 2], 6]);
  queue.resend(2);
  assert.deepEqual([queue.underWay, queue.bytesUnderWay], [1, 3]);
  assert.deepEqual([portion(), queue.bytesUnderWay], [[2, 3], 9]);
  queue.decide(1, at(1));
  queue.resend();
  assert.deepEqual([queue.underWay, queue.bytesUnderWay], [0, 0]);
  queue.decide(2, at(2));
  assert.deepEqual([portion(), queue.bytesUnderWay], [[3, 4], 6]);
});

describe('the order of a session', () => {
  it('lets a read run at once when no write is ahead of it', () => {
    const queue = newQueue();
    assert.equal(queue.read(1, 'get'), 'now');
    assert.equal(queue.idle, true);
    assert.equal(queue.pendingReads, 0);
  });

  it('holds a read back until the writes before it are decided, and no others', () => {
    const queue = newQueue();
    queue.write(1, 'set a');
    assert.equal(queue.read(2, 'get a'), 'later');
    assert.equal(queue.read(3, 'get b'), 'later');
    queue.write(4, 'set b');
    assert.equal(queue.read(5, 'get c'), 'later');
    assert.deepEqual(taken(queue), ['1 set a', '2 set b'], 'writes do not wait for reads');
    assert.deepEqual(queue.decide(1, at(7)), {
      write: { ticket: 1, cxid: 1, operation: 'set a', abandoned: false },
      reads: [
        { ticket: 2, operation: 'get a' },
        { ticket: 3, operation: 'get b' },
      ],
    });
    assert.deepEqual(
      [queue.resolved, queue.lastCxid, queue.pendingWrites, queue.pendingReads],
      [1, 2, 1, 1],
    );
    assert.deepEqual(queue.decide(2, at(9)).reads, [{ ticket: 5, operation: 'get c' }]);
    assert.equal(queue.lastZxid, at(9));
    assert.equal(queue.idle, true);
  });

  it('numbers writes 1, 2, 3 as they leave, whenever that is', () => {
    const queue = newQueue();
    assert.deepEqual(taken(queue), []);
    queue.write(1, 'a');
    assert.equal(queue.lastCxid, 0);
    assert.deepEqual(taken(queue), ['1 a']);
    assert.deepEqual(taken(queue), [], 'each is sent once');
    queue.write(2, 'b');
    queue.write(3, 'c');
    assert.deepEqual(taken(queue), ['2 b', '3 c']);
  });

  it('goes on with the numbers of a session that was taken over', () => {
    const queue = newQueue({ lastCxid: 41 });
    queue.write(1, 'a');
    assert.deepEqual(taken(queue), ['42 a']);
    assert.equal(queue.resolved, 41);
  });

  it('never lets a session go back in time', () => {
    const queue = newQueue();
    queue.told(at(5));
    queue.told(at(5));
    assert.throws(() => queue.told(at(4)), /back in time/);
    queue.write(1, 'a');
    queue.take();
    assert.throws(() => queue.decide(1, at(3)), /back in time/);
  });

  it('asserts that writes are decided in the order of their numbers, each once', () => {
    const queue = newQueue();
    queue.write(1, 'a');
    queue.write(2, 'b');
    queue.take();
    assert.throws(() => queue.decide(2, at(1)), /order of their numbers/);
    assert.throws(() => newQueue().decide(1, at(1)), /in flight/);
    const other = newQueue();
    other.write(1, 'a');
    assert.throws(() => other.decide(1, at(1)), /in flight/, 'it never left');
  });

  it('asserts that tickets rise and that there is room', () => {
    const queue = newQueue();
    queue.read(5, 'a');
    assert.throws(() => queue.read(5, 'b'), /tickets rise/);
    assert.throws(() => newQueue({ pendingMax: 0 }), /room/);
    assert.throws(() => newQueue({ inFlightMax: 0 }), /room/);
  });
});

describe('barriers', () => {
  it('hold back everything behind them, writes too, until they are lifted', () => {
    const queue = newQueue();
    assert.equal(queue.barrier(1, 'linearizable get'), true);
    queue.write(2, 'set');
    queue.read(3, 'get');
    assert.deepEqual(taken(queue), []);
    assert.deepEqual(queue.lift(1), [{ ticket: 1, operation: 'linearizable get' }]);
    assert.deepEqual(taken(queue), ['1 set']);
    assert.deepEqual(queue.decide(1, at(1)).reads, [{ ticket: 3, operation: 'get' }]);
  });

  it('run behind the writes before them, also if they are lifted early', () => {
    const queue = newQueue();
    queue.write(1, 'set');
    queue.barrier(2, 'sync');
    queue.write(3, 'set again');
    assert.deepEqual(taken(queue), ['1 set']);
    assert.deepEqual(queue.lift(2), []);
    assert.deepEqual(taken(queue), ['2 set again'], 'nothing but the order holds them now');
    assert.deepEqual(queue.decide(1, at(1)).reads, [{ ticket: 2, operation: 'sync' }]);
  });

  it('wait for each other in order', () => {
    const queue = newQueue();
    queue.barrier(1, 'first');
    queue.barrier(2, 'second');
    queue.write(3, 'set');
    assert.deepEqual(queue.lift(2), []);
    assert.deepEqual(taken(queue), []);
    assert.deepEqual(
      queue.lift(1).map(({ operation }) => operation),
      ['first', 'second'],
    );
    assert.deepEqual(taken(queue), ['1 set']);
  });

  it('that were given up hold nothing back, and are lifted in vain', () => {
    const queue = newQueue();
    queue.barrier(1, 'sync');
    queue.write(2, 'set');
    assert.deepEqual(queue.abandon(1), { type: 'withdrawn', reads: [] });
    assert.deepEqual(taken(queue), ['1 set']);
    assert.deepEqual(queue.lift(1), []);
  });

  it('are not writes', () => {
    const queue = newQueue();
    queue.write(1, 'set');
    assert.throws(() => queue.lift(1), /barrier/);
  });
});

describe('bounds', () => {
  it('refuse a write before it has a number, and take the next when there is room', () => {
    const queue = newQueue({ pendingMax: 2 });
    assert.equal(queue.write(1, 'a'), true);
    assert.equal(queue.write(2, 'b'), true);
    assert.equal(queue.write(3, 'c'), false);
    assert.deepEqual(taken(queue), ['1 a', '2 b']);
    queue.decide(1, at(1));
    assert.equal(queue.write(4, 'd'), true);
    assert.deepEqual(taken(queue), ['3 d'], 'no number is missing');
  });

  it('let only so many be under way, however many wait', () => {
    const queue = newQueue({ inFlightMax: 2 });
    for (const [index, operation] of ['a', 'b', 'c'].entries()) queue.write(index, operation);
    assert.deepEqual(taken(queue), ['1 a', '2 b']);
    assert.deepEqual(taken(queue), []);
    queue.decide(1, at(1));
    assert.deepEqual(taken(queue), ['3 c']);
  });

  it('refuse reads and barriers beyond theirs', () => {
    const queue = newQueue({ readsMax: 1 });
    queue.write(1, 'a');
    assert.equal(queue.read(2, 'get'), 'later');
    assert.equal(queue.read(3, 'get'), 'overloaded');
    assert.equal(queue.barrier(4, 'sync'), false);
    queue.abandon(2);
    assert.equal(queue.barrier(5, 'sync'), true);
  });
});

describe('another leader', () => {
  it('gets all that is undecided again, in order, under the same numbers', () => {
    const queue = newQueue();
    for (const [index, operation] of ['a', 'b', 'c'].entries()) queue.write(index, operation);
    taken(queue);
    queue.write(3, 'd');
    queue.decide(1, at(1));
    queue.resend();
    assert.deepEqual(
      queue.inFlight().map(({ cxid }) => cxid),
      [2, 3],
    );
    assert.deepEqual(taken(queue), ['2 b', '3 c', '4 d']);
  });

  it('does not get again what was decided meanwhile', () => {
    const queue = newQueue();
    queue.write(0, 'a');
    queue.write(1, 'b');
    taken(queue);
    queue.resend();
    queue.decide(1, at(1));
    assert.deepEqual(taken(queue), ['2 b']);
  });

  it('may refuse a tail, which goes again from there; a late refusal asks for nothing decided', () => {
    const queue = newQueue();
    for (const [index, operation] of ['a', 'b', 'c'].entries()) queue.write(index, operation);
    taken(queue);
    queue.resend(2);
    assert.deepEqual(taken(queue), ['2 b', '3 c']);
    queue.resend(9);
    assert.deepEqual(taken(queue), []);
    queue.decide(1, at(1));
    queue.decide(2, at(2));
    queue.resend(1);
    assert.deepEqual(taken(queue), ['3 c']);
  });
});

describe('a caller that gives up', () => {
  it('withdraws a write that never left, and the reads behind it may run', () => {
    const queue = newQueue();
    queue.write(1, 'a');
    queue.read(2, 'get');
    assert.deepEqual(queue.abandon(1), {
      type: 'withdrawn',
      reads: [{ ticket: 2, operation: 'get' }],
    });
    queue.write(3, 'b');
    assert.deepEqual(taken(queue), ['1 b'], 'the number was not used up');
  });

  it('leaves a write under way in its place and with its number, and its fate is told', () => {
    const queue = newQueue();
    queue.write(1, 'a');
    queue.read(2, 'get');
    taken(queue);
    assert.deepEqual(queue.abandon(1), { type: 'under-way' });
    queue.resend();
    assert.deepEqual(taken(queue), ['1 a']);
    const { write, reads } = queue.decide(1, at(1));
    assert.equal(write.abandoned, true);
    assert.deepEqual(reads, [{ ticket: 2, operation: 'get' }]);
    assert.deepEqual(queue.abandon(1), { type: 'gone' });
  });

  it('drops a read from the middle without waking what is behind it', () => {
    const queue = newQueue();
    queue.write(1, 'a');
    queue.read(2, 'get');
    queue.read(3, 'get again');
    assert.deepEqual(queue.abandon(2), { type: 'withdrawn', reads: [] });
    taken(queue);
    assert.deepEqual(queue.decide(1, at(1)).reads, [{ ticket: 3, operation: 'get again' }]);
  });

  it('a thousand times over, while one write is stuck, leaves the order as it was', () => {
    const queue = newQueue();
    queue.write(0, 'stuck');
    taken(queue);
    for (let ticket = 1; ticket <= 1_000; ticket += 1) {
      if (ticket % 3 === 0) queue.write(ticket, 'set');
      else if (ticket % 3 === 1) queue.read(ticket, 'get');
      else queue.barrier(ticket, 'sync');
      if (ticket !== 500 && ticket !== 501) queue.abandon(ticket);
    }
    assert.deepEqual([queue.pendingWrites, queue.pendingReads], [2, 1]);
    assert.ok(queue.held <= 2 * 3 + 32, 'what was given up is not kept');
    queue.lift(500);
    assert.deepEqual(taken(queue), ['2 set']);
    assert.deepEqual(queue.decide(1, at(1)).reads, [{ ticket: 500, operation: 'sync' }]);
    queue.decide(2, at(2));
    assert.equal(queue.idle, true);
  });
});

describe('the end of a session', () => {
  it('hands out all that is left, told apart by what may have happened to it', () => {
    const queue = newQueue({ inFlightMax: 1 });
    queue.write(1, 'a');
    queue.read(2, 'get');
    queue.write(3, 'b');
    queue.write(4, 'c');
    queue.barrier(5, 'sync');
    taken(queue);
    queue.abandon(3);
    assert.deepEqual(queue.close(), {
      underWay: [{ ticket: 1, cxid: 1, operation: 'a', abandoned: false }],
      withdrawn: [{ ticket: 4, operation: 'c' }],
      reads: [
        { ticket: 2, operation: 'get' },
        { ticket: 5, operation: 'sync' },
      ],
    });
    assert.equal(queue.idle, true);
    assert.deepEqual(queue.abandon(1), { type: 'gone' });
    assert.deepEqual(taken(queue), []);
    assert.throws(() => queue.write(6, 'd'), /ended/);
    assert.deepEqual(queue.close(), { underWay: [], withdrawn: [], reads: [] });
  });
});

describe('any life of a session', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('write' as const, 'read' as const, 'barrier' as const) }),
    fc.record({ do: fc.constantFrom('lift' as const, 'abandon' as const), pick: fc.nat() }),
    fc.record({ do: fc.constantFrom('take' as const, 'decide' as const, 'lose' as const) }),
  );
  type Kind = 'write' | 'read' | 'barrier';
  interface Made {
    readonly kind: Kind;
    fate: 'waiting' | 'withdrawn' | 'done';
    lifted: boolean;
  }

  it('does everything once, in the order it was asked for, and as early as that order allows', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const queue = new SessionQueue<number, number>({
          pendingMax: 8,
          inFlightMax: 3,
          readsMax: 8,
        });
        const made = new Map<number, Made>();
        /** What the leader has, by number. */
        let proposed: { cxid: number; ticket: number }[] = [];
        let decided = 0;
        let counter = 0;
        const done = (ticket: number): void => {
          const item = made.get(ticket);
          assert.ok(item?.fate === 'waiting');
          for (const [earlier, other] of made)
            assert.ok(earlier >= ticket || other.fate !== 'waiting', 'in order');
          item.fate = 'done';
        };
        /** Nothing waits that could be done. */
        const checkEarly = (): void => {
          const first = [...made.values()].find(({ fate }) => fate === 'waiting');
          assert.ok(
            first === undefined ||
              first.kind === 'write' ||
              (first.kind === 'barrier' && !first.lifted),
          );
        };
        const take = (): void => {
          for (const { cxid, ticket } of queue.take()) {
            assert.equal(cxid, decided + proposed.length + 1, 'no number is missing or sent twice');
            proposed.push({ cxid, ticket });
          }
        };
        const decide = (): void => {
          const next = proposed.shift();
          if (next === undefined) return;
          counter += 1;
          const { write, reads } = queue.decide(next.cxid, at(counter));
          assert.equal(write.ticket, next.ticket, 'a number always means the same write');
          decided += 1;
          done(write.ticket);
          for (const read of reads) done(read.ticket);
        };
        let ticket = 0;
        const waiting = (pick: number, kinds: readonly Kind[]): number | undefined => {
          const all = [...made].filter(
            ([, item]) => item.fate === 'waiting' && kinds.includes(item.kind),
          );
          return all[pick % all.length]?.[0];
        };
        const lift = (which: number | undefined): void => {
          const item = made.get(which ?? 0);
          if (which === undefined || item === undefined) return;
          item.lifted = true;
          for (const read of queue.lift(which)) done(read.ticket);
        };
        for (const one of steps) {
          if (one.do === 'write' || one.do === 'read' || one.do === 'barrier') {
            ticket += 1;
            const nobody = ![...made.values()].some(({ fate }) => fate === 'waiting');
            const answer = queue[one.do](ticket, ticket);
            if (answer === true || answer === 'later')
              made.set(ticket, { kind: one.do, fate: 'waiting', lifted: false });
            if (one.do === 'read') assert.equal(answer === 'now', nobody);
          } else if (one.do === 'lift') lift(waiting(one.pick, ['barrier']));
          else if (one.do === 'abandon') {
            const which = waiting(one.pick, ['write', 'read', 'barrier']);
            const item = made.get(which ?? 0);
            if (which === undefined || item === undefined) continue;
            const known = queue.inFlight().some((write) => write.ticket === which);
            const abandonment = queue.abandon(which);
            assert.equal(abandonment.type, known ? 'under-way' : 'withdrawn');
            if (abandonment.type !== 'withdrawn') continue;
            item.fate = 'withdrawn';
            for (const read of abandonment.reads) done(read.ticket);
          } else if (one.do === 'take') take();
          else if (one.do === 'decide') decide();
          else {
            proposed = [];
            queue.resend();
          }
          checkEarly();
          assert.equal(queue.resolved, decided);
        }
        for (const [which, { kind, fate }] of made)
          if (kind === 'barrier' && fate === 'waiting') lift(which);
        proposed = [];
        queue.resend();
        for (take(); proposed.length > 0; take()) decide();
        assert.ok([...made.values()].every(({ fate }) => fate !== 'waiting'));
        assert.equal(queue.idle, true);
      }),
      { numRuns: 500 },
    );
  });
});
