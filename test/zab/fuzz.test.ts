/**
 * Any valid message in a wrong role, epoch or order is dropped, ends the link or the role, or
 * quarantines the peer: it never throws into the host, and never moves a mark where it must not be.
 * FUZZ_RUNS sets the number of runs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeZxid, ZERO, type Zxid } from '../../lib/base/zxid.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import type { Entry } from '../../lib/zab/log-entry.ts';
import type { ZabMessage } from '../../lib/zab/messages.ts';
import { World } from './world.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 150);

const epoch = fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.nat(0xffff_ffff));
const zxid: fc.Arbitrary<Zxid> = fc.oneof(
  fc.constant(ZERO),
  fc.tuple(fc.constantFrom(1, 2, 3), fc.nat(5)).map(([e, c]) => makeZxid(e, c)),
);
const chain = fc.oneof(fc.constant(0), fc.nat(1_000_000));
const bytes = fc.uint8Array({ maxLength: 8 });
const stores = fc.constantFrom('1'.padStart(32, '0'), '3'.padStart(32, '0'), 'f'.repeat(32));
const configuration: fc.Arbitrary<Configuration> = fc.record({
  version: zxid,
  voters: fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 4 }),
      store: stores,
      start: fc.nat(2),
      weight: fc.nat(2),
      group: fc.nat(1),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  origin: fc.oneof(
    fc.constant({ type: 'genesis' as const }),
    fc.record({ type: fc.constant('replace-store' as const), id: fc.nat(4), lost: stores }),
  ),
});
const entry: fc.Arbitrary<Entry> = fc
  .record({
    zxid,
    bytes,
    chain,
    configuration: fc.option(configuration, { nil: undefined, freq: 4 }),
  })
  .map(({ configuration: decoded, ...rest }) =>
    decoded === undefined
      ? { ...rest, kind: 'transaction' as const }
      : { ...rest, kind: 'configuration' as const, configuration: decoded },
  );
const entries = fc.array(entry, { maxLength: 3 });
const id = fc.integer({ min: 1, max: 4 });
const vote = fc.option(fc.record({ leader: id, epoch, zxid }), { nil: undefined });
const birth = fc.oneof(
  fc.constantFrom({ state: 'unborn' as const }, { state: 'born' as const }),
  configuration.map(({ voters }) => ({ state: 'pledged' as const, voters })),
);

const message: fc.Arbitrary<ZabMessage> = fc.oneof<fc.Arbitrary<ZabMessage>[]>(
  fc.record({
    type: fc.constant('HELLO'),
    protocol: fc.constant({ min: 1, max: 1 }),
    cluster: fc.constantFrom('', 'x'),
    id,
    store: stores,
    boot: fc.nat(3),
    starts: fc.array(fc.nat(2), { maxLength: 2 }),
    role: fc.constantFrom('participant', 'observer'),
    votersHash: chain,
    bootstrap: fc.boolean(),
    birth,
  }),
  fc.record({
    type: fc.constant('BIRTH'),
    birth,
    genesis: fc.option(configuration, { nil: undefined }),
    cluster: fc.constant(''),
  }),
  fc.record({
    type: fc.constant('NOTIFICATION'),
    round: fc.nat(5),
    state: fc.constantFrom('looking', 'following', 'leading', 'observing'),
    vote,
  }),
  fc.record({
    type: fc.constant('FOLLOWERINFO'),
    acceptedEpoch: epoch,
    acceptedFrom: fc.constantFrom('', '1:x'),
    currentEpoch: epoch,
    lastZxid: zxid,
    configuration: zxid,
    voter: fc.boolean(),
  }),
  fc.record({ type: fc.constant('LEADERINFO'), epoch }),
  fc.record({
    type: fc.constant('ACKEPOCH'),
    epoch,
    counted: fc.boolean(),
    currentEpoch: epoch,
    lastZxid: zxid,
    lastChain: chain,
    appliedZxid: zxid,
    empty: fc.boolean(),
  }),
  fc.record({ type: fc.constant('DIFF'), epoch, from: zxid, chain }),
  fc.record({ type: fc.constant('TRUNC'), epoch, to: zxid, chain }),
  fc.record({ type: fc.constant('SNAP'), epoch, zxid, chain, configuration }),
  fc.record({ type: fc.constant('CHUNK'), epoch, sequence: fc.nat(2), bytes, last: fc.boolean() }),
  fc.record({ type: fc.constant('HISTORY'), epoch, previous: zxid, entries }),
  fc.record({ type: fc.constant('NEWLEADER'), epoch, historyZxid: zxid, historyChain: chain }),
  fc.record({ type: fc.constant('ACKNEWLEADER'), epoch, zxid, chain }),
  fc.record({ type: fc.constant('UPTODATE'), epoch, commitZxid: zxid }),
  fc.record({ type: fc.constantFrom('PROPOSAL', 'INFORM'), epoch, previous: zxid, entries }),
  fc.record({ type: fc.constantFrom('ACK', 'COMMIT'), epoch, zxid }),
  fc.record({ type: fc.constantFrom('PING', 'PONG'), epoch, nonce: fc.nat(5) }),
  fc.record({ type: fc.constant('HANDOVER'), epoch, successor: id }),
  fc.record({ type: fc.constant('FORGOTTEN'), detail: fc.constant('fuzz') }),
);

const blow = fc.record({
  peer: fc.integer({ min: 1, max: 3 }),
  link: fc.nat(3),
  message,
  wait: fc.constantFrom(0, 0, 0, 60, 300),
});

function checkMarks(world: World): void {
  for (const { zab } of world.peers.values()) {
    if (zab === undefined) continue;
    assert(zab.applied <= zab.committed, 'applied <= committed');
    assert(zab.durableZxid <= zab.lastZxid, 'durable <= queued');
    assert(zab.epochs.current <= zab.epochs.accepted, 'currentEpoch <= acceptedEpoch');
  }
}

test('valid messages at the wrong place never throw and never break a mark', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(blow, { minLength: 1, maxLength: 30 }), (running, blows) => {
      const world = new World(() => {}, new Set());
      for (const peer of [1, 2, 3]) world.add(peer, [1, 2, 3], {});
      for (const peer of [1, 2, 3]) world.start(peer);
      world.settle();
      if (running) world.propose(3);
      for (const { peer, link, message: forged, wait } of blows) {
        const links = world.linksOf(peer);
        const target = links[link % Math.max(1, links.length)];
        if (target !== undefined) world.zab(peer).step(target, forged);
        if (wait > 0) world.run(wait);
        else world.settle();
        checkMarks(world);
      }
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  );
});
