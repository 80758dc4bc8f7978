/** What a read costs where the application makes it: in the replica, and through the client with its promise. */
import { openPeer } from '../../lib/index.ts';
import { Group } from './group.ts';
import { cpuSeconds, microseconds, report } from './measure.ts';

const NODES = 10_000;
const DATA = new Uint8Array(100).fill(0x61);
const ACL = [{ scheme: 'world', id: 'anyone', permissions: 31 }];

function inReplica(): void {
  const group = new Group(1);
  const { leader } = group.elect();
  const session = leader.replica.sessions.open({ timeout: 30_000 });
  group.until(() => session.state === 'connected');
  const paths = Array.from({ length: NODES }, (_, index) => `/node-${index}`);
  for (const path of paths) {
    const mode = { mode: 'persistent', ttl: 0, parents: false } as const;
    leader.replica.sessions.submit(session, {
      type: 'create',
      path,
      data: DATA,
      acl: ACL,
      ...mode,
    });
    group.settle();
  }
  const times = microseconds(NODES, () => {
    for (const path of paths) {
      const result = leader.replica.sessions.read(session, { type: 'get', path });
      if (typeof result === 'number' || result.type !== 'get') throw new Error('not read at once');
    }
  });
  report({
    name: 'get with Stat, in a session of a replica',
    unit: '/s',
    rounds: times.map(perSecond),
  });
}

function perSecond(time: number): number {
  return 1e6 / time;
}

async function throughClient(): Promise<void> {
  await using peer = await openPeer();
  const paths = Array.from({ length: NODES }, (_, index) => `/node-${index}`);
  for (const path of paths) await peer.create(path, 'x'.repeat(100));
  const rates: number[] = [];
  const costs: number[] = [];
  for (let round = -2; round < 7; round += 1) {
    const begun = performance.now();
    const cpu = cpuSeconds();
    for (let again = 0; again < 20; again += 1) for (const path of paths) await peer.get(path);
    if (round < 0) continue;
    rates.push((20_000 * NODES) / (performance.now() - begun));
    costs.push(((cpuSeconds() - cpu) * 1e6) / (20 * NODES));
  }
  report({ name: 'await peer.get, one after the other', unit: '/s', rounds: rates });
  report({ name: '  processor time of one', unit: 'us', rounds: costs });
}

export async function reads(): Promise<void> {
  inReplica();
  await throughClient();
}
