/**
 * A checkpoint as chunks: each holds one part of the state with its place in the order, the layout's
 * version and a checksum. The same chunks lie on a disk and travel in a SNAP.
 */
import { present, unreachable } from '../base/assert.ts';
import { HIGH } from '../base/zxid.ts';
import type { Acl } from '../tree/acl.ts';
import type {
  AnswerRecord,
  CheckpointHeader,
  CheckpointPart,
  LentNodesPart,
  NodeRecord,
  NodesPart,
  OwnersPart,
  SessionsPart,
  TakenPart,
  WindowRecord,
} from '../tree/checkpoint-record.ts';
import {
  AVERSION,
  CREATES,
  CTIME,
  CZXID,
  MTIME,
  MZXID,
  OWNER,
  PZXID,
  RestoredNode,
  TTL,
  VERSION,
} from '../tree/node-row.ts';
import type { Restorer } from '../tree/restorer.ts';
import type { Session } from '../tree/session.ts';
import { ShownNode } from '../tree/shown-node.ts';
import { NODE_KINDS } from './change.ts';
import type { Checksum } from './crc32.ts';
import {
  MAX_ACL,
  MAX_ANSWERS,
  MAX_PART,
  MAX_PASSWORD_BYTES,
  MAX_RECORD_BYTES,
  MAX_TEXT_BYTES,
} from './limits.ts';
import { NodeReader } from './node-reader.ts';
import { PackedReader } from './packed-reader.ts';
import {
  readAcl,
  readIdentity,
  readOwner,
  SESSION_KINDS,
  writeAcl,
  writeIdentity,
  writeOwner,
} from './packed-values.ts';
import { PackedWriter } from './packed-writer.ts';
import { readResult, writeResult } from './result.ts';
import { seal, unseal } from './sealed.ts';

/** The layout; another one gets another number. */
const CHECKPOINT_VERSION = 1;

const TYPES: readonly CheckpointPart['type'][] = ['header', 'nodes', 'sessions', 'owners'];
const WRITER = new PackedWriter();

/** The bytes of the part at place `sequence`, counted from 0. */
export function encodeCheckpointPart(part: TakenPart, sequence: number): Uint8Array {
  WRITER.begin();
  WRITER.uint8(CHECKPOINT_VERSION);
  WRITER.uint32(sequence);
  WRITER.word(TYPES, part.type);
  writePart(WRITER, part);
  return seal(WRITER.lend());
}

/**
 * The part in `bytes`, which must be the one at place `sequence`. Data and passwords are views of
 * `bytes`: whoever keeps them copies them.
 *
 * @throws DecodeError
 */
export function decodeCheckpointPart(bytes: Uint8Array, sequence: number): CheckpointPart {
  const reader = readerOf(bytes, sequence);
  const part = readPart(reader, reader.word(TYPES));
  reader.end();
  return part;
}

/**
 * As {@link decodeCheckpointPart}, into the state that is being built: of a million nodes none becomes an
 * object of its own, for the collector to move. If this throws, nothing can come of that state.
 *
 * @throws DecodeError
 */
export function restoreCheckpointPart(
  bytes: Uint8Array,
  sequence: number,
  restorer: Restorer,
  checksum?: Checksum,
): void {
  const reader = readerOf(bytes, sequence, checksum);
  const type = reader.word(TYPES);
  const part = type === 'nodes' ? undefined : readPart(reader, type);
  if (part === undefined) {
    readEachNode(reader, restorer.node, (node, acl, acls) => restorer.addNode(node, acl, acls));
  }
  reader.end();
  if (part !== undefined) restorer.add(part);
}

/** Stands behind the place of a chunk whose checksum fits. */
function readerOf(bytes: Uint8Array, sequence: number, checksum?: Checksum): PackedReader {
  const plain = unseal(bytes, MAX_RECORD_BYTES, 'checkpoint', checksum);
  const reader = new PackedReader(plain, 'checkpoint');
  if (reader.uint8() !== CHECKPOINT_VERSION) reader.refuse('an unknown version');
  if (reader.uint32() !== sequence) reader.refuse('a chunk of another place');
  return reader;
}

function writePart(writer: PackedWriter, part: TakenPart): void {
  switch (part.type) {
    case 'header':
      writeHeader(writer, part);
      return;
    case 'nodes':
      writeNodes(writer, part);
      return;
    case 'sessions':
      writeSessions(writer, part);
      return;
    case 'owners':
      writeOwners(writer, part);
      return;
    default:
      unreachable(part);
  }
}

function readPart(reader: PackedReader, type: CheckpointPart['type']): CheckpointPart {
  switch (type) {
    case 'header':
      return readHeader(reader);
    case 'nodes':
      return readNodes(reader);
    case 'sessions':
      return readSessions(reader);
    case 'owners':
      return readOwners(reader);
    default:
      return unreachable(type);
  }
}

function writeHeader(writer: PackedWriter, header: CheckpointHeader): void {
  writer.uint64(header.zxid);
  writer.uint48(header.time);
  writer.count(header.version);
  writer.count(header.maxTreeBytes);
  writer.safe(header.hash);
  writer.count(header.nodes);
  writer.count(header.sessions);
}

function readHeader(reader: PackedReader): CheckpointHeader {
  return {
    type: 'header',
    zxid: reader.uint64(),
    time: reader.uint48(),
    version: reader.count(),
    maxTreeBytes: reader.count(),
    hash: reader.safe(),
    nodes: reader.count(),
    sessions: reader.count(),
  };
}

function writeNodes(writer: PackedWriter, { acls, nodes }: LentNodesPart): void {
  writer.count(acls.length);
  for (const acl of acls) writeAcl(writer, acl);
  writer.count(nodes.length);
  for (let at = 0; at < nodes.length; at += 1) {
    const node = present(nodes.at(at), 'a node of a part');
    if (node instanceof ShownNode) writeRow(writer, node);
    else writeNode(writer, node);
  }
}

function readNodes(reader: PackedReader): NodesPart {
  const nodes: NodeRecord[] = [];
  const acls = readEachNode(reader, new RestoredNode(), ({ path, data, fields }, acl) => {
    nodes.push({ path, data, acl, ...fields.values() });
  });
  return { type: 'nodes', acls, nodes };
}

/** @param node is filled again for each of them */
function readEachNode(
  reader: PackedReader,
  node: RestoredNode,
  take: (node: RestoredNode, acl: number, acls: readonly Acl[]) => void,
): readonly Acl[] {
  const acls = reader.list(MAX_PART, readAcl);
  const count = reader.length(MAX_PART);
  const nodes = new NodeReader(reader.rest(), acls.length, node);
  for (let left = count; left > 0; left -= 1) take(nodes.next(), nodes.acl, acls);
  nodes.end();
  return acls;
}

function writeNode(writer: PackedWriter, node: NodeRecord): void {
  writer.text(node.path);
  writer.bytes(node.data);
  writer.count(node.acl);
  writer.word(NODE_KINDS, node.kind);
  writer.count(node.ttl);
  writer.uint64(node.owner);
  writer.uint64(node.czxid);
  writer.uint64(node.mzxid);
  writer.uint64(node.pzxid);
  writer.uint48(node.ctime);
  writer.uint48(node.mtime);
  writer.int32(node.version);
  writer.int32(node.aversion);
  writer.count(node.creates);
}

/** As {@link writeNode} writes the record of it: these come by the million. */
function writeRow(writer: PackedWriter, row: ShownNode): void {
  const { first } = row;
  const { floats, ints, counters } = row.page;
  writer.text(row.path);
  writer.bytesAt(row.slab, row.from, row.length);
  writer.count(row.acl);
  writer.word(NODE_KINDS, row.kind);
  writer.count(floats[first + TTL] as number);
  writeWord(writer, counters, first + OWNER);
  writeWord(writer, counters, first + CZXID);
  writeWord(writer, counters, first + MZXID);
  writeWord(writer, counters, first + PZXID);
  writer.uint48At(floats, first + CTIME);
  writer.uint48At(floats, first + MTIME);
  writer.int32(ints[first * 2 + VERSION] as number);
  writer.int32(ints[first * 2 + AVERSION] as number);
  writer.count(counters[first * 2 + CREATES] as number);
}

/** A zxid, without a bigint. */
function writeWord(writer: PackedWriter, halves: Uint32Array, word: number): void {
  writer.uint32(halves[word * 2 + HIGH] as number);
  writer.uint32(halves[word * 2 + 1 - HIGH] as number);
}

function writeSessions(writer: PackedWriter, part: SessionsPart): void {
  writer.count(part.sessions.length);
  for (const { session, window } of part.sessions) {
    writeSession(writer, session);
    writeWindow(writer, window);
  }
}

function readSessions(reader: PackedReader): SessionsPart {
  const sessions = reader.list(MAX_PART, (next) => {
    return { session: readSession(next), window: readWindow(next) };
  });
  return { type: 'sessions', sessions };
}

function writeSession(writer: PackedWriter, session: Session): void {
  writer.uint64(session.id);
  writer.word(SESSION_KINDS, session.kind);
  writeOwner(writer, session.owner);
  writer.count(session.number);
  writeOwner(writer, session.creator);
  writer.count(session.timeout);
  writer.bytes(session.password);
  writer.text(session.address);
  writer.count(session.identities.length);
  for (const identity of session.identities) writeIdentity(writer, identity);
}

function readSession(reader: PackedReader): Session {
  return {
    id: reader.uint64(),
    kind: reader.word(SESSION_KINDS),
    owner: readOwner(reader),
    number: reader.count(),
    creator: readOwner(reader),
    timeout: reader.count(),
    password: reader.bytes(MAX_PASSWORD_BYTES),
    address: reader.text(MAX_TEXT_BYTES),
    identities: reader.list(MAX_ACL, readIdentity),
  };
}

function writeOwners(writer: PackedWriter, part: OwnersPart): void {
  writer.count(part.owners.length);
  for (const { owner, window } of part.owners) {
    writeOwner(writer, owner);
    writeWindow(writer, window);
  }
}

function readOwners(reader: PackedReader): OwnersPart {
  const owners = reader.list(MAX_PART, (next) => {
    return { owner: readOwner(next), window: readWindow(next) };
  });
  return { type: 'owners', owners };
}

function writeWindow(writer: PackedWriter, window: WindowRecord): void {
  writer.count(window.last);
  writer.count(window.resolved);
  writer.count(window.answers.length);
  for (const { cxid, zxid, result } of window.answers) {
    writer.count(cxid);
    writer.uint64(zxid);
    writeResult(writer, result);
  }
}

function readWindow(reader: PackedReader): WindowRecord {
  const last = reader.count();
  const resolved = reader.count();
  return { last, resolved, answers: reader.list(MAX_ANSWERS, readAnswer) };
}

function readAnswer(reader: PackedReader): AnswerRecord {
  return { cxid: reader.count(), zxid: reader.uint64(), result: readResult(reader) };
}
