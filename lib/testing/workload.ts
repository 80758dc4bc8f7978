/** What clients do: every kind of operation, on few paths, so that they meet. */

import type { ReadOperation } from '../replica/read.ts';
import type { Acl } from '../tree/acl.ts';
import type { CustomSchemes } from '../tree/reader.ts';
import type { CreateMode, NodeOperation, Operation } from '../tree/request.ts';
import type { Prng } from './prng.ts';

const OPEN: Acl = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
/** Everybody may read, nobody but `super` may write. */
const READ_ONLY: Acl = [{ scheme: 'world', id: 'anyone', permissions: 1 }];
/** Nobody but `super` may read. Only below {@link HIDDEN_PARENT}, and for good: whoever watches must know what may not be told. */
const UNREADABLE: Acl = [{ scheme: 'world', id: 'anyone', permissions: 30 }];
export const HIDDEN_PARENT = '/hid';
/** Everybody may read, a team may write: a scheme of the application's own. */
const GUARDED: Acl = [
  { scheme: 'team', id: 'red', permissions: 31 },
  { scheme: 'world', id: 'anyone', permissions: 1 },
];
const ACLS: readonly Acl[] = [OPEN, OPEN, OPEN, READ_ONLY, GUARDED];
const PARENTS = ['/p1', '/p2', '/box', '/m', HIDDEN_PARENT] as const;

/** The schemes of every simulated peer. */
export const TEAMS: CustomSchemes = {
  valid: (scheme, id) => (scheme === 'team' ? id === 'red' || id === 'blue' : undefined),
  matches: (identity, entry) => identity.id === entry.id,
};
const CHILDREN = ['a', 'b', 'c'] as const;
const MODES: readonly CreateMode[] = [
  'persistent',
  'persistent',
  'ephemeral',
  'ephemeral',
  'container',
  'ttl',
];
const SEQUENTIAL: readonly CreateMode[] = [
  'persistent-sequential',
  'ephemeral-sequential',
  'ttl-sequential',
];
const KINDS = ['data', 'exist', 'child', 'persistent', 'persistent-recursive'] as const;
const ROUND = 3;

function drawPath(prng: Prng): string {
  const parent = prng.pick(PARENTS);
  return prng.chance(0.3) || parent === '/m' ? parent : `${parent}/${prng.pick(CHILDREN)}`;
}

function drawData(prng: Prng): Uint8Array {
  return new TextEncoder().encode(prng.hex(prng.below(24)));
}

function drawVersion(prng: Prng): number {
  return prng.chance(0.6) ? -1 : prng.below(4);
}

function create(path: string, data: Uint8Array, mode: CreateMode, parents = false): NodeOperation {
  const ttl = mode === 'ttl' || mode === 'ttl-sequential' ? 1_500 : 0;
  const acl = path.startsWith(`${HIDDEN_PARENT}/`) ? UNREADABLE : OPEN;
  return { type: 'create', path, data, acl, mode, ttl, parents };
}

function drawCreate(prng: Prng): NodeOperation {
  const parent = prng.pick(PARENTS);
  const data = drawData(prng);
  if (prng.chance(0.25)) {
    const mode = parent === '/box' ? 'container' : 'persistent';
    return create(parent, data, mode);
  }
  if (parent === '/m') return create('/deep/er/x', data, 'persistent', true);
  if (prng.chance(0.35)) return create(`${parent}/q-`, data, prng.pick(SEQUENTIAL));
  const path = `${parent}/${prng.pick(CHILDREN)}`;
  const mode = prng.pick(MODES);
  // A parent that is made on the way gets the ACL of its child, and must not be hidden itself.
  const parents = prng.chance(0.2) && parent !== HIDDEN_PARENT;
  return create(path, data, mode, parents);
}

/** Two nodes below /m that exist together and are equal, or something else in the batch makes all of it fail. */
function drawMulti(prng: Prng): Operation {
  const name = prng.pick(CHILDREN);
  const one = `/m/${name}-1`;
  const two = `/m/${name}-2`;
  const data = drawData(prng);
  const pair = (of: (path: string) => NodeOperation): NodeOperation[] => [of(one), of(two)];
  const operations = prng.weighted<() => NodeOperation[]>([
    [() => pair((path) => create(path, data, 'persistent')), 4],
    [() => pair((path) => ({ type: 'set', path, data, version: -1 })), 4],
    [() => pair((path) => ({ type: 'delete', path, version: -1, recursive: false })), 2],
  ])();
  if (prng.chance(0.3))
    operations.push({ type: 'check', path: drawPath(prng), version: drawVersion(prng) });
  return { type: 'multi', operations };
}

/** A write. */
export function drawWrite(prng: Prng): Operation {
  const path = drawPath(prng);
  const version = drawVersion(prng);
  const safe = path === '/m' ? '/p1' : path;
  const open = safe.startsWith(HIDDEN_PARENT) ? '/p1' : safe;
  return prng.weighted<() => Operation>([
    [() => drawCreate(prng), 10],
    [() => ({ type: 'set', path, data: drawData(prng), version }), 6],
    [() => ({ type: 'delete', path: safe, version, recursive: prng.chance(0.3) }), 4],
    [() => ({ type: 'check', path, version }), 1],
    [() => ({ type: 'set-acl', path: open, acl: prng.pick(ACLS), version }), 1],
    [() => drawMulti(prng), 4],
    [() => ({ type: 'sync' }), 1],
    [
      () => ({ type: 'add-auth', identity: { scheme: 'digest', id: `u${prng.below(ROUND)}:x` } }),
      0.5,
    ],
    [
      () => ({ type: 'add-auth', identity: { scheme: 'team', id: prng.pick(['red', 'blue']) } }),
      0.3,
    ],
  ])();
}

/** A read, perhaps with a watch. */
export function drawRead(prng: Prng): ReadOperation {
  const path = drawPath(prng);
  const watch = prng.chance(0.4);
  return prng.weighted<() => ReadOperation>([
    [() => ({ type: 'get', path, watch }), 6],
    [() => ({ type: 'exists', path, watch }), 6],
    [() => ({ type: 'children', path, watch }), 5],
    [() => ({ type: 'get-acl', path }), 1],
    [() => ({ type: 'count', path: '/' }), 1],
    [() => ({ type: 'ephemerals', prefix: '/' }), 1],
    [() => ({ type: 'subtree', path: '/m' }), 5],
    [() => ({ type: 'add-watch', path, mode: 'persistent' }), 1],
    [() => ({ type: 'add-watch', path, mode: 'persistent-recursive' }), 1],
    [() => ({ type: 'remove-watch', path, kind: prng.pick(KINDS) }), 1],
    [() => ({ type: 'sync' }), 1],
  ])();
}
