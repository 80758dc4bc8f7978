import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentsOf } from '../../examples/support/peer-process.ts';
import { Processes } from './processes.ts';

test('three processes: leaders are killed under load, nothing acknowledged is lost, the killed catch up', async (t) => {
  const group = await Processes.start(t);
  const acknowledged: string[] = [];
  for (let round = 1; round <= 3; round += 1) {
    const leader = await group.leader();
    const writer = group.other(leader);
    const writes = Array.from({ length: 100 }, (_, at) =>
      writer.ask('create', `/round-${round}/${at}`, `${round}.${at}`),
    );
    await writes[0];
    const before = performance.now();
    await group.kill(leader);
    const { path } = await writer.ask('create', `/round-${round}/after`, `${round}.after`);
    t.diagnostic(`takeover ${round}: ${Math.round(performance.now() - before)} ms`);
    const created = await Promise.all(writes);
    acknowledged.push(path, ...created.map((one) => one.path));
    await group.open(leader);
  }

  await group.leader();
  const all = await contentsOf([...group.alive.values()]);
  assert.equal(all.length, 3);
  for (const { data, digest } of all) {
    assert.equal(digest, all[0]?.digest);
    for (const path of acknowledged) {
      const [, round, name] = /^\/round-(\d)\/(.*)$/.exec(path) ?? [];
      assert.equal(data.get(path), `${round}.${name}`);
    }
  }
  assert.equal(acknowledged.length, 303);
});
