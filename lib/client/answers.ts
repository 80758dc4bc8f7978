/** What the application is given for an answer of the tree: plain functions, so that a read makes no closure. */
import { markAsUntransferable } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { QuorateError } from '../base/errors.ts';
import { textOf } from '../base/utf8.ts';
import type { ReadResult } from '../replica/read.ts';
import type { WatchedNode } from '../replica/ready.ts';
import type { Stat } from '../tree/znode.ts';
import { formatAcl } from './acl-text.ts';
import type { Done } from './call.ts';
import type { CallName } from './call-options.ts';
import type { Created, Znode } from './client.ts';
import { decodeShared, decodeText, decodeWith } from './codec.ts';
import type { TreeChange } from './feed.ts';
import { type Results, resultOf } from './operation.ts';
import type { RawChange } from './tree-source.ts';
import type { View } from './view.ts';
import { NOT_APPLIED } from './wait.ts';

type ReadFailure = Extract<ReadResult, { readonly type: 'error' }>;

function fail(
  view: View<unknown, never>,
  failure: ReadFailure,
  name: CallName,
  path: string | undefined,
): QuorateError {
  // Reads do not check their path before they ask: this says what is wrong with it.
  if (failure.code === 'BAD_ARGUMENTS' && path !== undefined) view.place.resolve(path);
  return view.failure({ name, path }, failure, NOT_APPLIED);
}

function impossible(answer: { readonly type: string }): never {
  throw QuorateError.make('RUNTIME_INCONSISTENCY', `an answer of another kind: ${answer.type}`);
}

export function znodeOf<T>(
  view: View<T, never>,
  result: ReadResult,
  name: CallName,
  path: string | undefined,
): Znode<T> {
  if (result.type === 'error') throw fail(view, result, name, path);
  if (path === undefined) return impossible(result);
  if (result.type === 'get-text' && view.fromText !== undefined) {
    return { path, data: decodeText(view.fromText, result.text, path), stat: result.stat };
  }
  if (result.type !== 'get') return impossible(result);
  return { path, data: decodeWith(view.codec, kept(result.data), path), stat: result.stat };
}

/** The last one. */
let marked: ArrayBufferLike | undefined;

/**
 * Short data lies in one buffer with what others have read. Whoever sends it to a worker sends a copy, as of a
 * Buffer: their data would be empty else.
 */
function kept(data: Uint8Array): Uint8Array {
  const { buffer } = data;
  if (buffer === marked || buffer.byteLength === data.length) return data;
  markAsUntransferable(buffer);
  marked = buffer;
  return data;
}

/** Of a node that others are shown as well: what is handed out is the caller's own. */
export function znodeOfShared<T>(
  view: View<T, never>,
  { data, stat }: WatchedNode,
  path: string,
): Znode<T> {
  const value = decodeShared(view.codec, view.fromText, data, path);
  return { path, data: value, stat: { ...stat } };
}

export function znodeOrNone<T>(
  view: View<T, never>,
  result: ReadResult,
  name: CallName,
  path: string | undefined,
): Znode<T> | undefined {
  if (result.type === 'error' && result.code === 'NO_NODE') return undefined;
  return znodeOf(view, result, name, path);
}

export function statOrNone(
  view: View<unknown, never>,
  result: ReadResult,
  name: CallName,
  path: string | undefined,
): Stat | undefined {
  if (result.type === 'error' && result.code === 'NO_NODE') return undefined;
  if (result.type === 'error') throw fail(view, result, name, path);
  if (result.type !== 'exists') return impossible(result);
  return result.stat;
}

export function childrenOf(
  view: View<unknown, never>,
  result: ReadResult,
  name: CallName,
  path: string | undefined,
): string[] {
  if (result.type === 'error') throw fail(view, result, name, path);
  return result.type === 'children' ? result.children : impossible(result);
}

export function childrenOrNone(
  view: View<unknown, never>,
  result: ReadResult,
  name: CallName,
  path: string | undefined,
): string[] {
  if (result.type === 'error' && result.code === 'NO_NODE') return [];
  return childrenOf(view, result, name, path);
}

export function aclOf(
  view: View<unknown, never>,
  result: ReadResult,
  name: CallName,
  path: string | undefined,
): { acl: string[]; stat: Stat } {
  if (result.type === 'error') throw fail(view, result, name, path);
  if (result.type !== 'get-acl') return impossible(result);
  return { acl: formatAcl(result.acl), stat: result.stat };
}

/** Of a sync. */
export function synced(
  view: View<unknown, never>,
  result: ReadResult,
  name: CallName,
  path: string | undefined,
): void {
  if (result.type === 'error') throw fail(view, result, name, path);
}

export function createdOf(view: View<unknown, never>, answer: Done): Created {
  if (answer.type !== 'create') return impossible(answer);
  return { path: view.place.show(answer.path), stat: { ...answer.stat } };
}

export function statOf(_view: View<unknown, never>, answer: Done): Stat {
  assert(answer.type === 'set' || answer.type === 'set-acl', 'a set is answered with a Stat');
  return { ...answer.stat };
}

export function nothing(): void {}

/** The results of a multi, one for each operation. */
export function resultsOf<O extends readonly unknown[]>(
  view: View<unknown, never>,
  answer: Done,
): Results<O> {
  if (answer.type !== 'multi') return impossible(answer);
  return answer.results.map((result) => resultOf(result, view.place.show)) as Results<O>;
}

/** A change of a subtree; what it hands out is the caller's own. */
export function changeOf<T>(view: View<T, never>, raw: RawChange): TreeChange<T> {
  const path = view.place.show(raw.path);
  if (raw.type === 'deleted') return { type: 'deleted', path };
  const { data, stat } = raw.node;
  const value =
    view.fromText === undefined
      ? decodeWith(view.codec, new Uint8Array(data), path)
      : decodeText(view.fromText, textOf(data), path);
  return { type: raw.type, path, data: value, stat: { ...stat } };
}
