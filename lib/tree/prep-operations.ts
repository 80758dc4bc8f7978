/**
 * The checks of the operations on nodes, in ZooKeeper's order (PrepRequestProcessor), and the changes
 * that they come to.
 */
import { unreachable } from '../base/assert.ts';
import type { ErrorCode } from '../base/errors.ts';
import { isSystemPath, parentOf, pathFault, SEQUENCE_MAX, sequenceSuffix } from '../base/path.ts';
import type { Zxid } from '../base/zxid.ts';
import { type Acl, PERMISSION } from './acl.ts';
import { permits, resolveAcl } from './acl-check.ts';
import type { Draft } from './draft.ts';
import type { NodeView } from './outstanding.ts';
import { isBadQuotaNode } from './quota.ts';
import type { Failure, Reader } from './reader.ts';
import type { CreateMode, NodeOperation } from './request.ts';
import type { Change, NodeKind } from './txn.ts';

/** Bytes of a node's data (ZooKeeper's jute.maxbuffer bounds it too). */
export const DATA_MAX = 0x10_0000;
/** Changes of one transaction: a larger subtree is deleted in parts. */
export const CHANGES_MAX = 10_000;
/** Bytes of all changes of one transaction, estimated: below what the log takes as one entry. */
export const TXN_BYTES_MAX: number = 4 * 2 ** 20;
/** UTF-8 bytes of one UTF-16 unit, at most. */
export const BYTES_PER_UNIT = 3;
/** A TTL in ms: ZooKeeper's greatest. */
export const TTL_MAX: number = 2 ** 40 - 1;

/** Who asks, and over what. */
export interface Preparing {
  readonly draft: Draft;
  readonly reader: Reader;
  readonly session: bigint;
  /** Of the transaction that is made. */
  readonly zxid: Zxid;
}

/** The changes of one operation, or why there are none. */
export type Prepared = readonly Change[] | Failure;

interface Mode {
  readonly kind: NodeKind;
  readonly sequential: boolean;
}

const MODES: Readonly<Record<CreateMode, Mode>> = {
  persistent: { kind: 'persistent', sequential: false },
  'persistent-sequential': { kind: 'persistent', sequential: true },
  ephemeral: { kind: 'ephemeral', sequential: false },
  'ephemeral-sequential': { kind: 'ephemeral', sequential: true },
  container: { kind: 'container', sequential: false },
  ttl: { kind: 'ttl', sequential: false },
  'ttl-sequential': { kind: 'ttl', sequential: true },
};

const NOTHING = new Uint8Array(0);

function fail(code: ErrorCode, path: string): Failure {
  return { type: 'error', code, path };
}

/** The version after a change: it wraps, past -1, which means "any" (ZOOKEEPER-4743). */
function nextVersion(current: number): number {
  const next = (current + 1) | 0;
  return next === -1 ? 0 : next;
}

function isOther(current: number, expected: number): boolean {
  return expected !== -1 && expected !== current;
}

export function prepareOperation(preparing: Preparing, operation: NodeOperation): Prepared {
  switch (operation.type) {
    case 'create':
      return prepareCreate(preparing, operation);
    case 'delete':
      return operation.recursive
        ? prepareDeleteAll(preparing, operation)
        : prepareDelete(preparing, operation);
    case 'set':
      return prepareSet(preparing, operation);
    case 'check':
      return prepareCheck(preparing, operation);
    case 'set-acl':
      return prepareSetAcl(preparing, operation);
    default:
      return unreachable(operation);
  }
}

type Create = Extract<NodeOperation, { type: 'create' }>;

function createFault({ path, data, mode, ttl }: Create): Failure | undefined {
  const { kind, sequential } = MODES[mode];
  if (data.length > DATA_MAX) return fail('TOO_LARGE', path);
  const timed = kind === 'ttl' ? Number.isSafeInteger(ttl) && ttl > 0 && ttl <= TTL_MAX : ttl === 0;
  return timed && pathFault(path, sequential) === undefined
    ? undefined
    : fail('BAD_ARGUMENTS', path);
}

/** The missing ancestors of a path, the topmost first. Undefined: more than a transaction holds. */
function missingAbove(draft: Draft, path: string): string[] | undefined {
  const missing: string[] = [];
  let units = 0;
  for (let at = parentOf(path); draft.node(at) === undefined; at = parentOf(at)) {
    missing.push(at);
    units += at.length;
    // Each is as long as all above it together: a path of thousands would take the leader a second.
    if (units * BYTES_PER_UNIT > TXN_BYTES_MAX) return undefined;
  }
  return missing.reverse();
}

/** A node that has just been created. */
function newView({ kind, acl, data }: NewNode, owner: bigint, czxid: Zxid): NodeView {
  return {
    czxid,
    version: 0,
    aversion: 0,
    acl,
    kind,
    owner,
    creates: 0,
    numChildren: 0,
    dataLength: data.length,
  };
}

function prepareCreate(preparing: Preparing, operation: Create): Prepared {
  const fault = createFault(operation);
  if (fault !== undefined) return fault;
  const { draft, reader } = preparing;
  const acl = resolveAcl(operation.acl, reader);
  if (acl === undefined) return fail('INVALID_ACL', operation.path);
  const above = parentOf(operation.path);
  if (!operation.parents && draft.node(above) === undefined) return fail('NO_NODE', above);
  const missing = missingAbove(draft, operation.path);
  if (missing === undefined) return fail('TOO_LARGE', operation.path);
  // Who makes the ancestors in the same operation may make the node in them: only the first parent is asked.
  const first = draft.node(parentOf(missing[0] ?? operation.path));
  if (first === undefined || !permits(first.acl, PERMISSION.create, reader))
    return fail('NO_AUTH', operation.path);
  if (missing.length > 0 && first.kind === 'ephemeral') {
    return fail('NO_CHILDREN_FOR_EPHEMERALS', operation.path);
  }
  const changes: Change[] = [];
  for (const path of missing) {
    const made = createNode(preparing, path, { acl, data: NOTHING, kind: 'persistent', ttl: 0 });
    if (made.type === 'error') return made;
    changes.push(made);
  }
  const { kind, sequential } = MODES[operation.mode];
  const path = sequential ? sequentialPath(draft, operation.path) : operation.path;
  if (path === undefined) return fail('BAD_ARGUMENTS', operation.path);
  const made = createNode(preparing, path, { acl, data: operation.data, kind, ttl: operation.ttl });
  if (made.type === 'error') return made;
  changes.push(made);
  return changes;
}

/** The path with the parent's create counter appended; undefined if that does not fit any more (S27). */
function sequentialPath(draft: Draft, path: string): string | undefined {
  const counter = draft.node(parentOf(path))?.creates ?? 0;
  if (counter > SEQUENCE_MAX) return undefined;
  const named = `${path}${sequenceSuffix(counter)}`;
  return pathFault(named) === undefined ? named : undefined;
}

interface NewNode {
  readonly acl: Acl;
  readonly data: Uint8Array;
  readonly kind: NodeKind;
  readonly ttl: number;
}

function createNode(
  { draft, session, zxid }: Preparing,
  path: string,
  node: NewNode,
): Extract<Change, { type: 'create' }> | Failure {
  if (draft.node(path) !== undefined) return fail('NODE_EXISTS', path);
  const parent = draft.node(parentOf(path));
  if (parent === undefined) return fail('NO_NODE', parentOf(path));
  if (parent.kind === 'ephemeral') return fail('NO_CHILDREN_FOR_EPHEMERALS', path);
  if (isBadQuotaNode(path, node.data)) return fail('BAD_ARGUMENTS', path);
  if (draft.exceeds(path, 1, node.data.length)) return fail('QUOTA_EXCEEDED', path);
  const owner = node.kind === 'ephemeral' ? session : 0n;
  draft.create(path, newView(node, owner, zxid), parent);
  draft.limitsSet(path, node.data);
  return { type: 'create', path, ...node, owner };
}

type Delete = Extract<NodeOperation, { type: 'delete' }>;

function deletable({ draft, reader }: Preparing, { path, version }: Delete): NodeView | Failure {
  if (pathFault(path) !== undefined || isSystemPath(path)) return fail('BAD_ARGUMENTS', path);
  const parent = draft.node(parentOf(path));
  if (parent === undefined) return fail('NO_NODE', path);
  if (!permits(parent.acl, PERMISSION.delete, reader)) return fail('NO_AUTH', path);
  const node = draft.node(path);
  if (node === undefined) return fail('NO_NODE', path);
  return isOther(node.version, version) ? fail('BAD_VERSION', path) : node;
}

function prepareDelete(preparing: Preparing, operation: Delete): Prepared {
  const node = deletable(preparing, operation);
  if ('type' in node) return node;
  const { path } = operation;
  if (node.numChildren > 0) return fail('NOT_EMPTY', path);
  preparing.draft.delete(path, node);
  return [{ type: 'delete', path }];
}

/** The longer a path, the earlier it goes; deterministic besides. */
function deepestFirst(a: string, b: string): number {
  const depth = b.split('/').length - a.split('/').length;
  if (depth !== 0) return depth;
  return a < b ? -1 : 1;
}

function prepareDeleteAll(preparing: Preparing, operation: Delete): Prepared {
  const root = deletable(preparing, operation);
  if ('type' in root) return root;
  const { draft, reader } = preparing;
  const below = draft.below(operation.path, CHANGES_MAX - 1);
  if (below === undefined) return fail('TOO_LARGE', operation.path);
  const paths = [...below.sort(deepestFirst), operation.path];
  for (const path of below) {
    const parent = draft.node(parentOf(path));
    if (parent !== undefined && !permits(parent.acl, PERMISSION.delete, reader))
      return fail('NO_AUTH', path);
  }
  for (const path of paths) {
    const node = draft.node(path);
    if (node !== undefined) draft.delete(path, node);
  }
  return paths.map((path) => ({ type: 'delete', path }));
}

function prepareSet(
  { draft, reader }: Preparing,
  operation: Extract<NodeOperation, { type: 'set' }>,
): Prepared {
  const { path, data } = operation;
  if (data.length > DATA_MAX) return fail('TOO_LARGE', path);
  if (pathFault(path) !== undefined) return fail('BAD_ARGUMENTS', path);
  const node = draft.node(path);
  if (node === undefined) return fail('NO_NODE', path);
  if (!permits(node.acl, PERMISSION.write, reader)) return fail('NO_AUTH', path);
  if (isBadQuotaNode(path, data)) return fail('BAD_ARGUMENTS', path);
  if (draft.exceeds(path, 0, data.length - node.dataLength)) return fail('QUOTA_EXCEEDED', path);
  if (isOther(node.version, operation.version)) return fail('BAD_VERSION', path);
  const version = nextVersion(node.version);
  draft.setData(path, node, version, data.length);
  draft.limitsSet(path, data);
  return [{ type: 'set', path, data, version }];
}

function prepareCheck(
  { draft, reader }: Preparing,
  operation: Extract<NodeOperation, { type: 'check' }>,
): Prepared {
  const { path, czxid } = operation;
  if (pathFault(path) !== undefined) return fail('BAD_ARGUMENTS', path);
  const node = draft.node(path);
  if (node === undefined) return fail('NO_NODE', path);
  if (czxid !== undefined && czxid !== draft.czxid(path)) return fail('NO_NODE', path);
  if (!permits(node.acl, PERMISSION.read, reader)) return fail('NO_AUTH', path);
  return isOther(node.version, operation.version)
    ? fail('BAD_VERSION', path)
    : [{ type: 'check', path }];
}

function prepareSetAcl(
  { draft, reader }: Preparing,
  operation: Extract<NodeOperation, { type: 'set-acl' }>,
): Prepared {
  const { path } = operation;
  if (pathFault(path) !== undefined) return fail('BAD_ARGUMENTS', path);
  const acl = resolveAcl(operation.acl, reader);
  if (acl === undefined) return fail('INVALID_ACL', path);
  const node = draft.node(path);
  if (node === undefined) return fail('NO_NODE', path);
  if (!permits(node.acl, PERMISSION.admin, reader)) return fail('NO_AUTH', path);
  if (isOther(node.aversion, operation.version)) return fail('BAD_VERSION', path);
  const version = nextVersion(node.aversion);
  draft.replace(path, { ...node, acl, aversion: version }, node);
  return [{ type: 'set-acl', path, acl, version }];
}
