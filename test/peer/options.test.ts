import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions } from '../../lib/peer/options.ts';
import type { Grouped, Solo } from '../../lib/peer/settings.ts';

const THREE = { 1: 'ws://127.0.0.1:7701', 2: 'ws://localhost:7702/quorate', 3: 'ws://[::1]:7703' };

function group(change: object = {}): Grouped {
  return { id: 1, peers: THREE, dataDir: '/data', ...change };
}

/** As JavaScript may pass it: what the types would not let through. */
function check(options: unknown): ReturnType<typeof checkOptions> {
  return checkOptions(options as Solo);
}

test('a peer without options is a group of one in memory, with the documented defaults', () => {
  const { addresses, ...rest } = checkOptions({});
  assert.deepEqual(rest, {
    id: 1,
    dataDir: undefined,
    dataLogDir: undefined,
    bootstrap: false,
    sessionTimeout: 6_000,
    minSessionTimeout: 4_000,
    maxSessionTimeout: 60_000,
    requestTimeout: 10_000,
    heartbeat: 250,
    syncTimeout: 2_000,
    initTimeout: 15_000,
    snapCount: 100_000,
    snapRetainCount: 1,
    fsyncWarningThreshold: 1_000,
    dialTimeout: 3_000,
    maxTreeBytes: 256 * 1024 * 1024,
    logger: undefined,
    signal: undefined,
    superDigest: undefined,
    trust: { id: 1, secrets: [], tls: undefined, insecure: false },
    binding: { type: 'own', host: undefined, port: undefined, path: undefined },
  });
  assert.deepEqual(
    addresses.map(({ id, role }) => [id, role]),
    [[1, 'participant']],
  );
});

test('addresses come in the order of their ids, with every default', () => {
  const observer = { url: 'ws://127.0.0.1:7700/', role: 'observer', weight: 0, group: 2 };
  const { addresses } = check(group({ peers: { 9: observer, ...THREE } }));
  assert.deepEqual(
    addresses.map(({ id }) => id),
    [1, 2, 3, 9],
  );
  assert.deepEqual(addresses[3], { id: 9, ...observer });
  assert.deepEqual([addresses[0]?.weight, addresses[0]?.group], [1, 0]);
});

test("':memory:' is no directory", () => {
  assert.equal(checkOptions(group({ dataDir: ':memory:' })).dataDir, undefined);
  assert.equal(checkOptions(group()).dataDir, '/data');
});

test('the default of a session gives way to its bounds', () => {
  assert.equal(checkOptions({ maxSessionTimeout: 5_000 }).sessionTimeout, 5_000);
  assert.equal(checkOptions({ minSessionTimeout: 20_000 }).sessionTimeout, 20_000);
  const short = checkOptions({ minSessionTimeout: 1_000, sessionTimeout: 1_000 });
  assert.equal(short.sessionTimeout, 1_000);
});

const REFUSED: readonly [what: string, options: unknown, name: string, message: RegExp][] = [
  ['no object', 7, 'TypeError', /options must be an object/],
  ['an array', [], 'TypeError', /options must be an object/],
  [
    'an unknown option',
    { syncLimit: 5 },
    'TypeError',
    /unknown option 'syncLimit'; known are .*syncTimeout/,
  ],
  ['dataDir undefined', { dataDir: undefined }, 'TypeError', /dataDir is undefined/],
  ['peers undefined', group({ peers: undefined }), 'TypeError', /peers is undefined/],
  ['id undefined', group({ id: undefined }), 'TypeError', /id is undefined/],
  ['an empty dataDir', { dataDir: '' }, 'TypeError', /dataDir must be a path/],
  ['a log without a directory', { dataLogDir: '/log' }, 'TypeError', /needs a dataDir on disk/],
  [
    'a log beside a group in memory',
    group({ dataDir: ':memory:', dataLogDir: '/log' }),
    'TypeError',
    /needs a dataDir on disk/,
  ],
  ['a group without a dataDir', { id: 1, peers: THREE }, 'TypeError', /needs a dataDir/],
  ['bootstrap without peers', { bootstrap: true }, 'TypeError', /bootstrap needs peers/],
  ['a bootstrap of text', group({ bootstrap: 'yes' }), 'TypeError', /true or false/],
  ['a group without an id', { peers: THREE, dataDir: '/data' }, 'TypeError', /needs an id/],
  ['an id that is text', group({ id: '1' }), 'TypeError', /id must be a number/],
  ['id 0', { id: 0 }, 'RangeError', /1 to 255, not 0/],
  ['id 256', { id: 256 }, 'RangeError', /1 to 255, not 256/],
  ['id 1.5', { id: 1.5 }, 'RangeError', /1 to 255, not 1.5/],
  ['a group that lacks this peer', group({ id: 4 }), 'TypeError', /must contain this peer, id 4/],
  [
    'a name for an id',
    group({ peers: { ...THREE, a: 'ws://127.0.0.1:1' } }),
    'RangeError',
    /the id 'a'/,
  ],
  [
    'two peers at one place',
    group({ peers: { 1: THREE[1], 2: THREE[1] } }),
    'TypeError',
    /1 and 2 share/,
  ],
  [
    'only observers',
    group({ peers: { 1: { url: THREE[1], role: 'observer' } } }),
    'TypeError',
    /a participant/,
  ],
  [
    'an unknown role',
    group({ peers: { 1: { url: THREE[1], role: 'voter' } } }),
    'TypeError',
    /peers\[1\].role/,
  ],
  [
    'an unknown field',
    group({ peers: { 1: { url: THREE[1], port: 1 } } }),
    'TypeError',
    /unknown option 'port'/,
  ],
  [
    'a negative weight',
    group({ peers: { 1: { url: THREE[1], weight: -1 } } }),
    'RangeError',
    /weight/,
  ],
  ['no URL', group({ peers: { 1: 'here' } }), 'TypeError', /peers\[1\]/],
  ['HTTP', group({ peers: { 1: 'http://127.0.0.1:1' } }), 'TypeError', /peers\[1\].*ws:/],
  ['no port', group({ peers: { 1: 'ws://127.0.0.1/' } }), 'TypeError', /port/],
  ['a public address', group({ peers: { 1: 'ws://10.0.0.1:7700' } }), 'TypeError', /loopback/],
  [
    'a name that only begins like loopback',
    group({ peers: { 1: 'ws://127.0.0.1.example.org:1' } }),
    'TypeError',
    /loopback/,
  ],
  [
    'a session of 3 s',
    { sessionTimeout: 3_999 },
    'RangeError',
    /sessionTimeout must be 4000 to 60000/,
  ],
  [
    'bounds of a session that leave no room',
    { minSessionTimeout: 5_000, maxSessionTimeout: 4_999 },
    'RangeError',
    /minSessionTimeout \(5000\) is above maxSessionTimeout/,
  ],
  [
    'a session beyond bounds that were given',
    { sessionTimeout: 10_001, maxSessionTimeout: 10_000 },
    'RangeError',
    /sessionTimeout must be 4000 to 10000/,
  ],
  ['a session of 61 s', { sessionTimeout: 61_000 }, 'RangeError', /sessionTimeout/],
  ['a duration as text', { heartbeat: '250' }, 'TypeError', /heartbeat must be a number/],
  ['no number', { heartbeat: Number.NaN }, 'TypeError', /heartbeat must be a number/],
  ['a fraction', { heartbeat: 10.5 }, 'RangeError', /whole number/],
  ['syncTimeout in ticks', { syncTimeout: 5 }, 'RangeError', /syncTimeout/],
  [
    'syncTimeout near the heartbeat',
    { heartbeat: 500, syncTimeout: 1_999 },
    'RangeError',
    /four heartbeats/,
  ],
  ['a logger that is none', { logger: console.log }, 'TypeError', /logger/],
  ['a signal that is none', { signal: {} }, 'TypeError', /AbortSignal/],
];

for (const [what, options, name, message] of REFUSED) {
  test(`openPeer refuses ${what}`, () => {
    assert.throws(() => check(options), { name, message });
  });
}

test('a long value does not end up in a message', () => {
  const secret = 'x'.repeat(100);
  assert.throws(
    () => check({ heartbeat: secret }),
    (error) => error instanceof TypeError && !error.message.includes(secret),
  );
});
