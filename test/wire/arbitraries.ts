/** Any value of every type that goes over a link or onto a disk. */
import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../../lib/base/errors.ts';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import type { Acl, Identity } from '../../lib/tree/acl.ts';
import type { CheckpointPart, NodesPart, WindowRecord } from '../../lib/tree/checkpoint-record.ts';
import type {
  NodeOperation,
  Operation,
  OperationResult,
  Owner,
  Request,
} from '../../lib/tree/request.ts';
import type { Session } from '../../lib/tree/session.ts';
import type { Change, Txn, TxnBody } from '../../lib/tree/txn.ts';
import type { Stat } from '../../lib/tree/znode.ts';
import { encodeConfiguration } from '../../lib/wire/configuration.ts';
import type { LogRecord } from '../../lib/wire/log-record.ts';
import type { PeerMessage } from '../../lib/wire/messages.ts';
import type { CheckpointMark, MetaRecord } from '../../lib/wire/meta-record.ts';
import type { Configuration, Member } from '../../lib/zab/configuration.ts';
import { chainOf, type Entry } from '../../lib/zab/log-entry.ts';
import type { Birth } from '../../lib/zab/messages.ts';
import type { Base } from '../../lib/zab/ready.ts';

type Any<T> = fc.Arbitrary<T>;

/** As the decoders make them: plain objects with all their keys. */
function record<T extends object>(fields: { [K in keyof T]: Any<T[K]> }): Any<T> {
  return fc.record(fields, { noNullPrototype: true }) as Any<T>;
}

const uint32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff }));
const safe = fc.oneof(fc.nat(300), fc.maxSafeNat());
const int32 = fc.oneof(fc.integer({ min: -2, max: 3 }), fc.integer());
const uint64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const time = fc.integer({ min: 0, max: 0xffff_ffff_ffff });
const zxid: Any<Zxid> = uint64 as Any<Zxid>;
const peerId = fc.integer({ min: 1, max: 255 });
const store = fc.stringMatching(/^[0-9a-f]{32}$/);
const identifier = fc.oneof(store, fc.constant(''), fc.constant('1:00'));
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
);
const path = fc.oneof(
  fc.constantFrom('/', '/app/config', '/zookeeper/quota'),
  text.map((name) => `/${name}`),
);
const data = fc.uint8Array({ maxLength: 200 });
const password = fc.uint8Array({ minLength: 0, maxLength: 16 });
const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));
const few = { maxLength: 4 } as const;

const owner: Any<Owner> = record({ peer: fc.nat(255), store: identifier, boot: safe });
const identity: Any<Identity> = record({ scheme: text, id: text });
const acl: Any<Acl> = fc.array(record({ scheme: text, id: text, permissions: fc.nat(31) }), few);
const stat: Any<Stat> = record({
  czxid: uint64,
  mzxid: uint64,
  pzxid: uint64,
  ctime: time,
  mtime: time,
  version: int32,
  cversion: int32,
  aversion: int32,
  ephemeralOwner: uint64,
  dataLength: fc.nat(),
  numChildren: fc.nat(),
});
const nodeKind = fc.constantFrom('persistent', 'ephemeral', 'container', 'ttl');
const sessionKind = fc.constantFrom('peer', 'client');
const reason = fc.constantFrom('closed', 'expired');

const failure = fc
  .tuple(code, fc.option(path), fc.option(fc.nat(1000)))
  .map(([code, path, index]) => ({
    type: 'error' as const,
    code,
    ...(path === null ? {} : { path }),
    ...(index === null ? {} : { index }),
  }));

const change: Any<Change> = fc.oneof(
  record({
    type: fc.constant('create'),
    path,
    data,
    acl,
    kind: nodeKind,
    ttl: safe,
    owner: uint64,
  }),
  record({ type: fc.constant('delete'), path }),
  record({ type: fc.constant('set'), path, data, version: int32 }),
  record({ type: fc.constant('set-acl'), path, acl, version: int32 }),
  record({ type: fc.constant('check'), path }),
);

const changes: Any<TxnBody> = fc
  .tuple(fc.array(fc.array(change, { maxLength: 3 }), few), fc.boolean())
  .map(([operations, multi]) => ({
    type: 'change',
    changes: operations.flat(),
    spans: operations.map((operation) => operation.length),
    multi,
  }));

const body: Any<TxnBody> = fc.oneof(
  changes,
  failure,
  record({ type: fc.constant('sync') }),
  record({
    type: fc.constant('create-session'),
    kind: sessionKind,
    timeout: safe,
    password,
    address: text,
    closes: fc.array(uint64, few),
  }),
  record({ type: fc.constant('close-session'), session: uint64, reason }),
  record({ type: fc.constant('move-session'), session: uint64 }),
  record({ type: fc.constant('add-auth'), identity }),
  record({ type: fc.constant('reap'), path, czxid: uint64, mzxid: uint64, cversion: int32 }),
  record({
    type: fc.constant('epoch-start'),
    epoch: uint32,
    leader: fc.nat(255),
    version: safe,
    maxTreeBytes: safe,
  }),
);

export const txn: Any<Txn> = record({
  session: uint64,
  cxid: safe,
  resolved: safe,
  owner,
  time,
  body,
});

const nodeOperation: Any<NodeOperation> = fc.oneof(
  record({
    type: fc.constant('create'),
    path,
    data,
    acl,
    mode: fc.constantFrom(
      'persistent',
      'persistent-sequential',
      'ephemeral',
      'ephemeral-sequential',
      'container',
      'ttl',
      'ttl-sequential',
    ),
    ttl: safe,
    parents: fc.boolean(),
  }),
  record({ type: fc.constant('delete'), path, version: int32, recursive: fc.boolean() }),
  record({ type: fc.constant('set'), path, data, version: int32 }),
  record({ type: fc.constant('check'), path, version: int32 }),
  record({
    type: fc.constant('check'),
    path,
    version: int32,
    czxid: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  }),
  record({ type: fc.constant('set-acl'), path, acl, version: int32 }),
);

const operation: Any<Operation> = fc.oneof(
  nodeOperation,
  record({ type: fc.constant('multi'), operations: fc.array(nodeOperation, few) }),
  record({ type: fc.constant('sync') }),
  record({
    type: fc.constant('create-session'),
    kind: sessionKind,
    timeout: safe,
    password,
    address: text,
  }),
  record({ type: fc.constant('close-session'), session: uint64, reason }),
  record({ type: fc.constant('move-session'), session: uint64, password }),
  record({ type: fc.constant('add-auth'), identity }),
);

export const requests: Any<readonly Request[]> = fc.array(
  record({ session: uint64, cxid: safe, resolved: safe, owner, operation }),
  few,
);

const plainResult: Any<OperationResult> = fc.oneof(
  record({ type: fc.constant('create'), path, stat }),
  record({ type: fc.constantFrom('set', 'set-acl'), stat }),
  record({ type: fc.constantFrom('delete', 'check', 'sync', 'add-auth', 'close-session') }),
  record({
    type: fc.constantFrom('create-session', 'move-session'),
    session: uint64,
    timeout: safe,
  }),
  failure,
);

const result: Any<OperationResult> = fc.oneof(
  plainResult,
  record({ type: fc.constant('multi'), results: fc.array(plainResult, few) }),
);

const members: Any<readonly Member[]> = fc.array(
  record({ id: peerId, store: identifier, start: safe, weight: uint32, group: uint32 }),
  few,
);

export const configuration: Any<Configuration> = record({
  version: zxid,
  voters: members,
  origin: fc.oneof(
    record({ type: fc.constant('genesis') }),
    record({ type: fc.constant('replace-store'), id: peerId, lost: identifier }),
    record({ type: fc.constant('record-starts') }),
  ),
});

const birth: Any<Birth> = fc.oneof(
  record({ state: fc.constantFrom('unborn', 'born') }),
  record({ state: fc.constant('pledged'), voters: members }),
);

const base: Any<Base> = record({ zxid, chain: safe, configuration });

const payload: Any<Omit<Entry, 'zxid' | 'chain'>> = fc.oneof(
  record({ kind: fc.constantFrom('transaction', 'epoch-start'), bytes: data }),
  configuration.map((configuration) => ({
    kind: 'configuration' as const,
    bytes: encodeConfiguration(configuration),
    configuration,
  })),
);

/** Entries from `(epoch, 1)` on with all their chains. */
function entriesAfter(chain: number, minLength: number): Any<readonly Entry[]> {
  return fc
    .tuple(uint32, fc.array(payload, { minLength, maxLength: 5 }))
    .map(([epoch, payloads]) => {
      let before = chain;
      return payloads.map((payload, index) => {
        const zxid = makeZxid(epoch, index + 1);
        before = chainOf(before, zxid, payload.bytes);
        return { zxid, ...payload, chain: before };
      });
    });
}

/** As they come off a link: only the last has its chain. */
export const entries: Any<readonly Entry[]> = entriesAfter(0, 0).map((entries) =>
  entries.map((entry, index) => ({
    ...entry,
    chain: index === entries.length - 1 ? entry.chain : 0,
  })),
);

export const logRecord: Any<LogRecord> = safe.chain((chain) =>
  record({
    previous: record({ zxid: fc.constant(0n as Zxid), chain: fc.constant(chain) }),
    entries: entriesAfter(chain, 1),
    committed: zxid,
  }),
);

const starts: Any<readonly number[]> = fc.array(safe, few);

const checkpointMark: Any<CheckpointMark> = record({ generation: safe, chunks: uint32, zxid });

export const metaRecord: Any<MetaRecord> = record({
  id: peerId,
  store,
  boot: safe,
  starts,
  promised: fc.boolean(),
  birth,
  epochs: record({
    accepted: uint32,
    acceptedFrom: identifier,
    current: uint32,
    syncing: uint32,
  }),
  base: fc.option(base, { nil: undefined }),
  genesis: fc.option(configuration, { nil: undefined }),
  checkpoint: checkpointMark,
  older: fc.array(checkpointMark, few),
  logGeneration: safe,
});

const window: Any<WindowRecord> = record({
  last: safe,
  resolved: safe,
  answers: fc.array(record({ cxid: safe, zxid: uint64, result }), few),
});

const session: Any<Session> = record({
  id: uint64,
  kind: sessionKind,
  owner,
  number: safe,
  creator: owner,
  timeout: safe,
  password,
  address: text,
  identities: fc.array(identity, few),
});

const nodesPart: Any<NodesPart> = fc.array(acl, { minLength: 1, maxLength: 3 }).chain((acls) =>
  record({
    type: fc.constant('nodes' as const),
    acls: fc.constant(acls),
    nodes: fc.array(
      record({
        path,
        data,
        acl: fc.nat(acls.length - 1),
        kind: nodeKind,
        ttl: safe,
        owner: uint64,
        czxid: uint64,
        mzxid: uint64,
        pzxid: uint64,
        ctime: time,
        mtime: time,
        version: int32,
        aversion: int32,
        creates: uint32,
      }),
      few,
    ),
  }),
);

export const checkpointPart: Any<CheckpointPart> = fc.oneof(
  record({
    type: fc.constant('header' as const),
    zxid: uint64,
    time,
    version: safe,
    maxTreeBytes: safe,
    hash: safe,
    nodes: safe,
    sessions: safe,
  }),
  nodesPart,
  record({
    type: fc.constant('sessions' as const),
    sessions: fc.array(record({ session, window }), few),
  }),
  record({
    type: fc.constant('owners' as const),
    owners: fc.array(record({ owner, window }), few),
  }),
);

type MessageOf<T> = Extract<PeerMessage, { readonly type: T }>;

const epoch = uint32;

/** One arbitrary for every type of message; the compiler misses none. */
export const messages: { readonly [T in PeerMessage['type']]: Any<MessageOf<T>> } = {
  HELLO: record({
    type: fc.constant('HELLO'),
    protocol: record({ min: uint32, max: uint32 }),
    cluster: identifier,
    id: peerId,
    store,
    boot: safe,
    starts,
    role: fc.constantFrom('participant', 'observer'),
    votersHash: safe,
    bootstrap: fc.boolean(),
    birth,
  }),
  BIRTH: record({
    type: fc.constant('BIRTH'),
    birth,
    genesis: fc.option(configuration, { nil: undefined }),
    cluster: identifier,
  }),
  NOTIFICATION: record({
    type: fc.constant('NOTIFICATION'),
    round: safe,
    state: fc.constantFrom('looking', 'following', 'leading', 'observing'),
    vote: fc.option(record({ leader: peerId, epoch, zxid }), { nil: undefined }),
  }),
  FOLLOWERINFO: record({
    type: fc.constant('FOLLOWERINFO'),
    acceptedEpoch: epoch,
    acceptedFrom: identifier,
    currentEpoch: epoch,
    lastZxid: zxid,
    configuration: zxid,
    voter: fc.boolean(),
  }),
  LEADERINFO: record({ type: fc.constant('LEADERINFO'), epoch }),
  ACKEPOCH: record({
    type: fc.constant('ACKEPOCH'),
    epoch,
    counted: fc.boolean(),
    currentEpoch: epoch,
    lastZxid: zxid,
    lastChain: safe,
    appliedZxid: zxid,
    empty: fc.boolean(),
  }),
  DIFF: record({ type: fc.constant('DIFF'), epoch, from: zxid, chain: safe }),
  TRUNC: record({ type: fc.constant('TRUNC'), epoch, to: zxid, chain: safe }),
  SNAP: record({ type: fc.constant('SNAP'), epoch, zxid, chain: safe, configuration }),
  CHUNK: record({
    type: fc.constant('CHUNK'),
    epoch,
    sequence: uint32,
    bytes: data,
    last: fc.boolean(),
  }),
  HISTORY: record({ type: fc.constant('HISTORY'), epoch, previous: zxid, entries }),
  NEWLEADER: record({
    type: fc.constant('NEWLEADER'),
    epoch,
    historyZxid: zxid,
    historyChain: safe,
  }),
  ACKNEWLEADER: record({ type: fc.constant('ACKNEWLEADER'), epoch, zxid, chain: safe }),
  UPTODATE: record({ type: fc.constant('UPTODATE'), epoch, commitZxid: zxid }),
  PROPOSAL: record({ type: fc.constant('PROPOSAL'), epoch, previous: zxid, entries }),
  ACK: record({ type: fc.constant('ACK'), epoch, zxid }),
  COMMIT: record({ type: fc.constant('COMMIT'), epoch, zxid }),
  INFORM: record({ type: fc.constant('INFORM'), epoch, previous: zxid, entries }),
  PING: record({ type: fc.constant('PING'), epoch, nonce: safe }),
  PONG: record({ type: fc.constant('PONG'), epoch, nonce: safe }),
  HANDOVER: record({ type: fc.constant('HANDOVER'), epoch, successor: peerId }),
  FORGOTTEN: record({
    type: fc.constant('FORGOTTEN'),
    detail: fc.stringMatching(/^[ -~]{0,80}$/),
  }),
  REQUEST: record({ type: fc.constant('REQUEST'), requests }),
  REJECT: record({
    type: fc.constant('REJECT'),
    session: uint64,
    cxid: safe,
    code,
    expected: safe,
  }),
  PROPOSED: record({ type: fc.constant('PROPOSED'), session: uint64, cxid: safe, zxid }),
  READINDEX: record({ type: fc.constant('READINDEX'), id: safe }),
  READINDEX_OK: record({ type: fc.constant('READINDEX_OK'), id: safe, zxid }),
  TOUCH: record({ type: fc.constant('TOUCH'), id: safe, sessions: fc.array(uint64, few) }),
  TOUCHED: record({ type: fc.constant('TOUCHED'), id: safe, refused: fc.array(uint64, few) }),
  DIGEST: record({ type: fc.constant('DIGEST'), zxid, hash: safe }),
};

export const anyMessage: Any<PeerMessage> = fc.oneof(...Object.values<Any<PeerMessage>>(messages));

export const frame: Any<readonly PeerMessage[]> = fc.array(anyMessage, {
  minLength: 1,
  maxLength: 4,
});
