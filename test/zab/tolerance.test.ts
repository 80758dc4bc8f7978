import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Configuration, voterKey } from '../../lib/zab/configuration.ts';
import { isQuorum } from '../../lib/zab/quorum.ts';
import { faultTolerance, quorumSize, type Weighted } from '../../lib/zab/tolerance.ts';

/** Every subset is tried. */
function tried(voters: readonly Weighted[]): readonly [size: number, tolerance: number] {
  const members = voters.map((voter, at) => ({ ...voter, id: at + 1, store: 's', start: 0 }));
  const configuration = { version: 0n, voters: members, origin: { type: 'genesis' } } as unknown;
  let size = voters.length + 1;
  let fatal = voters.length + 1;
  for (let set = 0; set < 2 ** voters.length; set += 1) {
    const chosen = members.filter((_, at) => (set & (1 << at)) !== 0);
    const keys = new Set(chosen.map(({ id, store }) => voterKey(id, store)));
    if (isQuorum(configuration as Configuration, keys)) size = Math.min(size, keys.size);
    else fatal = Math.min(fatal, voters.length - keys.size);
  }
  return [size, fatal - 1];
}

test('quorum size and fault tolerance are those of the smallest sets, for any weights and groups', () => {
  const weighted = fc.record({ weight: fc.nat(4), group: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(weighted, { maxLength: 8 }), (voters) => {
      assert.deepEqual([quorumSize(voters), faultTolerance(voters)], tried(voters));
    }),
    { numRuns: 300 },
  );
});

test('many voters cost no time', () => {
  const voters = Array.from({ length: 255 }, () => ({ weight: 1, group: 0 }));
  assert.deepEqual([quorumSize(voters), faultTolerance(voters)], [128, 127]);
});
