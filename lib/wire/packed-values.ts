/** Packed values that requests, transactions and checkpoints have in common. */

import type { ErrorCode } from '../base/errors.ts';
import type { Acl, AclEntry, Identity } from '../tree/acl.ts';
import { PERMISSION } from '../tree/acl.ts';
import type { Owner } from '../tree/request.ts';
import type { Stat } from '../tree/znode.ts';
import { ERROR_CODES } from './error-codes.ts';
import {
  MAX_ACL,
  MAX_CHANGES,
  MAX_IDENTIFIER,
  MAX_PATH_BYTES,
  MAX_PEER_ID,
  MAX_TEXT_BYTES,
} from './limits.ts';
import type { PackedReader } from './packed-reader.ts';
import type { PackedWriter } from './packed-writer.ts';

/** How a session came to be. */
export const SESSION_KINDS = ['peer', 'client'] as const;
/** How a session ended. */
export const CLOSE_REASONS = ['closed', 'expired'] as const;

export function writeOwner(writer: PackedWriter, owner: Owner): void {
  writer.count(owner.peer);
  writer.text(owner.store);
  writer.count(owner.boot);
}

/** The last owner read of each peer: nearly every owner is the one before, and is then the same object. */
const OWNERS: Owner[] = Array.from({ length: MAX_PEER_ID + 1 }, (_, peer) => {
  return { peer, store: '', boot: 0 };
});

export function readOwner(reader: PackedReader): Owner {
  const peer = reader.count(MAX_PEER_ID);
  const before = OWNERS[peer];
  const store = reader.text(MAX_IDENTIFIER, before?.store);
  const boot = reader.count();
  if (before?.store === store && before.boot === boot) return before;
  const owner = { peer, store, boot };
  OWNERS[peer] = owner;
  return owner;
}

export function readPath(reader: PackedReader): string {
  return reader.text(MAX_PATH_BYTES);
}

export function writeIdentity(writer: PackedWriter, identity: Identity): void {
  writer.text(identity.scheme);
  writer.text(identity.id);
}

export function readIdentity(reader: PackedReader): Identity {
  const scheme = reader.text(MAX_TEXT_BYTES);
  return { scheme, id: reader.text(MAX_TEXT_BYTES) };
}

export function writeAcl(writer: PackedWriter, acl: Acl): void {
  writer.count(acl.length);
  for (const entry of acl) {
    writer.uint8(entry.permissions);
    writeIdentity(writer, entry);
  }
}

export function readAcl(reader: PackedReader): Acl {
  return reader.list(MAX_ACL, readAclEntry);
}

function readAclEntry(reader: PackedReader): AclEntry {
  const permissions = reader.count(PERMISSION.all);
  const scheme = reader.text(MAX_TEXT_BYTES);
  return { permissions, scheme, id: reader.text(MAX_TEXT_BYTES) };
}

export function writeStat(writer: PackedWriter, stat: Stat): void {
  writer.uint64(stat.czxid);
  writer.uint64(stat.mzxid);
  writer.uint64(stat.pzxid);
  writer.uint48(stat.ctime);
  writer.uint48(stat.mtime);
  writer.int32(stat.version);
  writer.int32(stat.cversion);
  writer.int32(stat.aversion);
  writer.uint64(stat.ephemeralOwner);
  writer.count(stat.dataLength);
  writer.count(stat.numChildren);
}

export function readStat(reader: PackedReader): Stat {
  return {
    czxid: reader.uint64(),
    mzxid: reader.uint64(),
    pzxid: reader.uint64(),
    ctime: reader.uint48(),
    mtime: reader.uint48(),
    version: reader.int32(),
    cversion: reader.int32(),
    aversion: reader.int32(),
    ephemeralOwner: reader.uint64(),
    dataLength: reader.count(),
    numChildren: reader.count(),
  };
}

/** Why an operation had no effect. */
export interface Failure {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly path?: string;
  readonly index?: number;
}

export function writeFailure(writer: PackedWriter, failure: Failure): void {
  writer.word(ERROR_CODES, failure.code);
  writer.flag(failure.path !== undefined);
  if (failure.path !== undefined) writer.text(failure.path);
  writer.flag(failure.index !== undefined);
  if (failure.index !== undefined) writer.count(failure.index);
}

export function readFailure(reader: PackedReader): Failure {
  const code = reader.word(ERROR_CODES);
  const path = reader.flag() ? { path: readPath(reader) } : {};
  const index = reader.flag() ? { index: reader.count(MAX_CHANGES) } : {};
  return { type: 'error', code, ...path, ...index };
}
