/**
 * The payload of `transaction` and `epoch-start` entries. This is the hottest code of the codec:
 * every write is encoded once and decoded on every peer. It is packed by hand: to encode the same
 * fields takes cbor-x three times as long, and to decode them longer, with nothing checked yet.
 */
import { unreachable } from '../base/assert.ts';
import type { Txn, TxnBody } from '../tree/txn.ts';
import { readChanges, writeChanges } from './change.ts';
import { MAX_ELEMENTS, MAX_PASSWORD_BYTES, MAX_PEER_ID, MAX_TEXT_BYTES } from './limits.ts';
import { PackedReader } from './packed-reader.ts';
import {
  CLOSE_REASONS,
  readFailure,
  readIdentity,
  readOwner,
  readPath,
  SESSION_KINDS,
  writeFailure,
  writeIdentity,
  writeOwner,
} from './packed-values.ts';
import { PackedWriter } from './packed-writer.ts';

/** First byte of every transaction: another layout gets another number. */
const VERSION = 1;

/** The number of each kind, for ever. */
const TYPES: readonly TxnBody['type'][] = [
  'change',
  'error',
  'sync',
  'create-session',
  'close-session',
  'move-session',
  'add-auth',
  'reap',
  'epoch-start',
];

const WRITER = new PackedWriter();
const NOTHING = new Uint8Array(0);
const READER = new PackedReader(NOTHING, 'txn');

/** The bytes of a transaction, to be encoded once by the leader that proposes it. */
export function encodeTxn(txn: Txn): Uint8Array {
  WRITER.begin();
  WRITER.uint8(VERSION);
  WRITER.word(TYPES, txn.body.type);
  WRITER.uint64(txn.session);
  WRITER.count(txn.cxid);
  WRITER.count(txn.resolved);
  writeOwner(WRITER, txn.owner);
  WRITER.uint48(txn.time);
  writeBody(WRITER, txn.body);
  return WRITER.finish();
}

/**
 * The transaction in `bytes`. Data and passwords are views of `bytes`: whoever keeps them beyond the
 * entry copies them.
 *
 * @throws DecodeError
 */
export function decodeTxn(bytes: Uint8Array): Txn {
  const reader = READER;
  reader.open(bytes);
  if (reader.uint8() !== VERSION) reader.refuse('an unknown version');
  const type = reader.word(TYPES);
  const session = reader.uint64();
  const cxid = reader.count();
  const resolved = reader.count();
  const owner = readOwner(reader);
  const time = reader.uint48();
  const body = readBody(reader, type);
  reader.end();
  reader.open(NOTHING);
  return { session, cxid, resolved, owner, time, body };
}

function writeBody(writer: PackedWriter, body: TxnBody): void {
  switch (body.type) {
    case 'change':
      writer.flag(body.multi);
      writeChanges(writer, body.changes, body.spans);
      return;
    case 'error':
      writeFailure(writer, body);
      return;
    case 'sync':
      return;
    case 'create-session':
      writer.word(SESSION_KINDS, body.kind);
      writer.count(body.timeout);
      writer.bytes(body.password);
      writer.text(body.address);
      writer.count(body.closes.length);
      for (const session of body.closes) writer.uint64(session);
      return;
    case 'close-session':
      writer.uint64(body.session);
      writer.word(CLOSE_REASONS, body.reason);
      return;
    case 'move-session':
      writer.uint64(body.session);
      return;
    case 'add-auth':
      writeIdentity(writer, body.identity);
      return;
    case 'reap':
      writer.text(body.path);
      writer.uint64(body.czxid);
      writer.uint64(body.mzxid);
      writer.int32(body.cversion);
      return;
    case 'epoch-start':
      writer.uint32(body.epoch);
      writer.count(body.leader);
      writer.count(body.version);
      writer.count(body.maxTreeBytes);
      return;
    default:
      unreachable(body);
  }
}

function readBody(reader: PackedReader, type: TxnBody['type']): TxnBody {
  switch (type) {
    case 'change': {
      const multi = reader.flag();
      const { changes, spans } = readChanges(reader);
      return { type, changes, spans, multi };
    }
    case 'error':
      return readFailure(reader);
    case 'sync':
      return { type };
    case 'create-session':
      return readCreateSession(reader);
    case 'close-session':
      return { type, session: reader.uint64(), reason: reader.word(CLOSE_REASONS) };
    case 'move-session':
      return { type, session: reader.uint64() };
    case 'add-auth':
      return { type, identity: readIdentity(reader) };
    case 'reap':
      return {
        type,
        path: readPath(reader),
        czxid: reader.uint64(),
        mzxid: reader.uint64(),
        cversion: reader.int32(),
      };
    case 'epoch-start':
      return {
        type,
        epoch: reader.uint32(),
        leader: reader.count(MAX_PEER_ID),
        version: reader.count(),
        maxTreeBytes: reader.count(),
      };
    default:
      return unreachable(type);
  }
}

function readCreateSession(reader: PackedReader): TxnBody {
  const kind = reader.word(SESSION_KINDS);
  const timeout = reader.count();
  const password = reader.bytes(MAX_PASSWORD_BYTES);
  const address = reader.text(MAX_TEXT_BYTES);
  const closes = reader.list(MAX_ELEMENTS, readSession);
  return { type: 'create-session', kind, timeout, password, address, closes };
}

function readSession(reader: PackedReader): bigint {
  return reader.uint64();
}
