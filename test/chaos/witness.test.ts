/** The witness against runs that are as they should be, and against every kind of lie. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { History, Operation } from './history.ts';
import { BRIEF, HOME, KEPT, LIFETIME } from './places.ts';
import { Sample, statAt } from './samples.ts';
import { witness } from './witness.ts';

const never = { type: 'failed', outcome: 'not-applied' } as const;

function violationsOf(history: History): string {
  return witness(history).violations.join('\n');
}

/** A run that nothing is wrong with. */
function sound(): Sample {
  const sample = new Sample();
  const made = sample.create('a', '/c/x');
  const set = sample.set('b', '/c/x', made);
  sample.read('r1', '/c/x', 'b', set, true);
  sample.ask('n', { kind: 'create', path: '/c/x' }, { ...never, code: 'NODE_EXISTS' });
  sample.delete('d', '/c/x');
  sample.read('r2', '/c/x', undefined, set, true);
  sample.create('e', '/c/e', 100n);
  sample.transaction(() => ({ type: 'deleted', path: '/c/e' }));
  sample.ask(
    'names',
    { kind: 'children', path: '/c', linearizable: false },
    { type: 'names', names: [] },
  );
  return sample;
}

test('a run that is as it should be, told by two watches', () => {
  const sample = sound();
  const testimony = witness(sample.history({ feeds: [sample.feed(1), sample.feed(2)] }));
  assert.deepEqual(testimony.violations, []);
  assert.deepEqual([testimony.transactions, testimony.dark], [5, 0]);
});

test('what nobody was told of may be there or not', () => {
  const sample = new Sample();
  sample.ask('u', { kind: 'create', path: '/c/u' }, undefined);
  sample.ask('v', { kind: 'create', path: '/c/v' }, undefined);
  sample.transaction((zxid) => {
    return { type: 'created', node: { path: '/c/u', data: 'u', stat: statAt(zxid) } };
  });
  assert.equal(violationsOf(sample.history()), '');
});

test('a deletion is given to whom the order within the sessions lets have it', () => {
  const sample = new Sample();
  const reply = { type: 'written', results: [undefined] } as const;
  const request = { kind: 'delete', path: '/c/x' } as const;
  const together = { invoked: 1, returned: 1_000 };
  // Two sessions delete the same path at once; one after what it made itself, the other before what it wrote next.
  const root = sample.create('k', '/c/k');
  sample.create('a', '/c/x', 0n, { session: 7n });
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  sample.create('b', '/c/x', 0n, { ...together, session: 8n });
  sample.ask('late', request, reply, { ...together, session: 8n });
  sample.ask('early', request, reply, { ...together, session: 9n, returned: 2_000 });
  sample.set('c', '/c/k', root, { ...together, session: 9n, returned: 2_000 });
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  assert.equal(violationsOf(sample.history()), '');
});

test('two deletions of one path by one session at once are in the order in which it asked', () => {
  const sample = new Sample();
  const reply = { type: 'written', results: [undefined] } as const;
  const request = { kind: 'delete', path: '/c/x' } as const;
  const together = { invoked: 1, returned: 1_000 };
  sample.create('a', '/c/x', 0n, { session: 7n, ...together });
  sample.ask('one', request, reply, { session: 8n, ...together });
  sample.ask('two', request, reply, { session: 8n, ...together });
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  sample.create('b', '/c/x', 0n, { session: 7n, ...together });
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  assert.equal(violationsOf(sample.history()), '');
});

test('of two deletions of one path the first is given to whom time lets have no other', () => {
  const sample = new Sample();
  const reply = { type: 'written', results: [undefined] } as const;
  const request = { kind: 'delete', path: '/c/x' } as const;
  const together = { invoked: 1, returned: 1_000 };
  sample.create('y', '/c/y', 0n, { session: 7n, ...together });
  sample.create('a', '/c/x', 0n, { session: 7n, ...together });
  sample.ask('quick', request, reply, { session: 9n, invoked: 2, returned: 100 });
  sample.ask('slow', request, reply, { session: 8n, ...together });
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  sample.create('b', '/c/x', 0n, { session: 7n, ...together });
  // Asked for when the quick one had been answered.
  sample.delete('other', '/c/y', { session: 10n, invoked: 200, returned: 1_000 });
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  assert.equal(violationsOf(sample.history()), '');
});

test('deletions that nobody can tell apart accuse nobody', () => {
  const sample = new Sample();
  const reply = { type: 'written', results: [undefined] } as const;
  const together = { invoked: 1, returned: 1_000 };
  const create = (path: string): unknown =>
    sample.create(`made at ${sample.zxid}`, path, 0n, { session: 6n, ...together });
  const gone = (path: string): unknown => sample.transaction(() => ({ type: 'deleted', path }));
  for (const path of ['/c/x', '/c/y']) create(path);
  // Each session deletes both at once, in another order; of the two that each path has, either may be whose.
  const paths = { 7: ['/c/x', '/c/y'], 8: ['/c/y', '/c/x'] };
  for (const [session, own] of Object.entries(paths)) {
    for (const path of own) {
      const asked = { session: BigInt(session), ...together };
      sample.ask(`${session} ${path}`, { kind: 'delete', path }, reply, asked);
    }
  }
  gone('/c/x');
  create('/c/x');
  gone('/c/y');
  create('/c/y');
  gone('/c/y');
  gone('/c/x');
  assert.equal(violationsOf(sample.history()), '');
});

test('for a deletion that no watch told of nobody is accused', () => {
  const sample = new Sample();
  const reply = { type: 'written', results: [undefined] } as const;
  const request = { kind: 'delete', path: '/c/x' } as const;
  const together = { invoked: 1, returned: 1_000 };
  sample.create('a', '/c/x', 0n, together);
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  const before = sample.feed();
  // All watches end, and begin anew when one more was made and deleted.
  const snapshot = { zxid: sample.zxid + 9n, changes: [sample.root] };
  sample.ask('one', request, reply, { ...together, session: 8n });
  sample.ask('other', request, reply, { ...together, session: 9n });
  const feeds = [before, { peer: 1, snapshot, transactions: [] }];
  assert.equal(violationsOf(sample.history({ feeds })), '');
});

test('a deletion is not given to a session that had ended', () => {
  const sample = new Sample();
  const request = { kind: 'delete', path: '/c/x' } as const;
  sample.create('e', '/c/e', 7n, { session: 7n });
  sample.create('a', '/c/x', 0n, { session: 7n });
  sample.ask('killed', request, undefined, { session: 7n });
  sample.transaction(() => ({ type: 'deleted', path: '/c/e' }));
  sample.ask('killed too', request, undefined, { session: 8n });
  sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
  assert.equal(violationsOf(sample.history()), '');
});

/** A node with a time to live that ends after so many ms, as the next transaction tells. */
function ending(after: number): History {
  const sample = new Sample();
  sample.create('a', BRIEF);
  sample.create('b', `${BRIEF}/0`);
  sample.transaction(() => ({ type: 'deleted', path: `${BRIEF}/0` }));
  const times = { ctime: 1 + after, mtime: 1 + after };
  sample.ask('c', { kind: 'create', path: '/c/x' }, undefined);
  sample.transaction((zxid) => {
    return { type: 'created', node: { path: '/c/x', data: 'c', stat: statAt(zxid, times) } };
  });
  return sample.history();
}

/** A container that the group deletes, with or without having been used. */
function emptied(isUsed: boolean): History {
  const sample = new Sample();
  sample.create('a', HOME);
  sample.create('b', `${HOME}/0`);
  if (isUsed) {
    sample.create('c', `${HOME}/0/x`);
    sample.delete('d', `${HOME}/0/x`);
  }
  sample.transaction(() => ({ type: 'deleted', path: `${HOME}/0` }));
  return sample.history();
}

/** Somebody writes what only keepers may write. */
function kept(isKeeper: boolean): History {
  const sample = new Sample();
  sample.create('a', KEPT);
  sample.set('c', `${KEPT}/0`, sample.create('b', `${KEPT}/0`), { isKeeper });
  sample.create('d', `${KEPT}/0/x`, 0n, { isKeeper });
  sample.delete('e', `${KEPT}/0/x`, { isKeeper });
  return sample.history();
}

test('nodes end by themselves when their time has come, and keepers may do what others may not', () => {
  assert.equal(violationsOf(ending(LIFETIME)), '');
  assert.equal(violationsOf(emptied(true)), '');
  assert.equal(violationsOf(kept(true)), '');
});

/** Bends one operation of a history. */
function bent(sample: Sample, id: string, change: (operation: Operation) => Operation): History {
  const operations = sample.operations.map((one) => (one.id === id ? change(one) : one));
  return sample.history({ operations });
}

describe('is seen', () => {
  const lies: Readonly<Record<string, readonly [RegExp, () => History]>> = {
    'an acknowledged write that is nowhere': [
      /a of peer 1.*is nowhere/,
      () => {
        const sample = new Sample();
        const reply = { type: 'written', results: [{ path: '/c/x', stat: statAt(2n) }] } as const;
        sample.ask('a', { kind: 'create', path: '/c/x' }, reply);
        return sample.history();
      },
    ],
    'an acknowledged delete that deleted nothing': [
      /deleted nothing/,
      () => {
        const sample = sound();
        const reply = { type: 'written', results: [undefined] } as const;
        sample.ask('d2', { kind: 'delete', path: '/c/x' }, reply);
        return sample.history();
      },
    ],
    'a write that was told not to be applied': [
      /told not to be applied/,
      () =>
        bent(sound(), 'b', (one) => ({
          ...one,
          outcome: 'not-applied',
          reply: { ...never, code: 'TIMED_OUT' },
        })),
    ],
    'a write that took effect twice': [
      /b of peer 1.*took effect twice/,
      () => {
        const sample = new Sample();
        const set = sample.set('b', '/c/x', sample.create('a', '/c/x'));
        sample.transaction((zxid) => {
          const stat = { ...set, mzxid: zxid, version: 2 };
          return { type: 'changed', node: { path: '/c/x', data: 'b', stat } };
        });
        return sample.history();
      },
    ],
    'a node that ended before its time': [
      /deleted \/c\/brief\/0 1 ms or more before its time was over/,
      () => ending(LIFETIME - 1),
    ],
    'a container that ended before its use': [/which was never used/, () => emptied(false)],
    'a set against the ACL': [/c at 4: NO_AUTH should have been the answer/, () => kept(false)],
    'a create against the ACL': [/d at 5: NO_AUTH should have been the answer/, () => kept(false)],
    'a delete against the ACL': [/deleted \/c\/kept\/0\/x, which nobody/, () => kept(false)],
    'a refusal by an ACL that is not there': [
      /never so from/,
      () => {
        const sample = new Sample();
        sample.create('a', '/c/x');
        sample.ask('n', { kind: 'set', path: '/c/x' }, { ...never, code: 'NO_AUTH' });
        return sample.history();
      },
    ],
    'a clock that goes back': [
      /time went back to 0/,
      () => {
        const sample = new Sample();
        sample.create('a', '/c/x');
        sample.transaction((zxid) => {
          const stat = statAt(zxid, { ctime: 0, mtime: 0 });
          return { type: 'created', node: { path: '/c/y', data: 'b', stat } };
        });
        return sample.history();
      },
    ],
    'a value that nobody wrote': [
      /'ghost', which nobody asked for/,
      () => {
        const sample = new Sample();
        sample.transaction((zxid) => {
          return { type: 'created', node: { path: '/c/g', data: 'ghost', stat: statAt(zxid) } };
        });
        return sample.history();
      },
    ],
    'a delete that nobody asked for': [
      /deleted \/c\/x, which nobody asked for/,
      () => {
        const sample = new Sample();
        sample.create('a', '/c/x');
        sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
        return sample.history();
      },
    ],
    'a conditional write in spite of its condition': [
      /BAD_VERSION should have been the answer/,
      () =>
        bent(sound(), 'b', (one) => ({
          ...one,
          request: { kind: 'set', path: '/c/x', version: 4 },
        })),
    ],
    'an answer that is not what the tree was': [
      /was told of \/c\/x: version is 9 instead of 1/,
      () =>
        bent(sound(), 'b', (one) => {
          const results = [{ path: '/c/x', stat: statAt(2n, { mzxid: 3n, version: 9 }) }];
          return { ...one, reply: { type: 'written', results } };
        }),
    ],
    'a stale read that asked for more': [
      /r9 of peer 1.*was never so/,
      () => {
        const sample = new Sample();
        const made = sample.create('a', '/c/x');
        sample.set('b', '/c/x', made);
        sample.read('r9', '/c/x', 'a', made, true);
        return bent(sample, 'r9', (one) => ({ ...one, session: 101n }));
      },
    ],
    'a session that sees less than it has seen': [
      /r9 of peer 1.*was never so/,
      () => {
        const sample = new Sample();
        const made = sample.create('a', '/c/x', 0n, { session: 5n });
        const set = sample.set('b', '/c/x', made, { session: 5n });
        sample.read('r8', '/c/x', 'b', set);
        sample.read('r9', '/c/x', 'a', made);
        return sample.history();
      },
    ],
    'a read of what is written later': [
      /r9 of peer 1.*was never so/,
      () => {
        const sample = new Sample();
        sample.read('r9', '/c/x', 'a', statAt(2n));
        sample.create('a', '/c/x');
        return sample.history();
      },
    ],
    'a refusal without a reason': [
      /n9 of peer 1.*was never so/,
      () => {
        const sample = new Sample();
        sample.ask('n9', { kind: 'create', path: '/c/x' }, { ...never, code: 'NODE_EXISTS' });
        return sample.history();
      },
    ],
    'writes that are in another order than real time': [
      /was asked after the answer/,
      () => {
        const sample = sound();
        const time = { invoked: 1_000, returned: 1_001, session: 7n };
        return bent(sample, 'a', (one) => ({ ...one, ...time }));
      },
    ],
    'writes of a session that are in another order than it asked': [
      /b of peer 1.*took effect before a/,
      () => {
        const sample = new Sample();
        const whole = { invoked: 0, returned: 1_000 };
        const made = statAt(3n);
        sample.create('b', '/c/y', 0n, whole);
        sample.create('a', '/c/x', 0n, whole);
        assert.equal(made.czxid, sample.zxid);
        return sample.history({ operations: sample.operations.toReversed() });
      },
    ],
    'deletions of a session that are in another order than it asked': [
      /took effect before/,
      () => {
        const sample = new Sample();
        const reply = { type: 'written', results: [undefined] } as const;
        const whole = { session: 7n, invoked: 0, returned: 1_000 };
        for (const path of ['/c/x', '/c/y']) sample.create(path, path);
        for (const path of ['/c/x', '/c/y']) {
          sample.ask(`no ${path}`, { kind: 'delete', path }, reply, whole);
        }
        sample.transaction(() => ({ type: 'deleted', path: '/c/y' }));
        sample.transaction(() => ({ type: 'deleted', path: '/c/x' }));
        return sample.history();
      },
    ],
    'a write of a session that has ended': [
      /its session had ended/,
      () => {
        const sample = sound();
        sample.create('late', '/c/late');
        return sample.history();
      },
    ],
    'an ephemeral that outlives its session': [
      /left its \/c\/f/,
      () => {
        const sample = new Sample();
        sample.create('e', '/c/e', 100n);
        sample.create('f', '/c/f', 100n);
        sample.transaction(() => ({ type: 'deleted', path: '/c/e' }));
        return sample.history();
      },
    ],
    'a session whose end comes after what was asked when it was over': [
      /was asked after the answer to the end of session 100/,
      () => {
        const sample = new Sample();
        sample.create('e', '/c/e', 100n);
        sample.create('g', '/c/g', 0n, { session: 7n, invoked: 100, returned: 101 });
        sample.transaction(() => ({ type: 'deleted', path: '/c/e' }));
        return sample.history({ closed: [{ session: 100n, at: 50 }] });
      },
    ],
    'two watches that tell different things': [
      /peer 2 tells/,
      () => {
        const sample = sound();
        const other = sample.feed(2);
        const transactions = other.transactions.map((one) => ({ ...one, changes: [] }));
        return sample.history({ feeds: [sample.feed(1), { ...other, transactions }] });
      },
    ],
    'a watch that leaves something out': [
      /peer 2 was not told of 3/,
      () => {
        const sample = sound();
        const other = sample.feed(2);
        const transactions = other.transactions.filter(({ zxid }) => zxid !== 3n);
        return sample.history({ feeds: [sample.feed(1), { ...other, transactions }] });
      },
    ],
    'a peer whose tree is another one': [
      /peer 3 at 3: \/c\/x holds 'z'/,
      () => {
        const sample = sound();
        const stat = statAt(2n, { mzxid: 3n, version: 1 });
        const node = { path: '/c/x', data: 'z', stat };
        const root = {
          path: '/c',
          data: '',
          stat: statAt(1n, { dataLength: 0, pzxid: 2n, cversion: 1, numChildren: 1 }),
        };
        const changes = [root, node].map((one) => ({ type: 'created', node: one }) as const);
        const feed = { peer: 3, snapshot: { zxid: 3n, changes }, transactions: [] };
        return sample.history({ feeds: [sample.feed(), feed] });
      },
    ],
    'two holders of a lock': [
      /held by one until 20, and by two from 15/,
      () =>
        sound().history({
          claims: [
            { lock: '/l', holder: 'one', from: 10, to: 12 },
            { lock: '/l', holder: 'one', from: 10, to: 20 },
            { lock: '/l', holder: 'two', from: 15, to: 16 },
          ],
        }),
    ],
  };
  for (const [name, [expected, make]] of Object.entries(lies)) {
    test(name, () => assert.match(violationsOf(make()), expected));
  }
});
