/** Who may come in, which of two links stays, and how a group is born. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Birth, Hello } from '../../lib/zab/messages.ts';
import type { Refusal } from '../../lib/zab/ready.ts';
import { at, Lone, SPARE, storeOf, voters } from './lone.ts';

function refusals(lone: Lone): Refusal[] {
  return lone.events.flatMap((event) => (event.type === 'refused' ? [event.reason] : []));
}

const STRANGERS: readonly (readonly [Refusal, Partial<Hello>])[] = [
  ['PROTOCOL', { protocol: { min: 2, max: 9 } }],
  ['PROTOCOL', { protocol: { min: 0, max: 0 } }],
  ['DUPLICATE_STORE', { store: storeOf(2) }],
  ['DUPLICATE_ID', { id: 2 }],
  ['STORE_MISMATCH', { cluster: '1'.repeat(28) }],
  ['PEERS_MISMATCH', { votersHash: 4711 }],
];

for (const [reason, hello] of STRANGERS) {
  test(`${reason}: ${JSON.stringify(hello)} is refused`, () => {
    const lone = new Lone();
    lone.meet(1, 1, hello);
    assert.deepEqual(refusals(lone), [reason]);
    assert.equal(lone.closing(1), reason);
    assert.equal(lone.zab.peers().size, 0);
  });
}

test('a second peer of an id, and a second holder of a store, wait until the first is gone', () => {
  for (const [reason, id, hello] of [
    ['DUPLICATE_ID', 1, { store: 'e'.repeat(32) }],
    ['DUPLICATE_STORE', 1, { boot: 2 }],
    ['DUPLICATE_STORE', 3, { store: storeOf(1) }],
  ] as const) {
    const lone = new Lone();
    lone.meet(1);
    lone.meet(id, 11, hello);
    assert.equal(lone.closing(11), reason);
    assert.equal(lone.closing(1), undefined);
    lone.zab.unlinked(1);
    lone.meet(id, 12, hello);
    assert.equal(lone.closing(12), undefined);
  }
});

test('a machine that was lost with its links and is back waits, and nobody is warned of it', () => {
  for (const hello of [{ boot: 2, starts: [1, 2] }, { store: 'e'.repeat(32) }]) {
    const lone = new Lone();
    lone.meet(1);
    lone.wait(1_100);
    lone.meet(1, 11, hello);
    assert.equal(lone.closing(11), 'another link stays');
    assert.deepEqual(refusals(lone), []);
    lone.wait(1_000);
    assert.equal(lone.closing(1), 'silent');
    lone.meet(1, 12, hello);
    assert.equal(lone.closing(12), undefined);
  }
});

test('of two links between the same two, the one that the higher id dialled stays', () => {
  for (const [first, second, stays] of [
    ['self', 'peer', 11],
    ['peer', 'self', 1],
    ['peer', 'peer', 11],
  ] as const) {
    const lone = new Lone();
    for (const [link, dialer] of [
      [1, first],
      [11, second],
    ] as const) {
      lone.zab.linked(link, dialer);
      lone.hear(link, lone.helloOf(3));
    }
    assert.deepEqual([...lone.zab.peers().keys()], [stays]);
    assert.equal(lone.closing(stays === 1 ? 11 : 1), 'another link stays');
    assert.deepEqual(refusals(lone), [], 'that is no reason to tell anybody');
  }
});

test('nothing is read before HELLO, and HELLO is said once', () => {
  const lone = new Lone();
  lone.zab.linked(1, 'peer');
  lone.hear(1, { type: 'LEADERINFO', epoch: 9 });
  assert.equal(lone.closing(1), 'no HELLO');
  lone.meet(3);
  lone.hear(3, lone.helloOf(3));
  assert.equal(lone.closing(3), 'HELLO twice');
  lone.hear(3, { type: 'LEADERINFO', epoch: 9 });
  lone.zab.unlinked(3);
  assert.equal(lone.zab.epochs.accepted, 1);
});

test('a silent link is closed; one that says anything is not', () => {
  const lone = new Lone();
  lone.meet(1);
  lone.meet(3);
  lone.zab.linked(9, 'peer');
  lone.wait(2_200, () => lone.hear(3, lone.says({})));
  assert.equal(lone.closing(1), 'silent');
  assert.equal(lone.closing(9), 'silent');
  assert.equal(lone.closing(3), undefined);
});

test('who presents itself early is answered when this peer leads, and sent away when it follows', () => {
  const early = new Lone();
  early.meet(1);
  early.present(1);
  early.zab.elected(2);
  early.settle();
  assert.equal(early.said(1, 'LEADERINFO').length, 1);

  const follows = new Lone();
  follows.meet(1);
  follows.present(1);
  follows.follow(3);
  assert.equal(follows.closing(1), 'not leading');
});

test('a leader without a link is followed as soon as there is one, and left if none comes', () => {
  const lone = new Lone();
  lone.zab.elected(3);
  assert.equal(lone.zab.phase, 'discovery');
  lone.wait(500);
  lone.meet(3);
  assert.equal(lone.said(3, 'FOLLOWERINFO').length, 1);
  const alone = new Lone();
  alone.zab.elected(3);
  alone.wait(2_200);
  assert.equal(alone.zab.role, 'looking');
});

test('a stall of the event loop lets no deadline pass', () => {
  const lone = new Lone();
  lone.meet(1);
  lone.tick(60_000);
  assert.equal(lone.closing(1), undefined);
  lone.wait(2_200);
  assert.equal(lone.closing(1), 'silent');
  assert(lone.zab.deadline() <= lone.now + 250, 'in the driver’s time');
});

// ── Birth ───────────────────────────────────────────────────────────────────────────────────────

const UNBORN = { cluster: '', birth: { state: 'unborn' } } as const;
const PLEDGED: Birth = { state: 'pledged', voters: voters(1, 2, 3) };

function unborn(): Lone {
  const lone = new Lone({ virgin: true });
  for (const peer of [1, 3]) lone.meet(peer, peer, UNBORN);
  return lone;
}

function tells(lone: Lone, peer: number, birth: Birth): void {
  const genesis = birth.state === 'born' ? lone.genesis : undefined;
  lone.hear(peer, { type: 'BIRTH', birth, genesis, cluster: '' });
}

test('a pledge is durable before it is said, and the birth before a vote', () => {
  const lone = new Lone({ virgin: true });
  lone.meet(1, 1, UNBORN);
  lone.slow = true;
  lone.meet(3, 3, UNBORN);
  assert.deepEqual(lone.said(1, 'BIRTH'), []);
  lone.hurry();
  assert.deepEqual(lone.said(1, 'BIRTH')[0]?.birth, PLEDGED);
  lone.slow = true;
  for (const peer of [1, 3]) tells(lone, peer, PLEDGED);
  const candidate = (): number | undefined => lone.zab.vote?.leader;
  assert.equal(candidate(), undefined);
  lone.hurry();
  assert.equal(lone.disk.born, true);
  assert.equal(candidate(), 2);
});

test('nobody is born while one voter is away, has pledged another set, or observes', () => {
  for (const spoil of [
    (lone: Lone) => lone.zab.unlinked(3),
    (lone: Lone) => tells(lone, 3, { state: 'pledged', voters: voters(1, 2, 4) }),
    (lone: Lone) => tells(lone, 3, { state: 'pledged', voters: voters(1, 2) }),
    (lone: Lone) => tells(lone, 3, { state: 'unborn' }),
  ]) {
    const lone = unborn();
    tells(lone, 3, PLEDGED);
    spoil(lone);
    tells(lone, 1, PLEDGED);
    assert.equal(lone.disk.born, false);
  }
  const observed = new Lone({ virgin: true });
  observed.meet(1, 1, UNBORN);
  observed.meet(3, 3, { ...UNBORN, role: 'observer' });
  assert.equal(observed.disk.meta.birth.state, 'unborn');
});

test('a wiped store that comes back under another id is pledged anew by the others', () => {
  const lone = unborn();
  lone.zab.unlinked(3);
  lone.meet(3, 33, { ...UNBORN, store: SPARE });
  const { birth } = lone.disk.meta;
  assert(birth.state === 'pledged');
  assert.equal(birth.voters.find(({ id }) => id === 3)?.store, SPARE);
});

test('who turns out to be born into another group while linked is refused then', () => {
  const lone = new Lone();
  lone.meet(3, 3, { cluster: '', birth: { state: 'unborn' } });
  const { genesis } = lone;
  lone.hear(3, { type: 'BIRTH', birth: { state: 'born' }, genesis, cluster: 'a'.repeat(28) });
  assert.equal(lone.closing(3), 'STORE_MISMATCH');
  lone.meet(1, 1, { cluster: '', birth: { state: 'unborn' } });
  const { cluster } = lone.zab;
  lone.hear(1, { type: 'BIRTH', birth: { state: 'born' }, genesis, cluster });
  assert.equal(lone.closing(1), undefined);
});

test('one that a born peer names is born; one that it does not name waits for a checkpoint', () => {
  const named = unborn();
  tells(named, 3, { state: 'born' });
  assert.equal(named.disk.born, true);
  assert.equal(named.zab.lastZxid, at('0.0'));

  const stranger = new Lone({ virgin: true });
  for (const peer of [1, 3]) stranger.meet(peer, peer, UNBORN);
  const genesis = { ...stranger.genesis, voters: voters(1, 3, 4) };
  stranger.hear(1, { type: 'BIRTH', birth: { state: 'born' }, genesis, cluster: '' });
  stranger.wait(1_000, () => tells(stranger, 3, PLEDGED));
  assert.equal(stranger.disk.born, false);
});

test('an observer pledges nothing', () => {
  const lone = new Lone({ virgin: true, id: 9, options: { role: 'observer' } });
  for (const peer of [1, 3]) lone.meet(peer, peer, UNBORN);
  assert.equal(lone.disk.meta.birth.state, 'unborn');
});

// ── Birth by the operator's word ────────────────────────────────────────────────────────────────

const FLAGGED = { ...UNBORN, bootstrap: true } as const;

function flagged(...ids: readonly number[]): Lone {
  const members = voters(1, 2, 3, 4, 5);
  const lone = new Lone({ virgin: true, voters: members, options: { bootstrap: true } });
  for (const peer of ids) lone.meet(peer, peer, FLAGGED);
  return lone;
}

/** The ids of the voters that this store has pledged to, and knows the store of. */
function pledgedTo(lone: Lone): number[] {
  const { birth } = lone.disk.meta;
  assert(birth.state === 'pledged');
  return birth.voters.filter(({ store }) => store !== '').map(({ id }) => id);
}

function pledge(...ids: readonly number[]): Birth {
  const members = voters(1, 2, 3, 4, 5);
  return {
    state: 'pledged',
    voters: members.map((voter) => (ids.includes(voter.id) ? voter : { ...voter, store: '' })),
  };
}

test('by his word a majority of flagged voters founds the group; who is away has no store yet', () => {
  const lone = flagged(1, 3);
  assert.deepEqual(pledgedTo(lone), [1, 2, 3]);
  tells(lone, 1, pledge(1, 2, 3));
  assert.equal(lone.disk.born, false);
  tells(lone, 3, pledge(1, 2, 3));
  assert.equal(lone.disk.born, true);
  assert.deepEqual(
    lone.zab.configuration?.voters.map(({ store }) => store),
    [storeOf(1), storeOf(2), storeOf(3), '', ''],
  );
});

test('nobody pledges with less than a majority, beside one without the flag, or beside one that is born', () => {
  const few = flagged(1);
  const unflagged = flagged(1);
  unflagged.meet(4, 4, UNBORN);
  unflagged.meet(3, 3, FLAGGED);
  const born = flagged(1);
  born.meet(4, 4, { ...FLAGGED, birth: { state: 'born' }, cluster: '1'.repeat(28) });
  born.meet(3, 3, FLAGGED);
  const own = new Lone({ virgin: true, voters: voters(1, 2, 3, 4, 5) });
  for (const peer of [1, 3]) own.meet(peer, peer, FLAGGED);
  for (const lone of [few, unflagged, born, own]) {
    assert.equal(lone.disk.meta.birth.state, 'unborn');
  }
});

test('a pledge by his word is exchanged only for one that all it names can pledge, too', () => {
  const lone = flagged(1, 3);
  assert.deepEqual(pledgedTo(lone), [1, 2, 3]);
  lone.zab.unlinked(1);
  for (const peer of [4, 5]) lone.meet(peer, peer, FLAGGED);
  for (const peer of [3, 4, 5]) tells(lone, peer, pledge(2, 3, 4, 5));
  assert.deepEqual(pledgedTo(lone), [1, 2, 3], '1 may be born with it, unseen');
  assert.equal(lone.disk.born, false);
  lone.meet(1, 11, FLAGGED);
  assert.deepEqual(pledgedTo(lone), [1, 2, 3, 4, 5]);
});

test('a voter says whom it waits for', () => {
  assert.deepEqual(new Lone({ virgin: true }).zab.awaited, [1, 3]);
  const lone = new Lone({ virgin: true });
  lone.meet(1, 1, UNBORN);
  assert.deepEqual(lone.zab.awaited, [3]);
  lone.meet(3, 3, UNBORN);
  assert.deepEqual(lone.zab.awaited, []);
  assert.equal(new Lone().zab.awaited, undefined);
});
