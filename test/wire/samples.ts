/** One value of every kind, with fields that cannot be taken for one another. */
import { makeZxid, ZERO } from '../../lib/base/zxid.ts';
import type { CheckpointPart } from '../../lib/tree/checkpoint-record.ts';
import type { Operation, OperationResult, Owner, Request } from '../../lib/tree/request.ts';
import type { Change, Txn, TxnBody } from '../../lib/tree/txn.ts';
import { encodeConfiguration } from '../../lib/wire/configuration.ts';
import type { LogRecord } from '../../lib/wire/log-record.ts';
import type { PeerMessage } from '../../lib/wire/messages.ts';
import type { MetaRecord } from '../../lib/wire/meta-record.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import { chainOf, type Entry } from '../../lib/zab/log-entry.ts';

const STORE_1 = '11'.repeat(16);
const STORE_2 = '22'.repeat(16);
const DATA = Uint8Array.of(0xda, 0x7a);
const PASSWORD = new Uint8Array(16).fill(0x9a);
const SESSION = 0x5_0000_0005n;

export const OWNER: Owner = { peer: 2, store: STORE_2, boot: 7 };

export const CONFIGURATION: Configuration = {
  version: makeZxid(1, 9),
  voters: [
    { id: 1, store: STORE_1, start: 0x1_0000_0007, weight: 1, group: 0 },
    { id: 2, store: STORE_2, start: 0, weight: 3, group: 1 },
  ],
  origin: { type: 'replace-store', id: 2, lost: STORE_1 },
};

/** Two entries, the second with its chain. */
export const ENTRIES: readonly Entry[] = [
  { zxid: makeZxid(1, 8), kind: 'transaction', bytes: DATA, chain: 0 },
  {
    zxid: makeZxid(1, 9),
    kind: 'configuration',
    bytes: encodeConfiguration(CONFIGURATION),
    chain: 0x12_3456_789a_bcde,
    configuration: CONFIGURATION,
  },
];

const zxid = makeZxid(3, 4);
const previous = makeZxid(1, 7);

export const MESSAGES: {
  readonly [T in PeerMessage['type']]: Extract<PeerMessage, { readonly type: T }>;
} = {
  HELLO: {
    type: 'HELLO',
    protocol: { min: 1, max: 2 },
    cluster: 'cc'.repeat(16),
    id: 1,
    store: STORE_1,
    boot: 6,
    starts: [3, 0x2_0000_0003],
    role: 'observer',
    votersHash: 0x1_0000_0002,
    bootstrap: true,
    birth: { state: 'pledged', voters: CONFIGURATION.voters },
  },
  BIRTH: {
    type: 'BIRTH',
    birth: { state: 'born' },
    genesis: { version: ZERO, voters: CONFIGURATION.voters, origin: { type: 'genesis' } },
    cluster: 'cc'.repeat(16),
  },
  NOTIFICATION: {
    type: 'NOTIFICATION',
    round: 5,
    state: 'leading',
    vote: { leader: 2, epoch: 3, zxid },
  },
  FOLLOWERINFO: {
    type: 'FOLLOWERINFO',
    acceptedEpoch: 5,
    acceptedFrom: `2:${STORE_2}`,
    currentEpoch: 3,
    lastZxid: zxid,
    configuration: previous,
    voter: true,
  },
  LEADERINFO: { type: 'LEADERINFO', epoch: 5 },
  ACKEPOCH: {
    type: 'ACKEPOCH',
    epoch: 5,
    counted: true,
    currentEpoch: 3,
    lastZxid: zxid,
    lastChain: 77,
    appliedZxid: previous,
    empty: false,
  },
  DIFF: { type: 'DIFF', epoch: 5, from: zxid, chain: 77 },
  TRUNC: { type: 'TRUNC', epoch: 5, to: zxid, chain: 77 },
  SNAP: { type: 'SNAP', epoch: 5, zxid, chain: 77, configuration: CONFIGURATION },
  CHUNK: { type: 'CHUNK', epoch: 5, sequence: 300, bytes: DATA, last: true },
  HISTORY: { type: 'HISTORY', epoch: 5, previous, entries: ENTRIES },
  NEWLEADER: { type: 'NEWLEADER', epoch: 5, historyZxid: zxid, historyChain: 77 },
  ACKNEWLEADER: { type: 'ACKNEWLEADER', epoch: 5, zxid, chain: 77 },
  UPTODATE: { type: 'UPTODATE', epoch: 5, commitZxid: zxid },
  PROPOSAL: { type: 'PROPOSAL', epoch: 5, previous, entries: ENTRIES },
  ACK: { type: 'ACK', epoch: 5, zxid },
  COMMIT: { type: 'COMMIT', epoch: 5, zxid },
  INFORM: { type: 'INFORM', epoch: 5, previous, entries: ENTRIES },
  PING: { type: 'PING', epoch: 5, nonce: 70_000 },
  PONG: { type: 'PONG', epoch: 5, nonce: 70_000 },
  HANDOVER: { type: 'HANDOVER', epoch: 5, successor: 2 },
  FORGOTTEN: { type: 'FORGOTTEN', detail: 'acceptedEpoch 3 after 5' },
  REQUEST: {
    type: 'REQUEST',
    requests: [
      { session: SESSION, cxid: 9, resolved: 8, owner: OWNER, operation: { type: 'sync' } },
    ],
  },
  REJECT: { type: 'REJECT', session: SESSION, cxid: 9, code: 'SESSION_MOVED', expected: 6 },
  PROPOSED: { type: 'PROPOSED', session: SESSION, cxid: 9, zxid },
  READINDEX: { type: 'READINDEX', id: 70_000 },
  READINDEX_OK: { type: 'READINDEX_OK', id: 70_000, zxid },
  TOUCH: { type: 'TOUCH', id: 70_000, sessions: [SESSION, 6n] },
  TOUCHED: { type: 'TOUCHED', id: 70_000, refused: [SESSION] },
  DIGEST: { type: 'DIGEST', zxid, hash: 77 },
};

const ACL = [{ scheme: 'digest', id: 'jo:hash', permissions: 31 }];

export const CHANGES: { readonly [T in Change['type']]: Extract<Change, { readonly type: T }> } = {
  create: {
    type: 'create',
    path: '/é',
    data: DATA,
    acl: ACL,
    kind: 'ttl',
    ttl: 60_000,
    owner: SESSION,
  },
  set: { type: 'set', path: '/a', data: DATA, version: 2 },
  delete: { type: 'delete', path: '/a' },
  'set-acl': { type: 'set-acl', path: '/a', acl: ACL, version: 2 },
  check: { type: 'check', path: '/a' },
};

const BODIES: { readonly [T in TxnBody['type']]: Extract<TxnBody, { readonly type: T }> } = {
  change: {
    type: 'change',
    changes: Object.values<Change>(CHANGES),
    spans: [1, 0, 4],
    multi: true,
  },
  error: { type: 'error', code: 'NOT_EMPTY', path: '/a', index: 3 },
  sync: { type: 'sync' },
  'create-session': {
    type: 'create-session',
    kind: 'client',
    timeout: 4000,
    password: PASSWORD,
    address: '10.0.0.7',
    closes: [SESSION],
  },
  'close-session': { type: 'close-session', session: SESSION, reason: 'expired' },
  'move-session': { type: 'move-session', session: SESSION },
  'add-auth': { type: 'add-auth', identity: { scheme: 'digest', id: 'jo:hash' } },
  reap: { type: 'reap', path: '/a', czxid: 1n, mzxid: 2n, cversion: -3 },
  'epoch-start': {
    type: 'epoch-start',
    epoch: 5,
    leader: 2,
    version: 1,
    maxTreeBytes: 268_435_456,
  },
};

export const TXNS: readonly Txn[] = Object.values<TxnBody>(BODIES).map((body) => ({
  session: SESSION,
  cxid: 300,
  resolved: 298,
  owner: OWNER,
  time: 1_767_225_600_000,
  body,
}));

const OPERATIONS: { readonly [T in Operation['type']]: Extract<Operation, { readonly type: T }> } =
  {
    create: {
      type: 'create',
      path: '/a',
      data: DATA,
      acl: ACL,
      mode: 'ttl-sequential',
      ttl: 60_000,
      parents: true,
    },
    set: { type: 'set', path: '/a', data: DATA, version: -1 },
    delete: { type: 'delete', path: '/a', version: -1, recursive: true },
    'set-acl': { type: 'set-acl', path: '/a', acl: ACL, version: 0 },
    check: { type: 'check', path: '/a', version: 1, czxid: 0x0000_0002_0000_0003n },
    multi: {
      type: 'multi',
      operations: [{ type: 'delete', path: '/a', version: 4, recursive: false }],
    },
    sync: { type: 'sync' },
    'create-session': {
      type: 'create-session',
      kind: 'peer',
      timeout: 4000,
      password: PASSWORD,
      address: '10.0.0.7',
    },
    'close-session': { type: 'close-session', session: SESSION, reason: 'closed' },
    'move-session': { type: 'move-session', session: SESSION, password: PASSWORD },
    'add-auth': { type: 'add-auth', identity: { scheme: 'digest', id: 'jo:hash' } },
  };

export const REQUESTS: readonly Request[] = Object.values<Operation>(OPERATIONS).map(
  (operation) => ({
    session: SESSION,
    cxid: 300,
    resolved: 298,
    owner: OWNER,
    operation,
  }),
);

export const LOG_RECORD: LogRecord = {
  previous: { zxid: previous, chain: 77 },
  entries: ENTRIES.map((entry, index, all) => {
    const before = index === 0 ? 77 : chainOf(77, makeZxid(1, 8), all[0]?.bytes ?? DATA);
    return { ...entry, chain: chainOf(before, entry.zxid, entry.bytes) };
  }),
  committed: previous,
};

export const META_RECORD: MetaRecord = {
  id: 1,
  store: STORE_1,
  boot: 6,
  starts: [0x1_0000_0007, 9],
  promised: true,
  birth: { state: 'born' },
  epochs: { accepted: 6, acceptedFrom: `2:${STORE_2}`, current: 5, syncing: 4 },
  base: { zxid: previous, chain: 77, configuration: CONFIGURATION },
  genesis: { version: ZERO, voters: CONFIGURATION.voters, origin: { type: 'genesis' } },
  checkpoint: { generation: 3, chunks: 12, zxid: makeZxid(1, 8) },
  older: [{ generation: 1, chunks: 2, zxid: makeZxid(1, 6) }],
  logGeneration: 2,
};

const STAT = {
  czxid: 1n,
  mzxid: 2n,
  pzxid: 3n,
  ctime: 4,
  mtime: 5,
  version: 6,
  cversion: 7,
  aversion: 8,
  ephemeralOwner: 9n,
  dataLength: 10,
  numChildren: 11,
};

const RESULTS: Readonly<Record<OperationResult['type'], OperationResult>> = {
  create: { type: 'create', path: '/a', stat: STAT },
  set: { type: 'set', stat: STAT },
  delete: { type: 'delete' },
  'set-acl': { type: 'set-acl', stat: STAT },
  check: { type: 'check' },
  multi: { type: 'multi', results: [{ type: 'check' }] },
  sync: { type: 'sync' },
  'create-session': { type: 'create-session', session: SESSION, timeout: 4000 },
  'close-session': { type: 'close-session' },
  'move-session': { type: 'move-session', session: SESSION, timeout: 4000 },
  'add-auth': { type: 'add-auth' },
  error: { type: 'error', code: 'NO_NODE' },
};

const WINDOW = {
  last: 300,
  resolved: 288,
  answers: Object.values<OperationResult>(RESULTS).map((result, index) => ({
    cxid: 289 + index,
    zxid: 500n + BigInt(index),
    result,
  })),
};

export const CHECKPOINT_PARTS: readonly CheckpointPart[] = [
  {
    type: 'header',
    zxid,
    time: 1_767_225_600_000,
    version: 1,
    maxTreeBytes: 300,
    hash: 77,
    nodes: 1,
    sessions: 1,
  },
  {
    type: 'nodes',
    acls: [ACL],
    nodes: [
      {
        path: '/a',
        data: DATA,
        acl: 0,
        kind: 'container',
        ttl: 0,
        owner: 0n,
        czxid: 1n,
        mzxid: 2n,
        pzxid: 3n,
        ctime: 4,
        mtime: 5,
        version: 6,
        aversion: 7,
        creates: 8,
      },
    ],
  },
  {
    type: 'sessions',
    sessions: [
      {
        session: {
          id: SESSION,
          kind: 'client',
          owner: OWNER,
          number: 12,
          creator: { peer: 1, store: STORE_1, boot: 2 },
          timeout: 4000,
          password: PASSWORD,
          address: '10.0.0.7',
          identities: [{ scheme: 'digest', id: 'jo:hash' }],
        },
        window: WINDOW,
      },
    ],
  },
  { type: 'owners', owners: [{ owner: OWNER, window: { last: 3, resolved: 3, answers: [] } }] },
];
