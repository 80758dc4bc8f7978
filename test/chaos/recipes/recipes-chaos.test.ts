/** A short run of what `npm run chaos -- --recipes` does for minutes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from '../chaos.ts';
import { recipesMission } from './recipes-mission.ts';

test('fifteen seconds of faults: nobody holds too much, and everybody is served', async (t) => {
  const lines: string[] = [];
  const print = (line: string): unknown => lines.push(line);
  const group = { mission: await recipesMission(), peers: 3, observers: 0 };
  const options = { seed: 1, ...group, duration: 15_000, idle: 40, print };
  const { violations, acknowledged } = await chaos(options);
  if (violations.length > 0) t.diagnostic(lines.join('\n'));
  assert.deepEqual(violations, []);
  assert.ok(acknowledged > 0);
});
