import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromZooCfg, type ZooCfgOptions } from '../../lib/peer/from-zoo-cfg.ts';
import { IGNORED, KEPT, NUMBERED, TAKEN } from '../../lib/peer/zoo-cfg-keys.ts';

const SERVERS = `
server.1=10.0.0.1:2888:3888
server.2=zoo2.example.org:2888:3888
server.3=[fd00::3]:2888:3888
`;
const LEAST = `dataDir=/var/lib/zookeeper\n${SERVERS}`;

const WHOLE = `\uFEFF# The number of milliseconds of each tick
tickTime=2000
initLimit = 10
syncLimit: 5
! another comment
dataDir=/var/lib/zookeeper
dataLogDir=/log/zookeeper
snapCount=50000
preAllocSize=65536
autopurge.snapRetainCount=3
autopurge.purgeInterval=24
fsync.warningthresholdms=500
minSessionTimeout=-1
maxSessionTimeout=30000
cnxTimeout=4000
clientPort=2181
clientPortAddress=127.0.0.1
maxClientCnxns=60
leaderServes=no
electionAlg=3
peerType=observer
server.1=zoo1:2888:3888
server.2=zoo2:2888:3888:participant
server.3=zoo3:2888:3888;2183
server.4=zoo4:2888:3888:observer;0.0.0.0:2184
group.1=1:2
group.2=3
weight.1=2
weight.3=0
`.replaceAll('\n', '\r\n');

test('every key that is taken becomes an option, and ticks become ms', () => {
  const { options, kept, ignored } = fromZooCfg(WHOLE, { myid: 4 });
  assert.deepEqual(options, {
    id: 4,
    dataDir: '/var/lib/zookeeper',
    peers: {
      1: { url: 'ws://zoo1:2888', role: 'participant', weight: 2, group: 1 },
      2: { url: 'ws://zoo2:2888', role: 'participant', group: 1 },
      3: { url: 'ws://zoo3:2888', role: 'participant', weight: 0, group: 2 },
      4: { url: 'ws://zoo4:2888', role: 'observer' },
    },
    dataLogDir: '/log/zookeeper',
    initTimeout: 20_000,
    syncTimeout: 10_000,
    snapCount: 50_000,
    snapRetainCount: 3,
    fsyncWarningThreshold: 500,
    maxSessionTimeout: 30_000,
    dialTimeout: 4_000,
  });
  assert.deepEqual(kept, {
    clientPort: 2181,
    clientPortAddress: '127.0.0.1',
    maxClientCnxns: 60,
    leaderServes: false,
  });
  assert.deepEqual(ignored, ['preAllocSize', 'autopurge.purgeInterval', 'electionAlg']);
});

test('what is not in the file has the defaults of openPeer', () => {
  const { options, kept, ignored } = fromZooCfg(LEAST, { myid: '2\n', scheme: 'wss' });
  assert.deepEqual(options, {
    id: 2,
    dataDir: '/var/lib/zookeeper',
    peers: {
      1: { url: 'wss://10.0.0.1:2888', role: 'participant' },
      2: { url: 'wss://zoo2.example.org:2888', role: 'participant' },
      3: { url: 'wss://[fd00::3]:2888', role: 'participant' },
    },
  });
  assert.deepEqual([kept, ignored], [{}, []]);
});

test('a limit in ticks counts with the tick of ZooKeeper when the file has none', () => {
  assert.equal(fromZooCfg(`${LEAST}initLimit=4`, { myid: 1 }).options.initTimeout, 12_000);
});

test('a short syncLimit makes the heart beat faster', () => {
  const { options } = fromZooCfg(`${LEAST}tickTime=100\nsyncLimit=5`, { myid: 1 });
  assert.deepEqual([options.syncTimeout, options.heartbeat], [500, 125]);
});

test('the client port of the own server line is kept, and that of others is not', () => {
  const text = `dataDir=/d\nserver.1=a:1:2;2181\nserver.2=b:1:2:observer;[::1]:2182\n`;
  assert.deepEqual(fromZooCfg(text, { myid: 1 }).kept, { clientPort: 2181 });
  assert.deepEqual(fromZooCfg(text, { myid: 2 }).kept, {
    clientPort: 2182,
    clientPortAddress: '[::1]',
  });
});

const REFUSED: readonly [what: string, text: string, message: RegExp, myid?: unknown][] = [
  ['no server', 'dataDir=/d', /no server\.N; a group of one is openPeer/],
  ['no dataDir', SERVERS, /dataDir is missing/],
  [
    'no myid',
    LEAST,
    /myid is missing: the file \/var\/lib\/zookeeper\/myid says.*server\.1, server\.2, server\.3/,
    undefined,
  ],
  ['an empty file myid', LEAST, /myid is no number: the file \/var\/lib\/zookeeper\/myid/, '\n'],
  [
    'a myid that no line names',
    LEAST,
    /myid is 4 \(see \/var\/lib\/zookeeper\/myid\).*server\.1, server\.2, server\.3/,
    4,
  ],
  ['a misspelt key', `${LEAST}synclimit=5`, /unknown key 'synclimit'; the nearest is 'syncLimit'/],
  ['another', `${LEAST}autopurge.retainCount=5`, /nearest is 'autopurge\.snapRetainCount'/],
  ['a server that is none', `${LEAST}servr.4=a:1:2`, /unknown key.*nearest is 'server\.N'/],
  ['two spellings of one id', `${LEAST}server.01=a:1:2`, /unknown key 'server\.01'/],
  ['a key twice', `${LEAST}dataDir=/other`, /dataDir is there twice/],
  ['a line that is none', `${LEAST}tickTime`, /line \d+ is not of the form/],
  ['a server with one port', 'dataDir=/d\nserver.1=a:2888', /server\.1=a:2888: expected/],
  ['a port that is none', 'dataDir=/d\nserver.1=a:2888:70000', /server\.1: 70000 is no port/],
  ['port 0', 'dataDir=/d\nserver.1=a:0:1', /server\.1: 0 is no port/],
  ['several addresses', 'dataDir=/d\nserver.1=a:1:2|b:1:2', /several addresses/],
  ['an unknown role', 'dataDir=/d\nserver.1=a:1:2:witness', /expected host:port:port/],
  ['ticks that are none', `${LEAST}initLimit=ten`, /initLimit=ten: expected a whole number/],
  ['an answer that is none', `${LEAST}leaderServes=maybe`, /expected yes or no/],
  ['a type that is none', `${LEAST}peerType=leader`, /expected observer or participant/],
  ['an observer that votes', `${LEAST}peerType=observer`, /server\.1 does not end in :observer/],
  [
    'a voter that observes',
    'dataDir=/d\npeerType=participant\nserver.1=a:1:2:observer',
    /server\.1 ends in :observer/,
  ],
  ['a weight for nobody', `${LEAST}weight.9=1`, /a weight is given to 9, but.*server\.9/],
  ['a group of strangers', `${LEAST}group.1=1:2:3:9`, /a group is given to 9/],
  ['a voter without a group', `${LEAST}group.1=1:2`, /server\.3 is in no group/],
  ['a voter in two groups', `${LEAST}group.1=1:2\ngroup.2=2:3`, /server\.2 is in two groups/],
  ['a group that is none', `${LEAST}group.1=a`, /expected ids such as 1:2:3/],
];

for (const [what, text, message, ...given] of REFUSED) {
  test(`refuses ${what}`, () => {
    const myid = given.length === 0 ? 1 : given[0];
    assert.throws(() => fromZooCfg(text, { myid } as ZooCfgOptions), {
      name: 'TypeError',
      message,
    });
  });
}

test('the guide has a line for every key', () => {
  const guide = readFileSync(new URL('../../lib/peer/zoo-cfg.md', import.meta.url), 'utf8');
  const numbered = NUMBERED.map((key) => `${key}.N`);
  for (const key of [...TAKEN, ...KEPT, ...IGNORED, ...numbered]) {
    assert.ok(guide.includes(`\n| \`${key}\` |`), key);
  }
});
