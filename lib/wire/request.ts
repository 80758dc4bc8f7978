/** Requests on their way to the leader, packed: as many of them pass as transactions. */
import { unreachable } from '../base/assert.ts';
import type { NodeOperation, Operation, Request } from '../tree/request.ts';
import {
  MAX_CHANGES,
  MAX_DATA_BYTES,
  MAX_PASSWORD_BYTES,
  MAX_REQUESTS,
  MAX_TEXT_BYTES,
} from './limits.ts';
import { PackedReader } from './packed-reader.ts';
import {
  CLOSE_REASONS,
  readAcl,
  readIdentity,
  readOwner,
  readPath,
  SESSION_KINDS,
  writeAcl,
  writeIdentity,
  writeOwner,
} from './packed-values.ts';
import { PackedWriter } from './packed-writer.ts';

/** The number of each kind, for ever; those on nodes first. */
const TYPES: readonly Operation['type'][] = [
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
];

const NODE_TYPES: readonly NodeOperation['type'][] = [
  'create',
  'set',
  'delete',
  'set-acl',
  'check',
];

const MODES = [
  'persistent',
  'persistent-sequential',
  'ephemeral',
  'ephemeral-sequential',
  'container',
  'ttl',
  'ttl-sequential',
] as const;

/** No transaction has it: a check is of any node under that name. */
const ANY_CZXID = 0n;

const WRITER = new PackedWriter();

/** All requests of one turn; at most {@link MAX_REQUESTS}. */
export function encodeRequests(requests: readonly Request[]): Uint8Array {
  WRITER.begin();
  WRITER.count(requests.length);
  for (const request of requests) writeRequest(WRITER, request);
  return WRITER.finish();
}

/**
 * The requests in `bytes`. Data and passwords are views of it.
 *
 * @throws DecodeError
 */
export function decodeRequests(bytes: Uint8Array): readonly Request[] {
  const reader = new PackedReader(bytes, 'requests');
  const requests = reader.list(MAX_REQUESTS, readRequest);
  reader.end();
  return requests;
}

function writeRequest(writer: PackedWriter, request: Request): void {
  writer.uint64(request.session);
  writer.count(request.cxid);
  writer.count(request.resolved);
  writeOwner(writer, request.owner);
  writer.word(TYPES, request.operation.type);
  writeOperation(writer, request.operation);
}

function readRequest(reader: PackedReader): Request {
  const session = reader.uint64();
  const cxid = reader.count();
  const resolved = reader.count();
  const owner = readOwner(reader);
  const operation = readOperation(reader);
  return { session, cxid, resolved, owner, operation };
}

function writeOperation(writer: PackedWriter, operation: Operation): void {
  switch (operation.type) {
    case 'multi':
      writer.count(operation.operations.length);
      for (const one of operation.operations) {
        writer.word(NODE_TYPES, one.type);
        writeNodeOperation(writer, one);
      }
      return;
    case 'sync':
      return;
    case 'create-session':
      writer.word(SESSION_KINDS, operation.kind);
      writer.count(operation.timeout);
      writer.bytes(operation.password);
      writer.text(operation.address);
      return;
    case 'close-session':
      writer.uint64(operation.session);
      writer.word(CLOSE_REASONS, operation.reason);
      return;
    case 'move-session':
      writer.uint64(operation.session);
      writer.bytes(operation.password);
      return;
    case 'add-auth':
      writeIdentity(writer, operation.identity);
      return;
    default:
      writeNodeOperation(writer, operation);
  }
}

function readOperation(reader: PackedReader): Operation {
  const type = reader.word(TYPES);
  switch (type) {
    case 'multi':
      return { type, operations: reader.list(MAX_CHANGES, readMultiOperation) };
    case 'sync':
      return { type };
    case 'create-session':
      return {
        type,
        kind: reader.word(SESSION_KINDS),
        timeout: reader.count(),
        password: reader.bytes(MAX_PASSWORD_BYTES),
        address: reader.text(MAX_TEXT_BYTES),
      };
    case 'close-session':
      return { type, session: reader.uint64(), reason: reader.word(CLOSE_REASONS) };
    case 'move-session':
      return { type, session: reader.uint64(), password: reader.bytes(MAX_PASSWORD_BYTES) };
    case 'add-auth':
      return { type, identity: readIdentity(reader) };
    default:
      return readNodeOperation(reader, type);
  }
}

function readMultiOperation(reader: PackedReader): NodeOperation {
  return readNodeOperation(reader, reader.word(NODE_TYPES));
}

function writeNodeOperation(writer: PackedWriter, operation: NodeOperation): void {
  writer.text(operation.path);
  switch (operation.type) {
    case 'create':
      writer.bytes(operation.data);
      writeAcl(writer, operation.acl);
      writer.word(MODES, operation.mode);
      writer.count(operation.ttl);
      writer.flag(operation.parents);
      return;
    case 'set':
      writer.bytes(operation.data);
      writer.int32(operation.version);
      return;
    case 'delete':
      writer.int32(operation.version);
      writer.flag(operation.recursive);
      return;
    case 'set-acl':
      writeAcl(writer, operation.acl);
      writer.int32(operation.version);
      return;
    case 'check':
      writer.int32(operation.version);
      writer.uint64(operation.czxid ?? ANY_CZXID);
      return;
    default:
      unreachable(operation);
  }
}

function readNodeOperation(reader: PackedReader, type: NodeOperation['type']): NodeOperation {
  const path = readPath(reader);
  switch (type) {
    case 'create':
      return {
        type,
        path,
        data: reader.bytes(MAX_DATA_BYTES),
        acl: readAcl(reader),
        mode: reader.word(MODES),
        ttl: reader.count(),
        parents: reader.flag(),
      };
    case 'set':
      return { type, path, data: reader.bytes(MAX_DATA_BYTES), version: reader.int32() };
    case 'delete':
      return { type, path, version: reader.int32(), recursive: reader.flag() };
    case 'set-acl':
      return { type, path, acl: readAcl(reader), version: reader.int32() };
    case 'check': {
      const version = reader.int32();
      const czxid = reader.uint64();
      return { type, path, version, ...(czxid === ANY_CZXID ? {} : { czxid }) };
    }
    default:
      return unreachable(type);
  }
}
