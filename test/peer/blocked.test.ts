/**
 * The application blocks its event loop, or its process is stopped. All times are half of the
 * defaults, so that computations of 0.5, 1, 3 and 10 s are 0.25, 0.5, 1.5 and 5 s here.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Host, startHost, threeOptions } from './hosts.ts';

const TIMES = {
  heartbeat: 125,
  syncTimeout: 1_000,
  initTimeout: 10_000,
  minSessionTimeout: 3_000,
  sessionTimeout: 3_000,
};
const BLOCKS = [250, 500, 1_500, 5_000];

interface Group {
  readonly hosts: ReadonlyMap<number, Host>;
  readonly leader: number;
}

async function start(t: TestContext): Promise<ReadonlyMap<number, Host>> {
  const options = await threeOptions(t, TIMES);
  const hosts = await Promise.all(
    options.map(async (one) => {
      return [one.id, await startHost(t, { type: 'options', options: one })] as const;
    }),
  );
  return new Map(hosts);
}

async function ready(hosts: ReadonlyMap<number, Host>): Promise<Group> {
  const statuses = await Promise.all([...hosts.values()].map((host) => host.ask('ready')));
  return { hosts, leader: statuses[0]?.leader ?? 0 };
}

/** The one to be blocked, and one that watches it. */
function pair({ hosts, leader }: Group, isLeader: boolean): readonly [Host, Host] {
  const [follower, another] = [...hosts].filter(([id]) => id !== leader).map(([, host]) => host);
  const chief = hosts.get(leader);
  assert.ok(follower && another && chief);
  return isLeader ? [chief, follower] : [follower, another];
}

/** What waits in a session that turns out to have ended is told so; the next session answers. */
async function asked(host: Host, path: string): Promise<boolean> {
  try {
    return await host.ask('exists', path);
  } catch (error) {
    assert.match(String(error), /session has ended/);
    return host.ask('exists', path);
  }
}

for (const isLeader of [false, true]) {
  const role = isLeader ? 'leader' : 'follower';
  test(`a ${role} that computes for long: the truth at once, and no session lost before its time`, async (t) => {
    const hosts = await start(t);
    for (const block of BLOCKS) {
      const [blocked, witness] = pair(await ready(hosts), isLeader);
      const session = await blocked.ask('session');
      const node = `/block-${block}`;
      await blocked.ask('register', node);
      const written = blocked.ask('block', block);
      const { before, state, sameSession } = await written;
      assert.equal(before, session);
      assert.ok(sameSession, 'nothing can have been told yet');
      const isShort = block < TIMES.sessionTimeout - 2 * TIMES.heartbeat;
      if (block > TIMES.sessionTimeout) assert.equal(state, 'suspended', `after ${block} ms`);
      if (isShort) {
        assert.equal(await blocked.ask('session'), session, `it outlives ${block} ms`);
        assert.equal(await witness.ask('exists', node), true, `its node outlives ${block} ms`);
      }
      // Whatever became of it, what is asked now is answered by the group as it is now.
      await witness.ask('create', `${node}-witness`, 'x', 30_000);
      assert.equal(await asked(blocked, `${node}-witness`), true);
      await blocked.ask('create', `${node}-after`, 'y', 30_000);
      const now = await blocked.ask('session');
      assert.equal(
        await witness.ask('exists', node),
        now === session,
        'a node goes with its session',
      );
    }
    const [blocked] = pair(await ready(hosts), isLeader);
    const all = await Promise.all([...hosts.values()].map((host) => host.ask('warnings')));
    assert.ok(all.flat().includes('STALL'), 'stalls are told');
    assert.equal((await blocked.ask('status')).serving, true);
  });
}

test('a process that is stopped for a moment loses nothing; for longer than its session, it knows at once', async (t) => {
  const hosts = await start(t);
  const [stopped, witness] = pair(await ready(hosts), false);
  const session = await stopped.ask('session');
  await stopped.ask('register', '/stopped');
  stopped.pause();
  await witness.ask('create', '/short', 'x', 30_000);
  stopped.resume();
  assert.equal(await stopped.ask('session'), session);

  stopped.pause();
  const gone = async (): Promise<boolean> => !(await witness.ask('exists', '/stopped'));
  const deadline = performance.now() + 30_000;
  while (!(await gone())) assert.ok(performance.now() < deadline, 'the group ends the session');
  const question = stopped.ask('sessionNow');
  stopped.resume();
  const { id, state } = await question;
  assert.ok(id !== session || state !== 'connected', `the session that is over is ${state}`);
  assert.notEqual(await stopped.ask('session'), session);
});

test('a leader that is stopped is not believed when it wakes', async (t) => {
  const group = await ready(await start(t));
  const [stopped, witness] = pair(group, true);
  await witness.ask('create', '/a', 'old', 30_000);
  stopped.pause();
  const written = await witness.ask('create', '/b', 'new', 60_000);
  const plain = stopped.ask('get', '/b', 0n);
  const after = stopped.ask('get', '/b', written);
  stopped.resume();
  assert.equal(await plain, 'new', 'a plain read waits until it knows who leads');
  assert.equal(await after, 'new');
});
