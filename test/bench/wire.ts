/** The codec alone: what one entry, one message and one record cost. */
import { Encoder } from 'cbor-x';
import { makeZxid } from '../../lib/base/zxid.ts';
import type { Txn } from '../../lib/tree/txn.ts';
import { decodeCheckpointPart, encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { decodeFrame, encodeFrames, encodeMessage } from '../../lib/wire/frames.ts';
import { decodeLogRecord, encodeLogRecord } from '../../lib/wire/log-record.ts';
import type { PeerMessage } from '../../lib/wire/messages.ts';
import { decodeRequests, encodeRequests } from '../../lib/wire/request.ts';
import { decodeTxn, encodeTxn } from '../../lib/wire/txn.ts';
import { chainOf, type Entry } from '../../lib/zab/log-entry.ts';
import { microseconds, report } from './measure.ts';

const BATCH = 64;
const OWNER = { peer: 1, store: '0123456789abcdef'.repeat(2), boot: 3 };
const DATA = new Uint8Array(100).fill(0x61);
const SESSION = makeZxid(1, 2);

function setOf(index: number): Txn {
  const change = { type: 'set', path: `/app/node-${index}`, data: DATA, version: index } as const;
  return {
    session: SESSION,
    cxid: 1000 + index,
    resolved: 990 + index,
    owner: OWNER,
    time: 1_767_225_600_000 + index,
    body: { type: 'change', changes: [change], spans: [1], multi: false },
  };
}

const TXNS = Array.from({ length: BATCH }, (_, index) => setOf(index));

const ENTRIES: readonly Entry[] = entriesOf(TXNS);

function entriesOf(txns: readonly Txn[]): readonly Entry[] {
  let before = 0;
  return txns.map((txn, index) => {
    const zxid = makeZxid(1, index + 10);
    const bytes = encodeTxn(txn);
    before = chainOf(before, zxid, bytes);
    return { zxid, kind: 'transaction', bytes, chain: before };
  });
}

function measure(name: string, count: number, work: () => unknown): void {
  report({ name, unit: 'us', rounds: microseconds(count, work) });
}

function measureMessage(name: string, count: number, message: PeerMessage): void {
  const frame = encodeFrames([message])[0] ?? new Uint8Array(0);
  measure(`${name}, encode`, count, () => encodeFrames([message]));
  measure(`${name}, decode`, count, () => decodeFrame(frame));
}

/** The same fields by cbor-x as arrays: why transactions are packed by hand. */
function measureCborX(): void {
  const codec = new Encoder({ useRecords: false, structuredClone: false, tagUint8Array: false });
  const items = TXNS.map(({ session, cxid, resolved, owner, time, body }) => {
    const [change] = body.type === 'change' ? body.changes : [];
    const fields = change?.type === 'set' ? [1, change.path, change.data, change.version] : [];
    const { peer, store, boot } = owner;
    return [1, 0, session, cxid, resolved, [peer, store, boot], BigInt(time), [fields], [1], false];
  });
  const encoded = items.map((item) => codec.encode(item).slice());
  measure('the same by cbor-x, unchecked: encode', BATCH, () => {
    for (const item of items) codec.encode(item);
  });
  measure('the same by cbor-x, unchecked: decode', BATCH, () => {
    for (const bytes of encoded) codec.decode(bytes);
  });
}

export function wire(): void {
  const encoded = TXNS.map(encodeTxn);
  measure('set of 100 bytes: encode', BATCH, () => {
    for (const txn of TXNS) encodeTxn(txn);
  });
  measure('set of 100 bytes: decode', BATCH, () => {
    for (const bytes of encoded) decodeTxn(bytes);
  });
  measureCborX();

  const operation = { type: 'set', path: '/app/node', data: DATA, version: -1 } as const;
  const requests = TXNS.map(({ session, cxid, resolved, owner }) => {
    return { session, cxid, resolved, owner, operation };
  });
  const encodedRequests = encodeRequests(requests);
  measure('a request: encode', BATCH, () => encodeRequests(requests));
  measure('a request: decode', BATCH, () => decodeRequests(encodedRequests));

  const previous = makeZxid(1, 9);
  const proposal = { type: 'PROPOSAL', epoch: 1, previous, entries: ENTRIES } as const;
  measure(`an entry in a PROPOSAL of ${BATCH}, encode once`, BATCH, () => encodeMessage(proposal));
  measureMessage(`an entry in a PROPOSAL of ${BATCH}`, BATCH, proposal);
  measureMessage('ACK', 1, { type: 'ACK', epoch: 1, zxid: previous });
  measureMessage('PING', 1, { type: 'PING', epoch: 1, nonce: 7 });

  const record = { previous: { zxid: previous, chain: 0 }, entries: ENTRIES, committed: previous };
  const logged = encodeLogRecord(record);
  measure(`an entry in a log record of ${BATCH}, encode`, BATCH, () => encodeLogRecord(record));
  measure(`an entry in a log record of ${BATCH}, decode`, BATCH, () => decodeLogRecord(logged));

  const node = {
    data: DATA,
    acl: 0,
    kind: 'persistent',
    ttl: 0,
    owner: 0n,
    czxid: 1n,
    mzxid: 2n,
    pzxid: 3n,
    ctime: 1_767_225_600_000,
    mtime: 1_767_225_600_000,
    version: 1,
    aversion: 0,
    creates: 0,
  } as const;
  const nodes = TXNS.map((_, index) => ({ path: `/app/service-${index}`, ...node }));
  const acls = [[{ scheme: 'world', id: 'anyone', permissions: 31 }]];
  const part = { type: 'nodes', acls, nodes } as const;
  const chunk = encodeCheckpointPart(part, 1);
  measure('a node of a checkpoint, encode', BATCH, () => encodeCheckpointPart(part, 1));
  measure('a node of a checkpoint, decode', BATCH, () => decodeCheckpointPart(chunk, 1));
}
