/** The machine sleeps: its calendar goes on, its monotonic clock does not. Or somebody sets the calendar. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type OpenedPeer, openPeerWith } from '../../lib/client/open-peer.ts';
import type { QuorateError } from '../../lib/index.ts';
import { checkOptions } from '../../lib/peer/options.ts';
import { Mutex } from '../../lib/recipes/index.ts';
import { MemoryDisk, MemoryStorage } from '../../lib/storage/memory-storage.ts';
import { StallableClock } from '../../lib/testing/stallable-clock.ts';
import { MemoryNetwork } from '../../lib/transport/memory-network.ts';
import { MemoryTransport } from '../../lib/transport/memory-transport.ts';
import { failsWith } from '../client/solo.ts';

const HOUR = 3_600_000;
const IDS = [1, 2, 3];
const urlOf = (id: number): string => `ws://127.0.0.1:${41_000 + id}/`;

interface Machine extends OpenedPeer {
  readonly clock: StallableClock;
  readonly warnings: QuorateError[];
}

async function machine(t: TestContext, network: MemoryNetwork, id: number): Promise<Machine> {
  const clock = new StallableClock();
  const peers = Object.fromEntries(IDS.map((one) => [one, urlOf(one)]));
  const times = { heartbeat: 100, syncTimeout: 1_500, sessionTimeout: 6_000 };
  const opened = await openPeerWith(checkOptions({ id, peers, dataDir: ':memory:', ...times }), {
    clock,
    storage: new MemoryStorage(id, new MemoryDisk()),
    transport: new MemoryTransport(network),
  });
  t.after(() => opened.peer.abandon());
  const warnings: QuorateError[] = [];
  opened.client.on('warning', (warning) => warnings.push(warning));
  return { ...opened, clock, warnings };
}

/** Three machines, the leader first. */
async function machines(t: TestContext): Promise<{ network: MemoryNetwork; all: Machine[] }> {
  const network = new MemoryNetwork();
  const all = await Promise.all(IDS.map((id) => machine(t, network, id)));
  await Promise.all(all.map(({ client }) => client.ready({ timeout: 20_000 })));
  await Promise.all(all.map(({ client }) => client.sync({ timeout: 20_000 })));
  all.sort((one, two) => rank(one) - rank(two));
  return { network, all };
}

function rank({ client }: Machine): number {
  return client.status.state === 'leading' ? 0 : client.id;
}

async function eventually(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; !condition(); ) {
    assert.ok(performance.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('after the machine slept no session is trusted and no lock held, until the leader confirms it', async (t) => {
  const { network, all } = await machines(t);
  for (const { client, clock, warnings } of all) {
    const held = await new Mutex(client, `/lock-${client.id}`).acquire({ timeout: 20_000 });
    const { session } = client;
    assert.equal(session.state, 'connected');
    network.partition([urlOf(client.id)]);
    clock.sleep(HOUR);
    assert.equal(session.state, 'suspended', 'in the very step in which it wakes up');
    assert.equal(session.trustedFor, 0);
    assert.throws(() => held.assertHeld(), failsWith('GRANT_LOST'));
    // A busy machine blocks the event loop, too, and that is told before.
    const stalls = () => warnings.filter(({ code }) => code === 'STALL').map(String);
    const slept = /slept for 3(599|60\d)\d{3} ms/;
    await eventually('a warning', () => stalls().some((text) => slept.test(text)));
    assert.equal(session.state, 'suspended', 'nobody has confirmed it yet');
    network.heal();
    await eventually('the leader has said so', () => client.session.state === 'connected');
    await client.ready({ timeout: 20_000 });
  }
});

test('a leader that slept answers no read before a quorum has confirmed it', async (t) => {
  const { network, all } = await machines(t);
  const [leader, other] = all;
  assert.ok(leader && other);
  await other.client.create('/a', 'old', { timeout: 20_000 });
  await leader.client.sync({ timeout: 20_000 });
  network.partition([urlOf(leader.client.id)]);
  leader.clock.sleep(HOUR);
  await eventually('it has woken up', () => leader.warnings.length > 0);
  const read = leader.client.get('/a', { timeout: 60_000 });
  await other.client.set('/a', 'new', { timeout: 60_000 });
  network.heal();
  assert.equal((await read).data, 'new');
});

test('a calendar that is set, forward or back, ends no session and expires nobody', async (t) => {
  const { all } = await machines(t);
  const sessions = all.map(({ client }) => client.session);
  for (const { client } of all)
    await client.session.create(`/e-${client.id}`, '', { ephemeral: true });
  for (const milliseconds of [HOUR, -2 * HOUR, HOUR]) {
    for (const { clock } of all) clock.sleep(milliseconds);
    for (const { client } of all) await client.sync({ timeout: 20_000 });
    await eventually('all are connected', () =>
      sessions.every(({ state }) => state === 'connected'),
    );
  }
  const names = await all[0]?.client.children('/');
  assert.deepEqual(names, ['e-1', 'e-2', 'e-3', 'zookeeper']);
  const times = await Promise.all(
    [1, 2].map(
      async () => (await all[1]?.client.create('/t-', '', { sequential: true }))?.stat.ctime,
    ),
  );
  assert.ok(Number(times[0]) <= Number(times[1]), 'times of nodes never go back');
});
