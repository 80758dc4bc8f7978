/** Connections of the simulation itself: whatever ends, and whenever, both sides come to know it and dial again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZAB_PREDICATES } from '../../lib/testing/predicates/all.ts';
import { Prng } from '../../lib/testing/prng.ts';
import { SimClock } from '../../lib/testing/sim-clock.ts';
import { SimCluster } from '../../lib/testing/sim-cluster.ts';
import { wireCodec } from '../../lib/testing/sim-codec.ts';
import { type Endpoint, SimNetwork } from '../../lib/testing/sim-network.ts';
import { drawSwarm } from '../../lib/testing/swarm.ts';
import { zabFactory } from '../../lib/testing/zab-machine.ts';
import { DecodeError } from '../../lib/wire/decode-error.ts';

const NETWORK = {
  latency: 10,
  jitter: 0,
  spikeChance: 0,
  spike: 0,
  perKilobyte: 0,
  queueBytes: 1_000,
};

class Ends implements Endpoint {
  readonly place: number;
  alive = true;
  readonly links: number[] = [];
  readonly gone: number[] = [];
  readonly drains: number[] = [];
  readonly frames: unknown[] = [];

  constructor(place: number) {
    this.place = place;
  }

  linked(link: number): void {
    this.links.push(link);
  }

  unlinked(link: number): void {
    this.gone.push(link);
  }

  drained(link: number): void {
    this.drains.push(link);
  }

  frame(_link: number, frame: { readonly body: unknown }): void {
    this.frames.push(frame.body);
  }
}

function pair(seed = 1): { clock: SimClock; network: SimNetwork; one: Ends; two: Ends } {
  const clock = new SimClock();
  const network = new SimNetwork(clock, new Prng(seed), NETWORK);
  const one = new Ends(1);
  const two = new Ends(2);
  network.attach(one);
  network.attach(two);
  return { clock, network, one, two };
}

test('an end that closes before it stands is a dial that failed', () => {
  const { clock, network, one, two } = pair();
  let failures = 0;
  network.dial(one, 2, () => {
    failures += 1;
  });
  clock.runUntil(1_000, () => two.links.length === 1);
  assert.deepEqual([two.links.length, one.links.length], [1, 0], 'only the other side knows of it');
  network.crash(one, false);
  clock.runUntil(1_000);
  assert.equal(failures, 1);
  assert.deepEqual(one.links, []);
  assert.deepEqual(two.gone, two.links, 'and the other side learns that it is gone');
});

test('a dial that takes too long is given up, and who was called learns it', () => {
  for (const place of [1, 2]) {
    const { clock, network, one, two } = pair();
    let failures = 0;
    network.slow(place, 1_000);
    network.dial(one, 2, () => {
      failures += 1;
    });
    clock.runUntil(4_000);
    assert.deepEqual([failures, one.links], [1, []]);
    network.slow(place, 1);
    clock.runUntil(20_000);
    assert.deepEqual(two.gone, two.links);
  }
});

test('more bytes than a link may have waiting end it, and fewer are told until they have gone', () => {
  const { clock, network, one, two } = pair();
  network.dial(one, 2, () => assert.fail('it stands'));
  clock.runUntil(100);
  const [link = 0] = one.links;
  network.send(link, { body: 'first', size: 500 });
  assert.equal(network.overflows(link), false);
  assert.ok(network.backlog(link) > 0);
  clock.runUntil(200);
  assert.deepEqual(one.drains, [link]);
  assert.equal(network.backlog(link), 0);
  network.block(1, 2);
  network.send(link, { body: 'second', size: 600 });
  network.send(link, { body: 'third', size: 600 });
  assert.equal(network.overflows(link), true);
  network.unblock(1, 2);
  clock.runUntil(300);
  assert.deepEqual(two.gone, two.links);
});

test('a break loses a suffix of the bytes, not of the frames alone', () => {
  let torn = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const { clock, network, one, two } = pair(seed);
    network.dial(one, 2, () => assert.fail('it stands'));
    clock.runUntil(100);
    const [link = 0] = one.links;
    for (let count = 1; count <= 3; count += 1) {
      network.send(link, { body: new Uint8Array(9).fill(count), size: 9 });
    }
    network.break(1, 2, false);
    clock.runUntil(1_000);
    const bytes = two.frames.flatMap((body) => (body instanceof Uint8Array ? [...body] : []));
    const sent = [1, 2, 3].flatMap((count) => Array.from({ length: 9 }, () => count));
    assert.deepEqual(bytes, sent.slice(0, bytes.length));
    if (bytes.length % 9 !== 0) torn += 1;
  }
  assert.ok(torn > 0, 'some break is within a frame');
});

test('the head of a frame is read as a whole frame only where it is one', () => {
  const codec = wireCodec();
  const ping = { type: 'PING', epoch: 3, nonce: 9 } as const;
  const [frame] = codec.encode([ping, { type: 'PONG', epoch: 3, nonce: 8 }]);
  assert.ok(frame?.body instanceof Uint8Array);
  const { body } = frame;
  for (let length = 0; length < body.length; length += 1) {
    const head = { body: body.subarray(0, length), size: length };
    try {
      const messages = codec.decode(head);
      assert.ok(messages.length < 2, `${length} of ${body.length} bytes`);
      for (const message of messages) assert.deepEqual(message, ping);
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
    }
  }
});

test('a process that crashes over the end of a link dials again in its next life', () => {
  const swarm = drawSwarm(5, {
    schedule: [],
    fixed: {
      voters: [1, 2, 3].map((id) => ({ id, weight: 1, group: 0 })),
      observers: [255],
      born: true,
      turnTime: 0,
    },
  });
  const cluster = new SimCluster({
    swarm,
    factory: zabFactory,
    codec: wireCodec(),
    predicates: ZAB_PREDICATES,
  });
  const { clock, network, peers } = cluster;
  cluster.startAll();
  const observer = peers.find((peer) => peer.observer);
  assert.ok(observer !== undefined);
  const joined = (): boolean => observer.view.phase === 'broadcast';
  clock.runUntil(60_000, joined);
  assert.ok(joined());
  // Nobody dials an observer: if it does not dial, it stays alone.
  for (let times = 0; times < 5; times += 1) {
    const { life } = observer;
    observer.setTrap('told', 200);
    for (const peer of peers) network.break(observer.place, peer.place, false);
    clock.runUntil(clock.now + 60_000, () => observer.life > life && joined());
    assert.ok(observer.life > life, 'it has crashed and lives again');
    assert.ok(joined(), 'and has found the others');
  }
});
