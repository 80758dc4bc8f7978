/** The tree again, as simple as it can be: what the real one must agree with. Open ACLs, no quotas. */

import type { ErrorCode } from '../../lib/base/errors.ts';
import { nameOf, parentOf } from '../../lib/base/path.ts';
import type { NodeOperation } from '../../lib/tree/request.ts';
import type { Stat } from '../../lib/tree/znode.ts';
import { text } from './world.ts';

interface ModelNode {
  data: string;
  owner: bigint;
  kind: string;
  ttl: number;
  creates: number;
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctime: number;
  mtime: number;
  version: number;
}

export type ModelResult =
  | { readonly error: ErrorCode }
  | { readonly path?: string; readonly stat?: Stat };

export class Model {
  nodes: Map<string, ModelNode> = new Map();
  readonly sessions: Set<bigint> = new Set();

  constructor() {
    for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])
      this.#add(path, 0n, 0);
  }

  #add(path: string, zxid: bigint, time: number, more: Partial<ModelNode> = {}): void {
    const node = {
      data: '',
      owner: 0n,
      kind: 'persistent',
      ttl: 0,
      creates: 0,
      version: 0,
      ...more,
    };
    this.nodes.set(path, {
      ...node,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: time,
      mtime: time,
    });
  }

  children(path: string): string[] {
    return [...this.nodes.keys()]
      .filter((other) => other !== '/' && parentOf(other) === path)
      .map(nameOf)
      .sort();
  }

  stat(path: string): Stat {
    const node = this.nodes.get(path) as ModelNode;
    const numChildren = this.children(path).length;
    return {
      czxid: node.czxid,
      mzxid: node.mzxid,
      pzxid: node.pzxid,
      ctime: node.ctime,
      mtime: node.mtime,
      version: node.version,
      cversion: node.creates * 2 - numChildren,
      aversion: path === '/zookeeper/config' ? -1 : 0,
      ephemeralOwner: node.owner,
      dataLength: node.data.length,
      numChildren,
    };
  }

  /** All operations or none. */
  all(
    operations: readonly NodeOperation[],
    session: bigint,
    zxid: bigint,
    time: number,
  ): ModelResult[] {
    const before = new Map([...this.nodes].map(([path, node]) => [path, { ...node }]));
    const results: ModelResult[] = [];
    for (const operation of operations) {
      const result = this.#one(operation, session, zxid, time);
      if ('error' in result) {
        this.nodes = before;
        return [result];
      }
      results.push(result);
    }
    return results;
  }

  #one(operation: NodeOperation, session: bigint, zxid: bigint, time: number): ModelResult {
    if (operation.type === 'create') return this.#create(operation, session, zxid, time);
    const { path } = operation;
    if (operation.type === 'delete' && (path === '/' || path.startsWith('/zookeeper')))
      return { error: 'BAD_ARGUMENTS' };
    const node = this.nodes.get(path);
    if (node === undefined) return { error: 'NO_NODE' };
    const isAnother = operation.type === 'check' && (operation.czxid ?? node.czxid) !== node.czxid;
    if (isAnother) return { error: 'NO_NODE' };
    if (operation.type === 'set-acl') throw new Error('not modelled');
    if (operation.version !== -1 && operation.version !== node.version)
      return { error: 'BAD_VERSION' };
    if (operation.type === 'check') return {};
    if (operation.type === 'set') {
      const change = { data: text(operation.data), version: node.version + 1 };
      Object.assign(node, change, { mzxid: zxid, mtime: time });
      return { stat: this.stat(path) };
    }
    if (!operation.recursive && this.children(path).length > 0) return { error: 'NOT_EMPTY' };
    this.#delete(path, zxid);
    return {};
  }

  #create(
    operation: Extract<NodeOperation, { type: 'create' }>,
    session: bigint,
    zxid: bigint,
    time: number,
  ): ModelResult {
    const above = parentOf(operation.path);
    if (!this.nodes.has(above)) {
      if (!operation.parents) return { error: 'NO_NODE' };
      const empty = { ...operation, data: new Uint8Array(), mode: 'persistent' as const };
      const made = this.#create({ ...empty, path: above }, session, zxid, time);
      if ('error' in made) return made;
    }
    const parent = this.nodes.get(above) as ModelNode;
    const [mode = '', sequential] = operation.mode.split('-');
    const suffix = sequential === undefined ? '' : String(parent.creates).padStart(10, '0');
    const path = operation.path + suffix;
    if (this.nodes.has(path)) return { error: 'NODE_EXISTS' };
    if (parent.kind === 'ephemeral') return { error: 'NO_CHILDREN_FOR_EPHEMERALS' };
    const owner = mode === 'ephemeral' ? session : 0n;
    this.#add(path, zxid, time, {
      data: text(operation.data),
      owner,
      kind: mode,
      ttl: operation.ttl,
    });
    parent.creates += 1;
    parent.pzxid = zxid;
    return { path, stat: this.stat(path) };
  }

  #delete(path: string, zxid: bigint): void {
    for (const name of this.children(path)) this.#delete(`${path}/${name}`, zxid);
    this.nodes.delete(path);
    (this.nodes.get(parentOf(path)) as ModelNode).pzxid = zxid;
  }

  close(session: bigint, zxid: bigint): void {
    this.sessions.delete(session);
    for (const [path, { owner }] of [...this.nodes])
      if (owner === session) this.#delete(path, zxid);
  }

  /** Nodes that a sweep removes. */
  reap(time: number): string[] {
    return [...this.nodes.keys()].filter((path) => {
      const { kind, creates, mtime, ttl } = this.nodes.get(path) as ModelNode;
      if (this.children(path).length > 0) return false;
      return (kind === 'container' && creates > 0) || (kind === 'ttl' && mtime + ttl <= time);
    });
  }

  remove(path: string, zxid: bigint): void {
    this.#delete(path, zxid);
  }
}
