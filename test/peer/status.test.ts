/** What a peer says of itself. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openPeer, type Peer, type PeerStatus } from '../../lib/index.ts';
import { createTestGroup } from '../../lib/testing/test-group.ts';

async function statusOf(
  peer: Peer,
  condition: (status: PeerStatus) => boolean,
): Promise<PeerStatus> {
  const deadline = performance.now() + 20_000;
  while (!condition(peer.status)) {
    assert.ok(performance.now() < deadline, `not so: ${JSON.stringify(shown(peer.status))}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return peer.status;
}

function shown(status: PeerStatus): object {
  return { ...status, zxid: String(status.zxid) };
}

/** A peer whose fellows are nowhere. */
async function lonely(t: TestContext, voters: number): Promise<Peer> {
  const peers: Record<number, string> = { 1: 'ws://127.0.0.1:0' };
  // Port 9 is for what is thrown away: nobody listens there.
  for (let id = 2; id <= voters; id += 1) peers[id] = `ws://127.0.0.${id}:9`;
  const peer = await openPeer({ id: 1, peers, dataDir: ':memory:' });
  t.after(() => peer.close());
  return peer;
}

test('a group of one is standalone, and counts what it holds', async (t) => {
  const peer = await openPeer();
  t.after(() => peer.close());
  await peer.ready();
  const before = await statusOf(peer, ({ sessions }) => sessions === 1);
  assert.deepEqual([before.mode, before.state, before.voters], ['standalone', 'leading', [1]]);
  assert.deepEqual([before.quorumSize, before.faultTolerance], [1, 0]);
  assert.ok(Object.isFrozen(before) && Object.isFrozen(before.voters));
  await peer.create('/a', 'x'.repeat(1_000));
  peer.watch('/a').subscribe(() => {});
  const after = await statusOf(peer, ({ watches }) => watches > 0);
  assert.equal(after.nodes, before.nodes + 1);
  assert.ok(after.bytes >= before.bytes + 1_000);
  assert.ok(after.contactAge < 5_000);
  const session = await peer.openSession();
  assert.equal(peer.status.sessions, 2);
  await session.close();
  await statusOf(peer, ({ sessions }) => sessions === 1);
  await peer.close();
  assert.equal(peer.status.mode, 'closed');
});

test('modes are in the words of ZooKeeper, and everybody knows the voters', async () => {
  await using group = await createTestGroup(3, { observers: 1 });
  const leader = await group.leader();
  const modes = new Map(group.peers.map(({ id, status }) => [id, status.mode]));
  assert.equal(modes.get(leader.id), 'leader');
  assert.equal(modes.get(4), 'observer');
  assert.deepEqual([...modes.values()].sort(), ['follower', 'follower', 'leader', 'observer']);
  for (const { status } of group.peers) {
    assert.deepEqual(status.voters, [1, 2, 3]);
    assert.deepEqual([status.quorumSize, status.faultTolerance], [2, 1]);
    assert.equal(status.reason, undefined);
    assert.equal(status.votes, status.mode !== 'observer');
  }
});

test('without a quorum the reason says how many voters are in reach, and why the others are not', async () => {
  await using group = await createTestGroup(3);
  const [one, ...others] = group.peers;
  assert.ok(one);
  for (const { id } of others) await group.kill(id);
  const lost = (status: PeerStatus) => !status.serving && status.state === 'looking';
  const { reason, mode, leader } = await statusOf(one, lost);
  assert.deepEqual([mode, leader], ['looking', undefined]);
  assert.match(String(reason), /^no quorum: 1 of 3 voters; 2: .+; 3: .+/);
});

test('the first start says that it needs everybody, whom it waits for, and why', async (t) => {
  const peer = await lonely(t, 3);
  const refused = ({ peers }: PeerStatus) => peers[2]?.error !== undefined;
  const { reason, voters } = await statusOf(peer, refused);
  assert.match(String(reason), /waiting for the first start of peers 2, 3; 2: .*ECONNREFUSED/);
  assert.deepEqual(voters, [1, 2, 3]);
  await assert.rejects(peer.ready({ timeout: 50 }), /first start of peers 2, 3/);
});

test('an even number of voters is warned of, once, when the group stands', async () => {
  for (const [size, expected] of [
    [2, 1],
    [3, 0],
  ] as const) {
    await using group = await createTestGroup(size);
    const [peer] = group.peers;
    assert.ok(peer);
    await group.kill(peer.id);
    const again = await group.restart(peer.id);
    const warnings: string[] = [];
    again.on('warning', ({ code, message }) => {
      if (code === 'EVEN_VOTERS') warnings.push(message);
    });
    await again.ready({ timeout: 20_000 });
    const [other] = group.peers.filter(({ id }) => id !== again.id);
    assert.ok(other);
    await group.kill(other.id);
    await group.restart(other.id);
    await group.leader();
    assert.equal(warnings.length, expected, `${size} voters`);
    if (expected > 0) assert.match(String(warnings[0]), /2 voters bear no more failures than 1: 0/);
  }
});
