/** The operations of a multi: what an application writes, and what the tree is asked. */
import type { CreateMode, NodeOperation, OperationResult } from '../tree/request.ts';
import type { Stat } from '../tree/znode.ts';
import { OPEN_ACL, parseAcl } from './acl-text.ts';
import type { Created } from './client.ts';
import { type Codec, encodeWith } from './codec.ts';

type No<K extends string> = { readonly [P in K]?: never };
type Of<K extends string> = { readonly [P in K]: string };

/** One operation of a multi: `{ create: path, … }`, `{ set: path, … }`, `{ delete: path }` or `{ check: path }`. */
export type Op<In = string> =
  | ({
      /** The path; of a sequential node without the digits. */
      readonly create: string;
      /** @default empty */
      readonly data?: In;
      /** As {@link CreateOptions.sequential}. */
      readonly sequential?: boolean;
      /** As {@link CreateOptions.container}. */
      readonly container?: boolean;
      /** Ms, as {@link CreateOptions.ttl}. */
      readonly ttl?: number;
      /** As {@link CreateOptions.acl}. */
      readonly acl?: readonly string[];
    } & No<'set' | 'delete' | 'check' | 'ephemeral'>)
  | ({
      /** Replaces the data of the node at this path. */
      readonly set: string;
      /** At most 1 MiB, and so for the whole multi. */
      readonly data: In;
      /** Only if that is its version. @default any */
      readonly version?: number;
    } & No<'create' | 'delete' | 'check'>)
  | ({
      /** Deletes the node at this path. */
      readonly delete: string;
      /** Only if that is its version. @default any */
      readonly version?: number;
    } & No<'create' | 'set' | 'check'>)
  | ({
      /** Nothing but a condition: the node at this path is there. */
      readonly check: string;
      /** And this is its version. @default any */
      readonly version?: number;
    } & No<'create' | 'set' | 'delete'>);

/** Creates an ephemeral node: only in a multi of a session. */
export type EphemeralOp<In = string> = {
  /** The path; of a sequential node without the digits. */
  readonly create: string;
  /** @default empty */
  readonly data?: In;
  /** As {@link CreateOptions.sequential}. */
  readonly sequential?: boolean;
  /** As {@link CreateOptions.acl}. */
  readonly acl?: readonly string[];
  /** Gone with the session. */
  readonly ephemeral: true;
} & No<'set' | 'delete' | 'check'>;

/** A result for each operation, by its kind: {@link Created} for `create`, {@link Stat} for `set`, else `undefined`. */
export type Results<O extends readonly unknown[]> = {
  -readonly [K in keyof O]: O[K] extends Of<'create'>
    ? Created
    : O[K] extends Of<'set'>
      ? Stat
      : undefined;
};

/** The kind of node that the options of a create ask for. */
export interface NodeKindOptions {
  readonly sequential?: boolean;
  readonly container?: boolean;
  readonly ttl?: number;
  readonly ephemeral?: boolean;
  readonly acl?: readonly string[];
}

/** Bytes of a create without data. */
const NO_DATA = new Uint8Array(0);
const NO_KIND: NodeKindOptions = {};
/** The version that compares equal to every version. */
const ANY_VERSION = -1;

/** ZooKeeper's create mode; kinds that exclude each other are refused. */
function createMode(options: NodeKindOptions): CreateMode {
  const { ttl } = options;
  const sequential = checkFlag('sequential', options.sequential ?? false);
  const container = checkFlag('container', options.container ?? false);
  const ephemeral = checkFlag('ephemeral', options.ephemeral ?? false);
  const kinds = [container && 'container', ephemeral && 'ephemeral', ttl !== undefined && 'ttl'];
  const chosen = kinds.filter((kind) => kind !== false);
  if (chosen.length > 1) throw new TypeError(`create: ${chosen.join(' and ')} exclude each other`);
  if (container && sequential) {
    throw new TypeError('create: container and sequential exclude each other');
  }
  if (container) return 'container';
  if (ephemeral) return sequential ? 'ephemeral-sequential' : 'ephemeral';
  if (ttl !== undefined) return sequential ? 'ttl-sequential' : 'ttl';
  return sequential ? 'persistent-sequential' : 'persistent';
}

/** A node: `tree` is its path as the tree knows it, `shown` as the application does. */
export interface Target {
  readonly tree: string;
  readonly shown: string;
}

/** The create that the tree is asked for. `data` absent: empty. */
export function createOperation<In>(
  codec: Codec<unknown, In>,
  target: Target,
  data: In | undefined,
  options: (NodeKindOptions & { readonly parents?: boolean }) | undefined,
): NodeOperation {
  const { ttl = 0, acl, parents = false } = options ?? {};
  return {
    type: 'create',
    path: target.tree,
    data: data === undefined ? NO_DATA : encodeWith(codec, data, target.shown),
    acl: acl === undefined ? OPEN_ACL : parseAcl(acl, target.shown),
    mode: createMode(options ?? NO_KIND),
    ttl: checkTtl(ttl, options?.ttl !== undefined),
    parents: checkFlag('parents', parents),
  };
}

/** Nothing but true and false: a truthy 'no' would be taken for the opposite. */
export function checkFlag(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError(`${name} must be true or false, not ${typeof value}`);
}

function checkTtl(ttl: number, given: boolean): number {
  if (!given) return 0;
  if (typeof ttl !== 'number') throw new TypeError('create: ttl must be a number of milliseconds');
  if (!Number.isInteger(ttl) || ttl < 1 || ttl >= 2 ** 40) {
    throw new RangeError(`create: ttl must be a whole number of 1 to 2^40 - 1 ms, not ${ttl}`);
  }
  return ttl;
}

/** The set that the tree is asked for. */
export function setOperation<In>(
  codec: Codec<unknown, In>,
  target: Target,
  data: In,
  version: number | undefined,
): NodeOperation {
  return {
    type: 'set',
    path: target.tree,
    data: encodeWith(codec, data, target.shown),
    version: checkVersion(version),
  };
}

/** The version to compare with; left out: any. ZooKeeper's -1 is not taken: it would make a slip of arithmetic unconditional. */
export function checkVersion(version: number | undefined): number {
  if (version === undefined) return ANY_VERSION;
  if (typeof version !== 'number') throw new TypeError('version must be a number');
  if (!Number.isInteger(version) || version < -2_147_483_648 || version > 2_147_483_647) {
    throw new RangeError(`version must be a whole number of 32 bits, not ${version}`);
  }
  if (version === ANY_VERSION) {
    throw new RangeError('version must not be -1; leave it out to write whatever the version is');
  }
  return version;
}

const FIELDS: Readonly<Record<'create' | 'set' | 'delete' | 'check', readonly string[]>> = {
  create: ['create', 'data', 'sequential', 'container', 'ttl', 'acl', 'ephemeral'],
  set: ['set', 'data', 'version'],
  delete: ['delete', 'version'],
  check: ['check', 'version'],
};
const KINDS = ['create', 'set', 'delete', 'check'] as const;

/** One operation of a multi as the tree is asked it. */
export function multiOperation<In>(
  codec: Codec<unknown, In>,
  operation: Op<In> | EphemeralOp<In>,
  index: number,
  ephemerals: boolean,
  target: (path: string, sequential?: boolean) => Target,
): NodeOperation {
  checkShape(operation, index, ephemerals);
  if (operation.create !== undefined) {
    return createOperation(
      codec,
      target(operation.create, operation.sequential),
      operation.data,
      operation,
    );
  }
  if (operation.set !== undefined) {
    return setOperation(codec, target(operation.set), operation.data, operation.version);
  }
  const version = checkVersion(operation.version);
  if (operation.delete !== undefined) {
    return { type: 'delete', path: target(operation.delete).tree, version, recursive: false };
  }
  return { type: 'check', path: target(operation.check).tree, version };
}

function checkShape(operation: object, index: number, ephemerals: boolean): void {
  const name = `multi: operation ${index}`;
  if (typeof operation !== 'object' || operation === null) {
    throw new TypeError(`${name} must be an object`);
  }
  const kinds = KINDS.filter((kind) => kind in operation);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    throw new TypeError(`${name} must have one of ${KINDS.join(', ')}`);
  }
  for (const [field, value] of Object.entries(operation)) {
    if (!FIELDS[kind].includes(field)) throw new TypeError(`${name}: unknown field '${field}'`);
    if (value === undefined && field !== 'data') {
      throw new TypeError(`${name}: ${field} is undefined; leave it out if that is what you mean`);
    }
  }
  if ('ephemeral' in operation && !ephemerals) {
    throw new TypeError(`${name}: ephemeral nodes are created through client.session`);
  }
}

/** What the application is given for one operation, and may write into: the answer itself is remembered. `show`: the path as the application knows it. */
export function resultOf(
  result: OperationResult,
  show: (path: string) => string,
): Created | Stat | undefined {
  switch (result.type) {
    case 'create':
      return { path: show(result.path), stat: { ...result.stat } };
    case 'set':
    case 'set-acl':
      return { ...result.stat };
    default:
      return undefined;
  }
}
