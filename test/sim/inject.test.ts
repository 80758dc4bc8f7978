import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INJECTIONS } from './injections/all.ts';
import type { Injection } from './injections/injection.ts';
import { applyPatch, applyPatches, PatchError } from './patched-copy.ts';
import { score } from './scoreboard.ts';

for (const { id, patches } of INJECTIONS) {
  test(`the patches of ${id} meet the source exactly once`, async () => {
    const changed = await applyPatches(patches);
    assert.ok(changed.size > 0);
  });
}

test('every injected bug has a name of its own and says which predicates may catch it', () => {
  const ids = new Set(INJECTIONS.map(({ id }) => id));
  assert.equal(ids.size, INJECTIONS.length);
  for (const { id, expects } of INJECTIONS) {
    assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.ok(expects.length > 0, id);
    for (const predicate of expects) assert.match(predicate, /^S([1-9]|[1-4]\d|50)$/);
  }
});

test('a patch that does not meet the source exactly once is refused', () => {
  const patch = { file: 'x.ts', find: 'let  a = 1;', replace: 'let a = 2;' };
  assert.equal(applyPatch('let a\n  = 1;', patch), 'let a = 2;');
  assert.throws(() => applyPatch('let b = 1;', patch), PatchError);
  assert.throws(() => applyPatch('let a = 1; let a = 1;', patch), PatchError);
});

test('a change that harms nothing escapes, and one that does is caught', async () => {
  const harmless: Injection = {
    id: 'harmless',
    origin: 'test',
    title: 'nothing',
    patches: [
      {
        file: 'lib/zab/sequence.ts',
        find: 'const epoch = epochOf(next);',
        replace: 'const epoch = epochOf(next); // same',
      },
    ],
    expects: ['S1'],
    machine: 'zab',
  };
  const harmful: Injection = {
    ...harmless,
    id: 'harmful',
    patches: [
      {
        file: 'lib/zab/synchronization-learner.ts',
        find: 'export function receiveUpToDate(core: Core, following: Following, message: UpToDate): void {',
        replace:
          'export function receiveUpToDate(core: Core, following: Following, message: UpToDate): void { throw new Error();',
      },
    ],
    expects: ['S34'],
  };
  const options = { runs: 1, schedules: 3, seed: 1, workers: 2 };
  const all = await score([harmless, harmful], options, () => {});
  const escaped = all.filter((scored) => scored.escaped).map(({ injection }) => injection.id);
  assert.deepEqual(escaped, ['harmless']);
});
