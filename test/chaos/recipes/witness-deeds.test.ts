/** The witnesses of a counter, a queue, a barrier and a resource, against what is as it should be and against every kind of lie. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, Claim, Deed, GrantTold } from '../history.ts';
import { Sample, statAt } from '../samples.ts';
import { itemOf, placeOf } from './recipe-places.ts';
import { replay } from './replay.ts';
import { witnessBarrier } from './witness-barrier.ts';
import { witnessCounter } from './witness-counter.ts';
import { witnessQueue } from './witness-queue.ts';
import { witnessResource } from './witness-resource.ts';

let now = 0;

/** A step at the next moment. */
function step(deed: Deed['deed'], id: string, what: Deed['step'], value?: bigint): Deed {
  now += 1;
  const told = { deed, id, step: what, at: now };
  return value === undefined ? told : { ...told, value };
}

function added(id: string, delta: bigint, sum: bigint): Deed[] {
  return [step('add', id, 'asked', delta), step('add', id, 'done', sum)];
}

function put(id: string): Deed[] {
  return [step('put', id, 'asked'), step('put', id, 'done')];
}

function acked(id: string): Deed[] {
  return [step('ack', id, 'asked'), step('ack', id, 'done')];
}

/** The barrier, opened for so many, and closed again. */
function opened(arrivals: number): { readonly sample: Sample; readonly open: bigint } {
  const sample = new Sample();
  const path = placeOf('barrier');
  const create = (name: string): bigint =>
    sample.transaction((zxid) => {
      return { type: 'created', node: { path: name, data: '', stat: statAt(zxid) } };
    });
  create(path);
  const names = Array.from(
    { length: arrivals },
    (_, at) => `${path}/_c_${at}-arrival-000000000${at}`,
  );
  for (const name of names) create(name);
  const open = sample.transaction((zxid): Change[] => [
    { type: 'created', node: { path: `${path}/ready`, data: '', stat: statAt(zxid) } },
    ...names.map((name) => ({ type: 'deleted', path: name }) as const),
  ]);
  sample.transaction(() => ({ type: 'deleted', path: `${path}/ready` }));
  return { sample, open };
}

function passed(
  arrivals: number,
  from: (open: bigint) => bigint,
  to: (open: bigint) => bigint,
): string {
  const { sample, open } = opened(arrivals);
  const deeds = [step('pass', 'a', 'asked', from(open)), step('pass', 'a', 'done', to(open))];
  return witnessBarrier(deeds, replay([sample.feed()])).violations.join('\n');
}

function claim(id: string, holder: string, to: number): Claim {
  return { lock: itemOf(id), holder, from: 0, to };
}

const granted: GrantTold = {
  ...{ holder: 'h', contested: 'mutex', weight: 1, path: '/c/mutex/h', fence: 7n, zxid: 8n },
};

test('what is as it should be is no violation', () => {
  const unknown = step('add', 'x', 'asked', 2n);
  assert.deepEqual(witnessCounter([...added('a', 3n, 3n), unknown, ...added('b', 1n, 6n)], 6n), []);
  const lost = [step('ack', 'b', 'asked'), step('ack', 'b', 'not done')];
  const queue = [...put('a'), ...put('b'), ...acked('a'), ...lost];
  assert.deepEqual(witnessQueue(queue, [claim('a', 'h', 0)], ['b']), []);
  assert.equal(
    passed(
      3,
      (open) => open - 1n,
      (open) => open,
    ),
    '',
  );
  const accepted = new Map([['mutex', [7n, 7n]]]);
  const claims = [{ lock: 'mutex', holder: 'h', from: 1, to: 5 }];
  const refused = [{ contested: 'mutex', fence: 7n, at: 6 }];
  assert.deepEqual(witnessResource({ accepted, refused }, { grants: [granted], claims }), []);
});

test('who asked at once may be answered in any order', () => {
  const asked = [step('add', 'a', 'asked', 1n), step('add', 'b', 'asked', 1n)];
  const done = [step('add', 'a', 'done', 2n), step('add', 'b', 'done', 1n)];
  assert.deepEqual(witnessCounter([...asked, ...done], 2n), []);
});

describe('is seen', () => {
  const lies: Readonly<Record<string, readonly [RegExp, () => readonly string[]]>> = {
    'an addition that is not in the sum': [
      /is 3: 4 were counted/,
      () => witnessCounter([...added('a', 3n, 3n), ...added('b', 1n, 4n)], 3n),
    ],
    'an addition that counts twice': [
      /is 6: 3 were counted, and 3 may have been/,
      () => witnessCounter(added('a', 3n, 3n), 6n),
    ],
    'one that was told not to be counted, and was': [
      /is 3: 0 were counted, and 0 may/,
      () => witnessCounter([step('add', 'a', 'asked', 3n), step('add', 'a', 'not done')], 3n),
    ],
    'two that made the same sum': [
      /b made 1 to 3, and a had made 3|a made 0 to 3, and b had made 3/,
      () => witnessCounter([...added('a', 3n, 3n), ...added('b', 2n, 3n)], 5n),
    ],
    'a sum that goes back in time': [
      /b made 2, and was asked for after a/,
      () => witnessCounter([...added('a', 3n, 5n), ...added('b', 2n, 2n)], 5n),
    ],
    'an item that is lost': [/a was put, and is lost/, () => witnessQueue(put('a'), [], [])],
    'an item whose acknowledgement was refused, and that is gone': [
      /a was put, and is lost/,
      () => {
        const refused = [step('ack', 'a', 'asked'), step('ack', 'a', 'not done')];
        return witnessQueue([...put('a'), ...refused], [], []);
      },
    ],
    'an item that two have done': [
      /a was acknowledged 2 times/,
      () => witnessQueue([...put('a'), ...acked('a'), ...acked('a')], [], []),
    ],
    'an item that is there although it was done': [
      /a was acknowledged, and is there/,
      () => witnessQueue([...put('a'), ...acked('a')], [], ['a']),
    ],
    'an item that is there twice': [/there twice/, () => witnessQueue(put('a'), [], ['a', 'a'])],
    'an item that nobody put': [/nobody put it/, () => witnessQueue([], [], ['a'])],
    'an item that was refused, and is there': [
      /told not to be put/,
      () => {
        const refused = [step('put', 'a', 'asked'), step('put', 'a', 'not done')];
        return witnessQueue(refused, [], ['a']);
      },
    ],
    'somebody who has what is done': [
      /h had item a at/,
      () => {
        const deeds = [...put('a'), ...acked('a')];
        return witnessQueue(deeds, [claim('a', 'h', now + 1)], []);
      },
    ],
    'a barrier that opened for too few': [
      /opened it for 2/,
      () => [
        passed(
          2,
          (open) => open - 1n,
          (open) => open,
        ),
      ],
    ],
    'somebody who passed before it was open': [
      /while it was closed/,
      () => [
        passed(
          3,
          () => 1n,
          (open) => open - 1n,
        ),
      ],
    ],
    'somebody who passed when it was closed again': [
      /while it was closed/,
      () => [
        passed(
          3,
          (open) => open + 1n,
          (open) => open + 2n,
        ),
      ],
    ],
    'a resource that took what is stale': [
      /took the stale 6/,
      () => {
        const accepted = new Map([['mutex', [7n, 6n]]]);
        return witnessResource({ accepted, refused: [] }, { grants: [granted], claims: [] });
      },
    ],
    'a resource that was given what was never granted': [
      /9 was never granted/,
      () => {
        const accepted = new Map([['mutex', [9n]]]);
        return witnessResource({ accepted, refused: [] }, { grants: [granted], claims: [] });
      },
    ],
    'a holder that is refused while it holds': [
      /h held mutex, and was refused/,
      () => {
        const refused = [{ contested: 'mutex', fence: 7n, at: 4 }];
        const claims = [{ lock: 'mutex', holder: 'h', from: 1, to: 5 }];
        return witnessResource({ accepted: new Map(), refused }, { grants: [granted], claims });
      },
    ],
  };
  for (const [name, [pattern, lie]] of Object.entries(lies)) {
    test(name, () => assert.match(lie().join('\n'), pattern));
  }
});
