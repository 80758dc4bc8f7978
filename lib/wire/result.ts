/** The results of requests, packed: a checkpoint keeps those that may still be asked for. */
import { unreachable } from '../base/assert.ts';
import type { OperationResult } from '../tree/request.ts';
import { MAX_CHANGES } from './limits.ts';
import type { PackedReader } from './packed-reader.ts';
import { readFailure, readPath, readStat, writeFailure, writeStat } from './packed-values.ts';
import type { PackedWriter } from './packed-writer.ts';

/** The number of each kind, for ever. */
const TYPES: readonly OperationResult['type'][] = [
  'create',
  'set',
  'delete',
  'set-acl',
  'check',
  'multi',
  'sync',
  'create-session',
  'close-session',
  'move-session',
  'add-auth',
  'error',
];

export function writeResult(writer: PackedWriter, result: OperationResult): void {
  writer.word(TYPES, result.type);
  switch (result.type) {
    case 'create':
      writer.text(result.path);
      writeStat(writer, result.stat);
      return;
    case 'set':
    case 'set-acl':
      writeStat(writer, result.stat);
      return;
    case 'delete':
    case 'check':
    case 'sync':
    case 'add-auth':
    case 'close-session':
      return;
    case 'multi':
      writer.count(result.results.length);
      for (const one of result.results) writeResult(writer, one);
      return;
    case 'create-session':
    case 'move-session':
      writer.uint64(result.session);
      writer.count(result.timeout);
      return;
    case 'error':
      writeFailure(writer, result);
      return;
    default:
      unreachable(result);
  }
}

/** A result; a multi within a multi is refused, so that bad input cannot nest for ever. */
export function readResult(reader: PackedReader, inMulti = false): OperationResult {
  const type = reader.word(TYPES);
  switch (type) {
    case 'create':
      return { type, path: readPath(reader), stat: readStat(reader) };
    case 'set':
    case 'set-acl':
      return { type, stat: readStat(reader) };
    case 'delete':
    case 'check':
    case 'sync':
    case 'add-auth':
    case 'close-session':
      return { type };
    case 'multi':
      if (inMulti) reader.refuse('a multi in a multi');
      return { type, results: reader.list(MAX_CHANGES, readPlainResult) };
    case 'create-session':
    case 'move-session':
      return { type, session: reader.uint64(), timeout: reader.count() };
    case 'error':
      return readFailure(reader);
    default:
      return unreachable(type);
  }
}

function readPlainResult(reader: PackedReader): OperationResult {
  return readResult(reader, true);
}
