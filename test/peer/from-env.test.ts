import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Environment, fromEnv } from '../../lib/peer/from-env.ts';
import { checkOptions } from '../../lib/peer/options.ts';

const THREE = '1=ws://127.0.0.1:7700, 2=ws://127.0.0.1:7701/quorate , 3=ws://127.0.0.1:7702/a=b';
const WHOLE = { QUORATE_ID: '2', QUORATE_PEERS: THREE, QUORATE_DATA_DIR: '/data' };

test('three peers from the environment', () => {
  assert.deepEqual(fromEnv(WHOLE), {
    id: 2,
    dataDir: '/data',
    peers: {
      1: 'ws://127.0.0.1:7700',
      2: 'ws://127.0.0.1:7701/quorate',
      3: 'ws://127.0.0.1:7702/a=b',
    },
  });
  assert.equal(checkOptions(fromEnv(WHOLE)).addresses.length, 3, 'openPeer takes it');
});

test('a secret is handed on, and only if there is one', () => {
  assert.ok('secret' in fromEnv({ ...WHOLE, QUORATE_SECRET: ' s ' }));
  assert.ok(!('secret' in fromEnv({ ...WHOLE, QUORATE_SECRET: '' })));
});

test('alone is a word, with or without a directory', () => {
  assert.deepEqual(fromEnv({ QUORATE_PEERS: 'solo' }), {});
  assert.deepEqual(
    fromEnv({ QUORATE_PEERS: ' solo ', QUORATE_DATA_DIR: '/data', QUORATE_ID: '3' }),
    { id: 3, dataDir: '/data' },
  );
});

const REFUSED: readonly [what: string, env: Environment, message: RegExp][] = [
  ['nothing at all', {}, /QUORATE_PEERS is not set.*solo/],
  ['an empty list', { ...WHOLE, QUORATE_PEERS: ' ' }, /QUORATE_PEERS is not set/],
  ['no id', { ...WHOLE, QUORATE_ID: undefined }, /QUORATE_ID is not set/],
  ['an id that is none', { ...WHOLE, QUORATE_ID: 'two' }, /QUORATE_ID.*1 to 255, not 'two'/],
  ['an id beyond 255', { ...WHOLE, QUORATE_ID: '256' }, /QUORATE_ID.*'256'/],
  ['an id with a zero ahead', { ...WHOLE, QUORATE_ID: '02' }, /QUORATE_ID.*'02'/],
  ['a stranger', { ...WHOLE, QUORATE_ID: '4' }, /QUORATE_ID is 4.*QUORATE_PEERS: 1, 2, 3/],
  ['no directory', { ...WHOLE, QUORATE_DATA_DIR: '' }, /QUORATE_DATA_DIR is not set/],
  ['an entry without an id', { ...WHOLE, QUORATE_PEERS: 'ws://a:1' }, /'ws:\/\/a:1' is not of/],
  ['a comma too many', { ...WHOLE, QUORATE_PEERS: `${THREE},` }, /'' is not of the form/],
  ['an id twice', { ...WHOLE, QUORATE_PEERS: `${THREE},1=ws://d:1` }, /the id 1 twice/],
  ['no URL', { ...WHOLE, QUORATE_PEERS: '2=host:7700' }, /peer 2 is not at a URL/],
  ['no port', { ...WHOLE, QUORATE_PEERS: '2=ws://host' }, /peer 2 is not at a URL/],
  ['an unknown word', { ...WHOLE, QUORATE_PEERS: 'none' }, /'none' is not of the form/],
];

for (const [what, env, message] of REFUSED) {
  test(`refuses ${what}, by name`, () => {
    assert.throws(() => fromEnv(env), { name: 'TypeError', message });
  });
}
