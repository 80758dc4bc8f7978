import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeZxid, ZERO } from '../../lib/base/zxid.ts';
import {
  type Configuration,
  type Member,
  type VoterKey,
  voterKey,
  withStore,
} from '../../lib/zab/configuration.ts';
import { hasVote, isActiveQuorum, isQuorum, isQuorumWithout } from '../../lib/zab/quorum.ts';
import { faultTolerance, quorumSize } from '../../lib/zab/tolerance.ts';

const store = (id: number): string => `store-${id}`;
const key = (id: number): VoterKey => voterKey(id, store(id));

function member(id: number, weight = 1, group = 0): Member {
  return { id, store: store(id), start: 0, weight, group };
}

function configuration(voters: readonly Member[]): Configuration {
  return { version: ZERO, voters, origin: { type: 'genesis' } };
}

function majority(count: number): Configuration {
  return configuration(Array.from({ length: count }, (_, at) => member(at + 1)));
}

test('quorum size and failures borne for 1 to 9 voters', () => {
  const table = Array.from({ length: 9 }, (_, at) => {
    const group = majority(at + 1);
    return [at + 1, quorumSize(group.voters), faultTolerance(group.voters)];
  });
  assert.deepEqual(table, [
    [1, 1, 0],
    [2, 2, 0],
    [3, 2, 1],
    [4, 3, 1],
    [5, 3, 2],
    [6, 4, 2],
    [7, 4, 3],
    [8, 5, 3],
    [9, 5, 4],
  ]);
});

test('any two quorums of a configuration share a voter, whatever the weights and groups', () => {
  const voter = fc.record({ weight: fc.nat(3), group: fc.nat(2) });
  const group = fc.array(voter, { minLength: 1, maxLength: 7 });
  const subset = fc.array(fc.boolean(), { minLength: 7, maxLength: 7 });
  fc.assert(
    fc.property(group, subset, subset, (voters, first, second) => {
      const members = voters.map(({ weight, group: name }, at) => member(at + 1, weight, name));
      const chosen = (flags: readonly boolean[]): Set<VoterKey> =>
        new Set(members.filter((_, at) => flags[at]).map(({ id }) => key(id)));
      const [a, b] = [chosen(first), chosen(second)];
      const both = configuration(members);
      if (!isQuorum(both, a) || !isQuorum(both, b)) return;
      const weighty = members.filter(({ id, weight }) => weight > 0 && a.has(key(id)));
      assert(weighty.some(({ id }) => b.has(key(id))));
    }),
  );
});

test('equal weights in one group are a plain majority', () => {
  for (let size = 1; size <= 7; size += 1) {
    for (let held = 0; held <= size; held += 1) {
      const keys = new Set(Array.from({ length: held }, (_, at) => key(at + 1)));
      assert.equal(isQuorum(majority(size), keys), held > size / 2, `${held} of ${size}`);
    }
  }
});

test('a voter of weight 0 never makes a quorum, and a group without weight is no group', () => {
  const group = configuration([member(1), member(2, 0), member(3, 0, 5)]);
  assert(isQuorum(group, new Set([key(1)])));
  assert(!isQuorum(group, new Set([key(2), key(3)])));
  assert(!hasVote([{ configuration: group, committed: true }], 2, store(2)));
});

test('hierarchical: a majority of the groups, each by a majority of its weight', () => {
  const rooms = configuration([1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => member(id, 1, (id - 1) % 3)));
  assert(isQuorum(rooms, new Set([1, 4, 2, 5].map(key))));
  assert(!isQuorum(rooms, new Set([1, 4, 7, 2, 3].map(key))));
  assert.equal(quorumSize(rooms.voters), 4);
});

test('another store under the same id is another voter', () => {
  assert(!isQuorum(majority(3), new Set([key(1), voterKey(2, 'another')])));
});

test('a pending replaceStore needs a full-size quorum of the others, and of the old configuration', () => {
  const old = majority(3);
  const next = withStore(old, makeZxid(1, 5), 3, 'new', 9);
  const pending = [
    { configuration: old, committed: true },
    { configuration: next, committed: false },
  ];
  const newcomer = voterKey(3, 'new');
  assert(!isActiveQuorum(pending, new Set([key(1), newcomer])), 'it admits itself');
  assert(
    !isActiveQuorum(pending, new Set([key(1), key(3)])),
    'the lost store admits its successor',
  );
  assert(isActiveQuorum(pending, new Set([key(1), key(2)])));
  assert(!hasVote(pending, 3, 'new'));
  const committed = [{ configuration: next, committed: true }];
  assert(isActiveQuorum(committed, new Set([key(1), newcomer])));
  assert(hasVote(committed, 3, 'new'));
  assert(!hasVote(committed, 3, store(3)));
  assert(isQuorumWithout(old, new Set([key(1), key(2)]), 3));
  assert(!isQuorumWithout(old, new Set([key(1), key(3)]), 3));
});
