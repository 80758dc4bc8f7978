/** What the compiler must refuse, and what it must know. Checked by `tsc`; at run time nothing is left of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  type Created,
  json,
  type Peer,
  type Session,
  type Stat,
  type TreeUpdate,
  type Znode,
} from '../../lib/index.ts';

interface Settings {
  readonly open: boolean;
}

function typed(peer: Peer, client: Client<Settings>): unknown[] {
  const results = [
    peer.multi([{ create: '/a' }, { set: '/a', data: 'x' }, { delete: '/a' }, { check: '/' }]),
  ] as const;
  const [multi]: readonly [Promise<[Created, Stat, undefined, undefined]>] = results;
  const node: Promise<Znode<Settings>> = client.get('/a');
  const other: Client<Settings> = peer.as(json<Settings>());
  const updates: Promise<TreeUpdate<Settings>> = client
    .watchTree('/a')
    .until(({ changes }) => changes.length > 0);
  const guarded: Client<Settings> = client.guardedBy({ path: '/a', assertHeld: () => {} });
  const held: Session = peer.session.guardedBy({ path: '/a', fence: 1n, assertHeld: () => {} });
  const session: bigint = peer.session.namespace('/a').as(json<Settings>()).id;
  return [
    multi,
    node,
    other,
    updates,
    guarded,
    held,
    session,
    peer.session.create('/e', '', { ephemeral: true }),
  ];
}

function refused(peer: Peer, client: Client<Settings>, stat: Stat | undefined): unknown[] {
  return [
    // @ts-expect-error: an ephemeral of a client would be gone after one expiry
    peer.create('/a', '', { ephemeral: true }),
    // @ts-expect-error: nor in a multi
    peer.multi([{ create: '/a', ephemeral: true }]),
    // @ts-expect-error: an absent Stat must not become an unconditional write
    peer.set('/a', '', { version: stat?.version }),
    // @ts-expect-error: another type of data
    client.set('/a', 'text'),
    // @ts-expect-error: one operation is of one kind
    peer.multi([{ create: '/a', set: '/a', data: '' }]),
    // @ts-expect-error: an unknown option
    peer.get('/a', { consistancy: 'stale' }),
    // @ts-expect-error: zxids are bigints
    peer.get('/a', { after: 7 }),
    // @ts-expect-error: what cannot be asked whether it is held guards nothing
    peer.guardedBy({ path: '/a' }),
    // @ts-expect-error: changes are no states: there is no newest one to hold
    peer.watchTree('/a').live(),
    // @ts-expect-error: a subtree has no version
    peer.delete('/a', { recursive: true, version: 1 }),
  ];
}

test('the types of the API refuse what the API refuses', () => {
  assert.equal(typeof typed, typeof refused);
});
