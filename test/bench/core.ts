/**
 * The whole round of a write: proposed by the leader, appended and acknowledged by both followers,
 * committed and applied on all three, answered; 100 bytes, real codec, in memory, one thread.
 */
import type { Replica } from '../../lib/replica/replica.ts';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { type BenchPeer, Group } from './group.ts';
import { cpuSeconds, report } from './measure.ts';
import { round } from './round.ts';

const NODES = 1000;
const DATA = new Uint8Array(100).fill(0x61);
const ACL = [{ scheme: 'world', id: 'anyone', permissions: 31 }];

interface Loaded {
  readonly group: Group;
  readonly leader: BenchPeer;
  readonly followers: readonly BenchPeer[];
  readonly session: SessionHandle;
  readonly paths: readonly string[];
}

function load(): Loaded {
  const group = new Group(3);
  const { leader, followers } = group.elect();
  const session = leader.replica.sessions.open({ timeout: 30_000 });
  group.until(() => session.state === 'connected');
  const paths = Array.from({ length: NODES }, (_, index) => `/node-${index}`);
  for (const path of paths) {
    const create = {
      type: 'create',
      path,
      data: DATA,
      acl: ACL,
      mode: 'persistent',
      ttl: 0,
      parents: false,
    } as const;
    leader.replica.sessions.submit(session, create);
    group.settle();
  }
  leader.deliveries = [];
  return { group, leader, followers, session, paths };
}

/** Writes of one session, `batch` at a time: the next ones are asked for when the last are answered. */
function write(loaded: Loaded, writes: number, batch: number): void {
  const { group, leader, followers, session, paths } = loaded;
  let submitted = 0;
  const ask = (replica: Replica): void => {
    for (let count = 0; count < batch; count += 1) {
      const path = paths[submitted % NODES] ?? '/';
      const ticket = replica.sessions.submit(session, {
        type: 'set',
        path,
        data: DATA,
        version: -1,
      });
      if (typeof ticket !== 'number') throw new Error(ticket);
      submitted += 1;
    }
  };
  let answered = 0;
  while (answered < writes) {
    group.now += 0.25;
    leader.turn(group.now, submitted - answered < batch ? ask : undefined);
    for (const delivery of leader.deliveries) {
      if (delivery.type !== 'reply') continue;
      if (delivery.result.type !== 'set') throw new Error(delivery.result.type);
      answered += 1;
    }
    leader.deliveries = [];
    for (const follower of followers) follower.turn(group.now);
  }
  group.settle();
  leader.deliveries = [];
}

function check({ group }: Loaded): void {
  const [hash, ...others] = group.peers.map(({ replica }) => replica.stateMachine.hash());
  if (others.some((other) => other !== hash)) throw new Error('the trees differ');
}

export function core(): void {
  round();
  const loaded = load();
  for (const batch of [64, 1, 512]) {
    const writes = batch === 1 ? 20_000 : 100_000;
    const clock: number[] = [];
    const core: number[] = [];
    for (let round = -2; round < 9; round += 1) {
      const begun = performance.now();
      const cpu = cpuSeconds();
      write(loaded, writes, batch);
      if (round < 0) continue;
      clock.push((1000 * writes) / (performance.now() - begun));
      core.push(writes / (cpuSeconds() - cpu));
    }
    check(loaded);
    report({ name: `writes of three peers, ${batch} at a time`, unit: '/s', rounds: clock });
    report({
      name: '  in a second of processor time',
      unit: '/s',
      rounds: core,
    });
    report({
      name: '  processor time of a write, all peers',
      unit: 'us',
      rounds: core.map((rate) => 1e6 / rate),
    });
  }
}
