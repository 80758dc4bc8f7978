/** The search for an order: histories that have one, and histories that have none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../lib/index.ts';
import type { Operation, Reply, Request } from './history.ts';
import { type Judgement, judge } from './linearizable.ts';
import { statAt } from './samples.ts';

type Time = readonly [invoked: number, returned: number];

function operation(id: string, time: Time, request: Request, reply?: Reply): Operation {
  const [invoked, returned] = time;
  const outcome = reply?.type === 'failed' ? reply.outcome : 'applied';
  const told = { invoked, returned, reply, outcome: reply === undefined ? 'unknown' : outcome };
  return { id, peer: 1, session: 1n, isKeeper: false, request, ...told } as const;
}

const path = '/r';

function write(id: string, time: Time, kind: 'create' | 'set', version: number): Operation {
  const results = [{ path, stat: statAt(0n, { version }) }];
  return operation(id, time, { kind, path }, { type: 'written', results });
}

function cut(id: string, invoked: number, kind: 'create' | 'set' | 'delete'): Operation {
  return operation(id, [invoked, Number.POSITIVE_INFINITY], { kind, path });
}

function remove(id: string, time: Time): Operation {
  return operation(id, time, { kind: 'delete', path }, { type: 'written', results: [undefined] });
}

function read(time: Time, data?: string, version = 0): Operation {
  const node = data === undefined ? undefined : { path, data, stat: statAt(0n, { version }) };
  return operation(
    `r${time}`,
    time,
    { kind: 'get', path, linearizable: true },
    { type: 'read', node },
  );
}

function refused(time: Time, request: Request, code: ErrorCode): Operation {
  return operation(`x${time}`, time, request, { type: 'failed', code, outcome: 'not-applied' });
}

const HISTORIES: Readonly<Record<string, readonly [Judgement, readonly Operation[]]>> = {
  'nothing was asked': ['linearizable', []],
  'one after the other': [
    'linearizable',
    [
      write('a', [1, 2], 'create', 0),
      read([3, 4], 'a'),
      write('b', [5, 6], 'set', 1),
      read([7, 8], 'b', 1),
    ],
  ],
  'a read beside a write sees it or not': [
    'linearizable',
    [write('a', [1, 10], 'create', 0), read([2, 3]), read([4, 5], 'a')],
  ],
  'a stale read': ['impossible', [write('a', [1, 2], 'create', 0), read([3, 4])]],
  'a read that goes back': [
    'impossible',
    [write('a', [1, 10], 'create', 0), read([2, 3], 'a'), read([4, 5])],
  ],
  'a read of what nobody wrote': ['impossible', [read([1, 2], 'ghost')]],
  'a lost write': [
    'impossible',
    [write('a', [1, 2], 'create', 0), write('b', [3, 4], 'set', 1), read([5, 6], 'a')],
  ],
  'a version that somebody else has too': [
    'impossible',
    [write('a', [1, 2], 'create', 0), write('b', [3, 9], 'set', 1), write('c', [4, 9], 'set', 1)],
  ],
  'two who created it': [
    'impossible',
    [write('a', [1, 5], 'create', 0), write('b', [2, 6], 'create', 0)],
  ],
  'two who created it, and one who deleted it between': [
    'linearizable',
    [write('a', [1, 5], 'create', 0), write('b', [2, 6], 'create', 0), remove('c', [3, 4])],
  ],
  'an unknown write that takes effect late': [
    'linearizable',
    [cut('a', 1, 'create'), read([2, 3]), read([4, 5], 'a')],
  ],
  'an unknown write that never takes effect': [
    'linearizable',
    [cut('a', 1, 'create'), write('b', [2, 3], 'create', 0), read([4, 5], 'b')],
  ],
  'an unknown write before it was asked for': [
    'impossible',
    [read([1, 2], 'a'), cut('a', 3, 'create')],
  ],
  'an unknown write that comes, goes and comes again': [
    'impossible',
    [
      write('b', [1, 2], 'create', 0),
      cut('a', 3, 'set'),
      read([4, 5], 'a', 1),
      write('c', [6, 7], 'set', 2),
      read([8, 9], 'a', 3),
    ],
  ],
  'a refusal that was right': [
    'linearizable',
    [
      write('a', [1, 2], 'create', 0),
      refused([3, 4], { kind: 'set', path, version: 7 }, 'BAD_VERSION'),
      refused([3, 4], { kind: 'create', path }, 'NODE_EXISTS'),
    ],
  ],
  'a refusal that was wrong': [
    'impossible',
    [
      write('a', [1, 2], 'create', 0),
      refused([3, 4], { kind: 'set', path, version: 0 }, 'BAD_VERSION'),
    ],
  ],
  'a node that was not there any more': [
    'impossible',
    [write('a', [1, 2], 'create', 0), refused([3, 4], { kind: 'delete', path }, 'NO_NODE')],
  ],
  'what was overloaded says nothing': [
    'linearizable',
    [refused([1, 2], { kind: 'create', path }, 'OVERLOADED'), read([3, 4])],
  ],
};

for (const [name, [expected, operations]] of Object.entries(HISTORIES)) {
  test(`${name}: ${expected}`, () => {
    assert.equal(judge(operations), expected);
  });
}

test('a search that takes too long says so', () => {
  const many = Array.from({ length: 12 }, (_, at) => cut(`w${at}`, 3, 'set'));
  const all = [write('a', [1, 2], 'create', 0), ...many, read([200, 201], 'ghost', 30)];
  assert.equal(judge(all, 50), 'given up');
});
