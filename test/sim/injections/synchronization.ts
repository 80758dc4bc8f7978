/** Bugs of synchronization: what of a history is durable, and when; where the next one begins. */
import { type Injection, WITHOUT_CHAIN } from './injection.ts';

const LEADER = 'lib/zab/synchronization.ts';
const LEARNER = 'lib/zab/synchronization-learner.ts';
/** A stream in many pieces, so that it can be cut between any two. */
const CUTTABLE = { messagesPerFrame: 1, groupBytes: 100 };
const ROLE = 'lib/zab/peer-role.ts';
const WRITTEN = 'lib/zab/written.ts';

const TAKEN =
  "core.writes.whenDurable({ type: 'history-taken', link, zxid: end.zxid, chain: end.chain });";
const TAKE_HISTORY = "following.stage = 'taking'; takeHistory(core, sync);";
/** A log that is there already gets its history later; one that begins with it cannot. */
const TAKE_LATE = `following.stage = 'taking';
  const late = core.born && sync.snapshot === undefined;
  if (!late) takeHistory(core, sync);`;
const ACK_NEW_LEADER =
  "core.send(link, { type: 'ACKNEWLEADER', epoch, zxid: end.zxid, chain: end.chain });";

export const SYNCHRONIZATION: readonly Injection[] = [
  {
    id: 'diff-from-a-stranger',
    origin: 'row 1, ZOOKEEPER-1154',
    title: 'DIFF because the zxid lies within the log, though the log does not have it',
    patches: [
      {
        file: 'lib/zab/sync-plan.ts',
        find: "if (common.zxid !== learner.lastZxid) return { mode: 'TRUNC', to: common };",
        replace: `if (common.zxid !== learner.lastZxid) {
          if (learner.lastZxid > history.last.zxid) return { mode: 'TRUNC', to: common };
          return { mode: 'DIFF', from: { zxid: learner.lastZxid, chain: learner.lastChain } };
        }`,
      },
      ...WITHOUT_CHAIN,
    ],
    expects: ['S4', 'S7', 'S8'],
    machine: 'zab',
  },
  {
    id: 'memory-unlike-log',
    origin: 'row 2, ZOOKEEPER-2845',
    title: 'an election goes by what memory has applied, and the uncommitted tail stays in the log',
    patches: [
      {
        file: ROLE,
        find: 'core.settle();',
        replace: 'if (core.born) core.history.truncate(core.commit); core.settle();',
      },
    ],
    expects: ['S7', 'S15', 'S34'],
    machine: 'zab',
  },
  {
    id: 'served-before-history-durable',
    origin: 'row 3, ZOOKEEPER-3911',
    title: 'NEWLEADER is acknowledged once the epoch is saved, the DIFF is written behind it',
    patches: [
      { file: LEARNER, find: TAKE_HISTORY, replace: TAKE_LATE },
      {
        file: LEARNER,
        find: TAKEN,
        replace:
          "core.writes.whenDurable({ type: 'history-taken', link, zxid: end.zxid, chain: end.chain, late: late ? () => takeHistory(core, sync) : () => {} } as never);",
      },
      {
        file: WRITTEN,
        find: "core.send(link, { type: 'ACKNEWLEADER', epoch: following.epoch, zxid, chain });",
        replace:
          "core.send(link, { type: 'ACKNEWLEADER', epoch: following.epoch, zxid, chain }); late();",
      },
      {
        file: WRITTEN,
        find: '{ link, zxid, chain }: Extract<',
        replace: '{ link, zxid, chain, late }: Extract<',
      },
    ],
    expects: ['S5', 'S13'],
    machine: 'zab',
  },
  {
    id: 'epoch-before-history',
    origin: 'row 4, ZOOKEEPER-4643',
    title: 'currentEpoch is durable one write before the history',
    patches: [
      {
        file: LEARNER,
        find: TAKE_HISTORY,
        replace: TAKE_LATE,
      },
      {
        file: LEARNER,
        find: TAKEN,
        replace:
          "core.writes.whenDurable({ type: 'history-taken', link, zxid: end.zxid, chain: end.chain, first: late ? () => takeHistory(core, sync) : undefined } as never);",
      },
      {
        file: WRITTEN,
        find: "assert(following !== undefined && following.link === link, 'the history is for this leader');",
        replace: `if (first !== undefined) {
          first();
          core.writes.whenDurable({ type: 'history-taken', link, zxid, chain } as never);
          return;
        }`,
      },
      {
        file: WRITTEN,
        find: '{ link, zxid, chain }: Extract<',
        replace: '{ link, zxid, chain, first }: Extract<',
      },
    ],
    expects: ['S5', 'S6', 'S7'],
    machine: 'zab',
  },
  {
    id: 'new-leader-acknowledged-unflushed',
    origin: 'row 5, ZOOKEEPER-4646, 3023, 4785',
    title: 'NEWLEADER is acknowledged before anything of it is flushed',
    patches: [
      {
        file: LEARNER,
        find: TAKEN,
        replace: `following.stage = 'taken'; following.acked = end.zxid; ${ACK_NEW_LEADER}`,
      },
    ],
    expects: ['S5', 'S13'],
    machine: 'zab',
  },
  {
    id: 'first-batch-raises-epoch',
    origin: 'model',
    title: 'a history written in parts raises currentEpoch with its first part',
    patches: [
      {
        file: LEARNER,
        find: 'core.setEpochs({ ...core.epochs, syncing: epoch });',
        replace:
          'core.setEpochs({ ...core.epochs, accepted: Math.max(core.epochs.accepted, epoch), current: epoch, syncing: epoch });',
      },
    ],
    expects: ['S5', 'S6'],
    machine: 'zab',
  },
  {
    id: 'ack-overtakes-new-leader',
    origin: 'row 7, ZOOKEEPER-4685',
    title: 'proposals behind NEWLEADER are acknowledged before it, so that the leader hangs up',
    patches: [
      {
        file: WRITTEN,
        find: 'for (const step of steps) proceed(core, role, door, step);',
        replace: `if (role.following !== undefined) acknowledge(core, role.following);
          for (const step of steps) proceed(core, role, door, step);`,
      },
      {
        file: 'lib/zab/broadcast.ts',
        find: "if (!following.joined || link === undefined || core.options.role === 'observer') return;",
        replace: `const proposals = following.stage === 'taking' && epochOf(core.history.durable) === following.epoch;
          if ((!following.joined && !proposals) || link === undefined || core.options.role === 'observer') return;`,
      },
    ],
    expects: ['S13', 'S35'],
    machine: 'zab',
  },
  {
    id: 'sync-not-in-the-diff-source',
    origin: 'row 9, ZOOKEEPER-4925',
    title: 'entries taken over in a synchronization are missing from what later DIFFs are made of',
    patches: [
      {
        file: LEARNER,
        find: 'core.writes.append(entry);',
        replace: `core.writes.append(entry);
          const log = core.history as { missing?: Set<bigint> };
          log.missing ??= new Set();
          log.missing.add(entry.zxid);`,
      },
      {
        file: LEADER,
        find: 'const page = core.history.page(previous, end.zxid, deliverBytesMax);',
        replace: `const { missing } = core.history as { missing?: Set<bigint> };
          const page = core.history.slice(previous, end.zxid).filter(({ zxid }) => zxid === end.zxid || missing?.has(zxid) !== true);`,
      },
      ...WITHOUT_CHAIN,
    ],
    expects: ['S4', 'S8', 'S34'],
    machine: 'zab',
  },
  {
    id: 'memory-ahead-of-disk',
    origin: 'row 11, ZOOKEEPER-5094',
    title: 'a stream cut before NEWLEADER leaves its entries in memory, and the next begins there',
    patches: [
      {
        file: LEARNER,
        find: 'else sync.entries.push(entry);',
        replace: `else {
          sync.entries.push(entry);
          if (sync.snapshot === undefined) core.history.appendChained(entry);
        }`,
      },
      {
        file: LEARNER,
        find: 'begin(following, mark, { truncate: message.to });',
        replace:
          'begin(following, mark, { truncate: message.to }); core.history.truncate(message.to);',
      },
      {
        file: LEARNER,
        find: 'begin(following, last, {});',
        replace: 'begin(following, last, { start: last.zxid } as never);',
      },
      {
        file: LEARNER,
        find: TAKE_HISTORY,
        replace: `following.stage = 'taking';
          const { start = sync.truncate } = sync as { start?: typeof sync.truncate };
          if (start !== undefined) core.history.truncate(start);
          takeHistory(core, sync);`,
      },
      {
        file: LEARNER,
        find: 'const large = sync.bytes > core.options.syncBufferBytes;',
        replace: 'const large = false;',
      },
    ],
    expects: ['S8', 'S13', 'S14', 'S15'],
    machine: 'zab',
    bias: { fixed: CUTTABLE },
  },
  {
    id: 'snapshot-in-memory-only',
    origin: 'row 12, ZOOKEEPER-3642',
    title: 'a SNAP counts as soon as it is in memory',
    patches: [
      {
        file: LEARNER,
        find: 'core.outbox.restore(first, message.bytes, message.last);',
        replace: `core.outbox.restore(first, message.bytes, message.last);
          if (!message.last || !core.born) return;
          const { zxid, chain, configuration } = sync.snapshot;
          core.history.restart({ zxid, chain, configuration });
          core.applied = zxid;
          if (core.commit < zxid) core.commit = zxid;
          core.outbox.installed = { zxid, chain };
          (core as { early?: unknown }).early = zxid;`,
      },
      {
        file: WRITTEN,
        find: 'core.outbox.installed = { zxid, chain };',
        replace:
          'if ((core as { early?: unknown }).early !== zxid) core.outbox.installed = { zxid, chain };',
      },
    ],
    expects: ['S5', 'S14', 'S15'],
    machine: 'zab',
  },
  {
    id: 'snapshot-labelled-ahead',
    origin: 'row 14, ZOOKEEPER-3104, 3589',
    title: 'a SNAP bears the zxid of the last proposal, and holds what was applied',
    patches: [
      {
        file: LEADER,
        find: 'const at = core.history.floor(applied) ?? core.history.base;',
        replace:
          'const at = core.history.floor(applied < core.history.last.zxid ? core.history.last.zxid : applied) ?? core.history.base;',
      },
    ],
    expects: ['S8', 'S14', 'S16', 'S17'],
    machine: 'zab',
  },
  {
    id: 'mark-before-history',
    origin: 'row 35, ZOOKEEPER-2355',
    title: 'the end of a DIFF is reported as the end of the log before the DIFF is there',
    patches: [
      {
        file: LEARNER,
        find: 'sync.end = entry;',
        replace: `sync.end = entry;
          if (sync.snapshot === undefined && sync.truncate === undefined) (core as { told?: Mark }).told = entry;`,
      },
      {
        file: LEARNER,
        find: `if (
          following.stage !== 'promised' ||
          last?.zxid !== message.from ||
          last.chain !== message.chain
        ) {`,
        replace: "if (following.stage !== 'promised' || last === undefined) {",
      },
      {
        file: LEARNER,
        find: 'begin(following, last, {});',
        replace: 'begin(following, { zxid: message.from, chain: message.chain }, {});',
      },
      {
        file: LEARNER,
        find: TAKE_HISTORY,
        replace: `${TAKE_HISTORY} (core as { told?: Mark }).told = undefined;`,
      },
      {
        file: 'lib/zab/discovery.ts',
        find: 'lastZxid: core.lastZxid, lastChain: core.born ? core.history.last.chain : 0,',
        replace: `lastZxid: (core as { told?: Mark }).told?.zxid ?? core.lastZxid,
          lastChain: (core as { told?: Mark }).told?.chain ?? (core.born ? core.history.last.chain : 0),`,
      },
    ],
    expects: ['S8', 'S13', 'S15', 'S16'],
    machine: 'zab',
    bias: { fixed: CUTTABLE },
  },
];
