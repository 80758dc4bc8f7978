/** A short run of what `npm run chaos` does for minutes: every kind of fault once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from './chaos.ts';
import { loadMission } from './load-mission.ts';

test('twenty seconds of faults: nothing acknowledged is lost, and every answer is true', async (t) => {
  const lines: string[] = [];
  const print = (line: string): unknown => lines.push(line);
  const group = { mission: loadMission(), peers: 3, observers: 1 };
  const options = { seed: 1, ...group, duration: 20_000, idle: 60, print };
  const { violations, acknowledged } = await chaos(options);
  if (violations.length > 0) t.diagnostic(lines.join('\n'));
  assert.deepEqual(violations, []);
  assert.ok(acknowledged > 0);
});
