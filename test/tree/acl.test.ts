import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Acl, type Identity, PERMISSION } from '../../lib/tree/acl.ts';
import { maskAcl, permits, resolveAcl } from '../../lib/tree/acl-check.ts';
import { AclTable, OPEN_ACL } from '../../lib/tree/acl-table.ts';
import { addressMatches, isAddressRange } from '../../lib/tree/ip-range.ts';
import type { CustomSchemes, Reader } from '../../lib/tree/reader.ts';
import { decodeTxn, encodeTxn } from '../../lib/wire/txn.ts';
import { bytes, create, OPEN, outcome, ownerOf, set, setAcl, World } from './world.ts';

const { read, write, admin, all } = PERMISSION;
const anyone = (permissions: number): Acl[number] => ({
  scheme: 'world',
  id: 'anyone',
  permissions,
});
const digest = (user: string, permissions: number): Acl[number] => ({
  scheme: 'digest',
  id: `${user}:hash`,
  permissions,
});
const who = (...identities: Identity[]): Reader => ({ identities });
const ann = { scheme: 'digest', id: 'ann:hash' };
const address = { scheme: 'ip', id: '10.1.2.3' };

/** Members of a team by the first letter. */
const teams: CustomSchemes = {
  valid: (scheme, id) => (scheme === 'team' ? id.length === 1 : undefined),
  matches: (identity, entry) => identity.id.startsWith(entry.id),
};

test('permissions belong to identities, bit by bit', () => {
  const acl = [
    anyone(read),
    digest('ann', write),
    { scheme: 'ip', id: '10.0.0.0/8', permissions: admin },
  ];
  assert(permits(acl, read, who()));
  assert(!permits(acl, write, who()));
  assert(permits(acl, write, who(ann)));
  assert(!permits(acl, write, who({ scheme: 'digest', id: 'ann:other' })));
  assert(permits(acl, admin, who(address)));
  assert(!permits(acl, admin, who({ scheme: 'ip', id: '11.1.2.3' })));
  assert(permits(acl, admin | read, who()));
  assert(permits([], all, who({ scheme: 'super', id: '' })));
});

test('a custom scheme is asked, and nobody is let in by one that is not there', () => {
  const acl = [{ scheme: 'team', id: 'b', permissions: all }];
  const bob = { scheme: 'team', id: 'bob' };
  assert(permits(acl, read, { identities: [bob], schemes: teams }));
  assert(!permits(acl, read, { identities: [{ scheme: 'team', id: 'ann' }], schemes: teams }));
  assert(!permits(acl, read, who(bob)));
  assert.deepEqual(resolveAcl(acl, { identities: [], schemes: teams }), acl);
  assert.equal(resolveAcl(acl, who()), undefined);
  assert.equal(
    resolveAcl([{ scheme: 'team', id: 'long', permissions: all }], {
      identities: [],
      schemes: teams,
    }),
    undefined,
  );
});

test('an ACL is resolved: duplicates go, auth becomes who asks', () => {
  assert.deepEqual(resolveAcl([anyone(read), anyone(read), anyone(write)], who()), [
    anyone(read),
    anyone(write),
  ]);
  const auth = [{ scheme: 'auth', id: '', permissions: all }];
  assert.deepEqual(resolveAcl(auth, who(address, ann)), [{ ...ann, permissions: all }]);
  assert.equal(resolveAcl(auth, who(address)), undefined);
  assert.equal(resolveAcl(auth, who({ scheme: 'super', id: '' })), undefined);
});

test('a malformed ACL is refused', () => {
  const bad: Acl[] = [
    [],
    [anyone(32)],
    [{ scheme: 'world', id: 'someone', permissions: 1 }],
    [{ scheme: 'digest', id: 'nohash', permissions: 1 }],
    [{ scheme: 'digest', id: 'a:b:c', permissions: 1 }],
    [{ scheme: 'ip', id: '10.0.0.0/33', permissions: 1 }],
    [{ scheme: 'super', id: '', permissions: 1 }],
    [anyone(1), { scheme: 'sasl', id: 'x', permissions: 1 }],
  ];
  for (const acl of bad) assert.equal(resolveAcl(acl, who()), undefined, JSON.stringify(acl));
});

test('addresses and ranges', () => {
  const ranges = [
    '10.0.0.1',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '::1',
    'fd00::/8',
    '::ffff:10.0.0.1',
    '1:2:3:4:5:6:7:8',
    '::',
  ];
  for (const range of ranges) assert(isAddressRange(range), range);
  const none = [
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.0/',
    '10.0.0.0/x',
    '10.0.0.0/33',
    '::/129',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '::1.2.3',
    '1.2.3.4::',
    '1:2:3:4:5:6:7::8',
  ];
  for (const range of none) assert(!isAddressRange(range), range);
  const pairs: readonly (readonly [string, string, boolean])[] = [
    ['10.9.8.7', '10.0.0.0/8', true],
    ['11.9.8.7', '10.0.0.0/8', false],
    ['10.0.0.129', '10.0.0.128/25', true],
    ['10.0.0.127', '10.0.0.128/25', false],
    ['10.0.0.1', '0.0.0.0/0', true],
    ['::ffff:10.0.0.1', '10.0.0.0/8', true],
    ['fd12::1', 'fd00::/8', true],
    ['fe12::1', 'fd00::/8', false],
    ['10.0.0.1', '::/0', false],
    ['not an address', '10.0.0.0/8', false],
    ['10.0.0.1', 'not a range', false],
  ];
  for (const [address, range, expected] of pairs)
    assert.equal(addressMatches(address, range), expected, `${address} in ${range}`);
});

test('each ACL is kept once, for as long as it is used', () => {
  const table = new AclTable();
  const acl = [digest('ann', all)];
  const first = table.intern(acl);
  assert.equal(table.intern([...acl]), first);
  assert.equal(table.size, 2);
  table.release(first);
  table.release(first);
  assert.equal(table.size, 1);
  assert.equal(table.intern([anyone(read)]), first);
  assert.equal(table.intern(OPEN), table.intern(OPEN_ACL));
  assert.throws(() => table.release(99), { name: 'InvariantError' });
});

test('reading needs READ; getAcl READ or ADMIN, and shows hashes to who has ADMIN', () => {
  const world = new World();
  const session = world.open();
  const acl = [digest('ann', all), { scheme: 'ip', id: '10.0.0.0/8', permissions: read }];
  world.do(session, create('/secret', { data: 'x', acl }));
  world.do(session, create('/secret-admin', { acl: [digest('ann', admin)] }));
  const { state } = world;
  for (const nobody of [who(), who({ scheme: 'ip', id: '11.0.0.1' })]) {
    for (const result of [
      state.get('/secret', nobody),
      state.exists('/secret', nobody),
      state.children('/secret', nobody),
      state.getAcl('/secret', nobody),
      state.countDescendants('/secret', nobody),
      state.subtree('/secret', nobody),
    ]) {
      assert.deepEqual(result, { type: 'error', code: 'NO_AUTH', path: '/secret' });
    }
  }
  assert.equal(state.get('/secret', who(address)).type, 'get');
  const seen = state.getAcl('/secret', who(address));
  assert.deepEqual(seen.type === 'get-acl' && seen.acl[0], { ...digest('ann', all), id: 'ann:x' });
  const known = state.getAcl('/secret-admin', who(ann));
  assert.deepEqual(known.type === 'get-acl' && known.acl, [digest('ann', admin)]);
  assert.equal(state.get('/secret-admin', who(ann)).type, 'error');
  assert.deepEqual(maskAcl(acl, who(ann)), acl);
});

test('what is not there is NO_NODE, what cannot be there BAD_ARGUMENTS', () => {
  const { state } = new World();
  assert.deepEqual(state.exists('/gone', who()), { type: 'error', code: 'NO_NODE', path: '/gone' });
  assert.deepEqual(state.get('gone', who()), {
    type: 'error',
    code: 'BAD_ARGUMENTS',
    path: 'gone',
  });
});

test('a revoked permission counts for what is proposed behind it', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/a'));
  const ask = (cxid: number, operation: Parameters<typeof world.do>[1]): void => {
    world.propose({ session, cxid, resolved: 0, owner: ownerOf(1), operation });
  };
  ask(2, setAcl('/a', [anyone(read)]));
  ask(3, set('/a', 'late'));
  assert.deepEqual(
    world.settle().map(({ result }) => outcome(result)),
    ['set-acl', 'NO_AUTH'],
  );
});

test('the custom scheme is asked when a request is prepared, never when it is applied', () => {
  let asked = 0;
  const counting: CustomSchemes = {
    ...teams,
    valid: (scheme, id) => {
      asked += 1;
      return teams.valid(scheme, id);
    },
  };
  const world = new World({ schemes: counting });
  const session = world.open();
  world.do(session, create('/team', { acl: [{ scheme: 'team', id: 'b', permissions: all }] }));
  assert.equal(asked, 1);
  const replayed = new World();
  for (const { zxid, txn } of world.log) replayed.state.apply(zxid, txn);
  assert.equal(asked, 1);
  assert.equal(replayed.state.hash(), world.state.hash());
});

test('a custom scheme that throws, or says anything but yes, denies; what it threw is told', () => {
  const told: unknown[] = [];
  const broken: CustomSchemes = {
    valid: (_scheme, id) => {
      if (id === 'bad') throw new Error('valid');
      return true;
    },
    matches: () => {
      throw new Error('matches');
    },
    failed: (what, error) => told.push([what, error instanceof Error && error.message]),
  };
  const world = new World({ schemes: broken });
  const session = world.open();
  world.do(session, { type: 'add-auth', identity: { scheme: 'team', id: 'bob' } });
  const acl = (id: string) => [{ scheme: 'team', id, permissions: all }];
  assert.equal(outcome(world.do(session, create('/a', { acl: acl('bad') }))), 'INVALID_ACL');
  assert.equal(outcome(world.do(session, create('/a', { acl: acl('b') }))), 'create');
  assert.equal(outcome(world.do(session, set('/a', 'x'))), 'NO_AUTH');
  assert.deepEqual(told, [
    ['valid', 'valid'],
    ['matches', 'matches'],
  ]);
  assert.equal(outcome(world.do(session, create('/b'))), 'create', 'the next one is served');
  const vague: CustomSchemes = { ...teams, matches: () => JSON.parse('{"then":1}') };
  const bob = { scheme: 'team', id: 'bob' };
  assert(!permits(acl('b'), read, { identities: [bob], schemes: vague }));
});

test('what was handed out cannot be used to write into the tree', () => {
  const world = new World();
  const session = world.open();
  const given = bytes('given');
  world.do(session, create('/a', { data: given }));
  given.fill(0);
  const once = world.state.get('/a', who());
  assert(once.type === 'get');
  once.data.fill(0);
  const again = world.state.get('/a', who());
  assert.deepEqual(again.type === 'get' && again.data, bytes('given'));
});

test('text that was read while all could read it is kept from who may not read it now', () => {
  const world = new World();
  const session = world.open();
  world.do(session, create('/a', { data: 'given' }));
  const before = world.state.getText('/a', who());
  assert.equal(before.type === 'get-text' && before.text, 'given');
  const acl = [{ scheme: 'digest', id: 'a:b', permissions: 31 }];
  world.do(session, { type: 'set-acl', path: '/a', version: -1, acl });
  assert.deepEqual(world.state.getText('/a', who()), {
    type: 'error',
    code: 'NO_AUTH',
    path: '/a',
  });
});

test('an ACL that its identities make too long is refused: every peer could read all that is in the log', () => {
  const world = new World();
  const session = world.open();
  for (let at = 0; at < 60; at += 1) {
    world.do(session, { type: 'add-auth', identity: { scheme: 'digest', id: `u${at}:h` } });
  }
  const acl = Array.from({ length: 31 }, (_, at) => {
    return { scheme: 'auth', id: '', permissions: at + 1 };
  });
  assert.equal(outcome(world.do(session, create('/a', { acl }))), 'INVALID_ACL');
  for (const { txn } of world.log) assert.deepEqual(decodeTxn(encodeTxn(txn)), txn);
});
