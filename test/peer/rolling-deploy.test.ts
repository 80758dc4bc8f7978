/** A new version is rolled out: one process after the other ends and comes back, and nobody else notices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, startHost, threeOptions } from './hosts.ts';

const DEPLOYS = 3;
const IN_FLIGHT = 8;

test('three rolling deploys under load: nothing acknowledged is lost, nothing fails elsewhere', async (t) => {
  const options = await threeOptions(t);
  const hosts: Host[] = await Promise.all(
    options.map((one) => startHost(t, { type: 'options', options: one })),
  );
  await Promise.all(hosts.map((host) => host.ask('ready')));
  let life = 0;
  const begin = (host: Host): Promise<void> => {
    life += 1;
    return host.ask('load', `/load/${life}`, IN_FLIGHT);
  };
  await Promise.all(hosts.map(begin));
  const acknowledged: string[] = [];
  const slowest: number[] = [];
  for (let deploy = 0; deploy < DEPLOYS; deploy += 1) {
    for (const [at, one] of options.entries()) {
      const before = hosts[at];
      assert.ok(before);
      const closing = before.ask('close');
      // Its own writes may be refused from here on; what it has acknowledged counts.
      const own = await before.ask('loadEnd');
      acknowledged.push(...own.acknowledged);
      for (const error of own.failed)
        assert.match(error, /closed/, 'of the closing process itself');
      slowest.push(await closing);
      await before.ended();
      const after = await startHost(t, { type: 'options', options: one });
      hosts[at] = after;
      await after.ask('ready');
      await begin(after);
    }
  }
  for (const host of hosts) {
    const { acknowledged: own, failed } = await host.ask('loadEnd');
    assert.deepEqual(failed, []);
    assert.ok(own.length > 0, 'it has written');
    acknowledged.push(...own);
  }
  t.diagnostic(
    `${acknowledged.length} writes; slowest close ${Math.max(...slowest).toFixed(0)} ms`,
  );
  const [reader] = hosts;
  assert.ok(reader);
  const there = await reader.ask('missing', acknowledged);
  assert.deepEqual(there, []);
});
