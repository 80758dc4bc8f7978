/** The operations of a client, on one part of the tree, through one codec. */
import { QuorateError } from '../base/errors.ts';
import type { ReadOperation } from '../replica/read.ts';
import type { Stat } from '../tree/znode.ts';
import { parseAcl } from './acl-text.ts';
import {
  aclOf,
  changeOf,
  childrenOf,
  createdOf,
  nothing,
  resultsOf,
  statOf,
  statOrNone,
  synced,
  znodeOf,
  znodeOrNone,
} from './answers.ts';
import { identitiesFor } from './auth.ts';
import { checkOptions } from './call-options.ts';
import type {
  ChildrenOptions,
  Created,
  DeleteOptions,
  ReadOptions,
  SessionCreateOptions,
  WatchChildrenOptions,
  Znode,
} from './client.ts';
import { refusePromise, utf8 } from './codec.ts';
import type { Feed, TreeChange, TreeUpdate, Watch } from './feed.ts';
import { type HeldGrant, isOvertaken, nodeItself } from './guard.ts';
import { ChildrenAspect, DataAspect, readChildren } from './node-aspect.ts';
import {
  checkFlag,
  checkVersion,
  createOperation,
  type EphemeralOp,
  multiOperation,
  type Op,
  type Results,
  setOperation,
} from './operation.ts';
import { StateFeed } from './state-feed.ts';
import { openTree, type Subtree } from './tree-source.ts';
import { View } from './view.ts';
import { NOT_APPLIED, type StopOptions, type WaitOptions } from './wait.ts';

/** A view of the tree; free, and nothing to close. */
export abstract class TreeView<T, In> extends View<T, In> {
  /** Whether ephemeral nodes may be created through it. */
  protected abstract readonly allowsEphemerals: boolean;

  abstract guardedBy(grant: HeldGrant): TreeView<T, In>;

  get(path: string, options?: ReadOptions): Promise<Znode<T>> {
    const read = this.fromText === undefined ? readNode : readText;
    return this.ask('get', path, options, read, znodeOf<T>);
  }

  find(path: string, options?: ReadOptions): Promise<Znode<T> | undefined> {
    const read = this.fromText === undefined ? readNode : readText;
    return this.ask('find', path, options, read, znodeOrNone<T>);
  }

  exists(path: string, options?: ReadOptions): Promise<Stat | undefined> {
    return this.ask('exists', path, options, readStat, statOrNone);
  }

  children(path: string, options?: ChildrenOptions): Promise<string[]> {
    return this.ask('children', path, options, readChildren, childrenOf);
  }

  getAcl(path: string, options?: ReadOptions): Promise<{ acl: string[]; stat: Stat }> {
    return this.ask('getAcl', path, options, readAcl, aclOf);
  }

  sync(options?: WaitOptions): Promise<void> {
    return this.ask('sync', undefined, options, readNothing, synced);
  }

  create(path: string, data?: In, options?: SessionCreateOptions): Promise<Created> {
    try {
      checkOptions('create', options);
      if (options?.ephemeral === true && !this.allowsEphemerals) {
        throw new TypeError('create: ephemeral nodes are created through client.session');
      }
      const target = this.target(path, options?.sequential);
      const operation = createOperation(this.codec, target, data, options);
      this.ensureRoot();
      return this.submit('create', path, operation, options, createdOf);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  set(
    path: string,
    data: In,
    options?: WaitOptions & { readonly version?: number },
  ): Promise<Stat> {
    try {
      checkOptions('set', options);
      const operation = setOperation(this.codec, this.target(path), data, options?.version);
      return this.submit('set', path, operation, options, statOf);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async update(
    path: string,
    change: (data: T | undefined) => In,
    options?: WaitOptions,
  ): Promise<Znode<T>> {
    checkOptions('update', options);
    if (typeof change !== 'function') throw new TypeError('update: change is a function');
    const left = timeLeft(options?.timeout ?? this.source.peer.options.requestTimeout);
    for (;;) {
      const before = await this.find(path, { ...options, timeout: left() });
      const data = change(before?.data);
      refusePromise(data, 'update: change must be synchronous; it may run again');
      // Before it is written: what cannot be read again is refused, not applied.
      const own = this.own(data, path);
      const wait = { ...options, timeout: left() };
      try {
        const stat =
          before === undefined
            ? (await this.create(path, data, { ...wait, parents: true })).stat
            : await this.guardedBy(nodeItself(path, before.stat)).set(path, data, {
                ...wait,
                version: before.stat.version,
              });
        return { path, data: own, stat };
      } catch (error) {
        // Someone else was faster. What failed here is applied here, so the next read sees it.
        if (!isOvertaken(error, before?.path)) throw error;
        this.assertHeld();
        if (left() === 0) throw timedOut(`update ${path}`, path);
      }
    }
  }

  delete(path: string, options?: DeleteOptions): Promise<void> {
    try {
      checkOptions('delete', options);
      const recursive = checkFlag('recursive', options?.recursive ?? false);
      if (recursive && options?.version !== undefined) {
        throw new TypeError('delete: recursive and version exclude each other');
      }
      const version = checkVersion(options?.version);
      const operation = {
        type: 'delete',
        path: this.place.resolve(path),
        version,
        recursive,
      } as const;
      return this.submit('delete', path, operation, options, nothing);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  ensurePath(path: string, options?: WaitOptions): Promise<void> {
    try {
      checkOptions('ensurePath', options);
      this.assertHeld();
      if (this.isThere(this.place.resolve(path))) return Promise.resolve();
      const operation = createOperation(utf8, this.target(path), undefined, { parents: true });
      return this.submit('ensurePath', path, operation, options, nothing).catch((error) => {
        if (!QuorateError.is(error, 'NODE_EXISTS')) throw error;
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  multi<const O extends readonly (Op<In> | EphemeralOp<In>)[]>(
    operations: O,
    options?: WaitOptions,
  ): Promise<Results<O>> {
    try {
      checkOptions('multi', options);
      if (!Array.isArray(operations)) throw new TypeError('multi: operations must be an array');
      const target = (path: string, sequential?: boolean) => this.target(path, sequential);
      const all = operations.map((operation, index) =>
        multiOperation(this.codec, operation, index, this.allowsEphemerals, target),
      );
      if (all.some(({ type }) => type === 'create')) this.ensureRoot();
      const operation = { type: 'multi', operations: all } as const;
      return this.submit('multi', undefined, operation, options, resultsOf<O>);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  setAcl(
    path: string,
    acl: readonly string[],
    options?: WaitOptions & { readonly version?: number },
  ): Promise<Stat> {
    try {
      checkOptions('setAcl', options);
      const operation = {
        type: 'set-acl',
        path: this.place.resolve(path),
        acl: parseAcl(acl, path),
        version: checkVersion(options?.version),
      } as const;
      return this.submit('setAcl', path, operation, options, statOf);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async addAuth(scheme: string, credentials: string): Promise<void> {
    const { superDigest } = this.source.peer.options;
    const identities = identitiesFor(scheme, credentials, superDigest);
    const added = identities.map((identity) => {
      const operation = { type: 'add-auth', identity } as const;
      const remember = () => this.source.remember(identity);
      return this.submit('addAuth', undefined, operation, undefined, remember);
    });
    await Promise.all(added);
  }

  watch(path: string, options?: StopOptions): Watch<Znode<T> | undefined> {
    checkOptions('watch', options);
    const called = { name: 'watch', path } as const;
    const node = new DataAspect(this, this.place.resolve(path), called);
    return this.feed('watch', path, node, options);
  }

  watchChildren(path: string, options?: WatchChildrenOptions): Watch<string[]> {
    checkOptions('watchChildren', options);
    const called = { name: 'watchChildren', path } as const;
    const node = new ChildrenAspect(this, this.place.resolve(path), called, options);
    return this.feed('watchChildren', path, node, options);
  }

  watchTree(path: string, options?: StopOptions): Feed<TreeUpdate<T>> {
    checkOptions('watchTree', options);
    const called = { name: 'watchTree', path } as const;
    const tree: Subtree<TreeChange<T>> = {
      root: this.place.resolve(path),
      change: (raw) => changeOf(this, raw),
      failure: (failure) => this.failure(called, failure, NOT_APPLIED),
    };
    return new StateFeed(openTree(this.source, tree), this.feedContext('watchTree', path), options);
  }
}

/** Several waits share one time. */
function timeLeft(timeout: number): () => number {
  const end = performance.now() + timeout;
  return () => Math.max(0, end - performance.now());
}

function timedOut(what: string, path: string): QuorateError {
  const message = `${what} timed out: others were faster each time`;
  return QuorateError.make('TIMED_OUT', message, { path, ...NOT_APPLIED });
}

function readNode(path: string): ReadOperation {
  return { type: 'get', path };
}

function readText(path: string): ReadOperation {
  return { type: 'get-text', path };
}

function readStat(path: string): ReadOperation {
  return { type: 'exists', path };
}

function readAcl(path: string): ReadOperation {
  return { type: 'get-acl', path };
}

function readNothing(): ReadOperation {
  return { type: 'sync' };
}
