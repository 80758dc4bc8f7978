/** The effects of a transaction on nodes, packed. */
import { unreachable } from '../base/assert.ts';
import type { Change, NodeKind } from '../tree/txn.ts';
import { MAX_CHANGES, MAX_DATA_BYTES } from './limits.ts';
import type { PackedReader } from './packed-reader.ts';
import { readAcl, readPath, writeAcl } from './packed-values.ts';
import type { PackedWriter } from './packed-writer.ts';

/** The number of each kind, for ever. */
const TYPES: readonly Change['type'][] = ['create', 'set', 'delete', 'set-acl', 'check'];
export const NODE_KINDS: readonly NodeKind[] = ['persistent', 'ephemeral', 'container', 'ttl'];

export interface Changes {
  readonly changes: readonly Change[];
  readonly spans: readonly number[];
}

export function writeChanges(
  writer: PackedWriter,
  changes: readonly Change[],
  spans: readonly number[],
): void {
  writer.count(changes.length);
  for (const change of changes) writeChange(writer, change);
  writer.count(spans.length);
  for (const span of spans) writer.count(span);
}

export function readChanges(reader: PackedReader): Changes {
  const changes = reader.list(MAX_CHANGES, readChange);
  const spans = reader.list(MAX_CHANGES, readSpan);
  let spanned = 0;
  for (const span of spans) spanned += span;
  if (spanned !== changes.length) reader.refuse('spans that do not cover the changes');
  return { changes, spans };
}

function readSpan(reader: PackedReader): number {
  return reader.count(MAX_CHANGES);
}

function writeChange(writer: PackedWriter, change: Change): void {
  writer.word(TYPES, change.type);
  writer.text(change.path);
  switch (change.type) {
    case 'create':
      writer.bytes(change.data);
      writeAcl(writer, change.acl);
      writer.word(NODE_KINDS, change.kind);
      writer.count(change.ttl);
      writer.uint64(change.owner);
      return;
    case 'set':
      writer.bytes(change.data);
      writer.int32(change.version);
      return;
    case 'set-acl':
      writeAcl(writer, change.acl);
      writer.int32(change.version);
      return;
    case 'delete':
    case 'check':
      return;
    default:
      unreachable(change);
  }
}

function readChange(reader: PackedReader): Change {
  const type = reader.word(TYPES);
  const path = readPath(reader);
  switch (type) {
    case 'create':
      return {
        type,
        path,
        data: reader.bytes(MAX_DATA_BYTES),
        acl: readAcl(reader),
        kind: reader.word(NODE_KINDS),
        ttl: reader.count(),
        owner: reader.uint64(),
      };
    case 'set':
      return { type, path, data: reader.bytes(MAX_DATA_BYTES), version: reader.int32() };
    case 'set-acl':
      return { type, path, acl: readAcl(reader), version: reader.int32() };
    case 'delete':
    case 'check':
      return { type, path };
    default:
      return unreachable(type);
  }
}
