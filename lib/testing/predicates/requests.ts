import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { SessionHandle } from '../../replica/session-handle.ts';
import { TRUSTED } from '../../tree/reader.ts';
import type { OperationResult } from '../../tree/request.ts';
import type { Txn } from '../../tree/txn.ts';
import { demand, type Predicate, type Witness } from './predicate.ts';

/** Names a request for ever; undefined for what nobody asked for. */
function requestOf({ session, cxid, owner }: Txn): string | undefined {
  if (cxid === 0) return undefined;
  if (session !== 0n) return `${session}:${cxid}`;
  return `${owner.peer} ${owner.store} ${owner.boot}:${cxid}`;
}

function show(result: OperationResult): string {
  return JSON.stringify(result, (_, part) => (typeof part === 'bigint' ? `${part}` : part));
}

/** Names a session as its host knows it. */
export function handleOf(peer: Witness, session: SessionHandle): string {
  return `${peer.id}/${peer.life}/${session.key}`;
}

/** S24: a session is told of zxids in their order. */
export const sessionOrder: Predicate = {
  name: 'S24',
  title: 'a session never sees time go back',
  judges: 'replica',
  watch() {
    const seen = new Map<string, Zxid>();
    return {
      told(peer, delivery) {
        if (delivery.type === 'settled') return;
        const key = handleOf(peer, delivery.session);
        const last = seen.get(key);
        const { zxid } = delivery;
        demand(last === undefined || zxid >= last, 'S24', () => {
          return `session ${delivery.session.key} of peer ${peer.id} is told ${delivery.type} at ${formatZxid(zxid)} after ${formatZxid(last ?? zxid)}`;
        });
        seen.set(key, zxid);
      },
    };
  },
};

/** S25: the writes of a session are decided in its order, without a gap. */
export const fifo: Predicate = {
  name: 'S25',
  title: 'writes of a session keep their order',
  judges: 'replica',
  watch() {
    const last = new Map<bigint, number>();
    return {
      decided({ entry, txn }) {
        if (txn.session === 0n || txn.cxid === 0) return;
        const before = last.get(txn.session) ?? 0;
        demand(txn.cxid === before + 1, 'S25', () => {
          return `${formatZxid(entry.zxid)} is request ${txn.cxid} of ${formatZxid(txn.session)}, after ${before}`;
        });
        last.set(txn.session, txn.cxid);
      },
    };
  },
};

/** S26: a request is decided at most once, and its answer is true. */
export const exactlyOnce: Predicate = {
  name: 'S26',
  title: 'exactly once',
  judges: 'replica',
  watch({ model }) {
    const done = new Map<string, Zxid>();
    /** Requests that were called not applied, by their session. */
    const never = new Map<bigint, Set<string>>();
    return {
      decided({ entry, txn }) {
        // Numbers that were not used are given again by the next owner, perhaps the same host.
        if (txn.body.type === 'move-session') never.delete(txn.body.session);
        const request = requestOf(txn);
        if (request === undefined) return;
        demand(!done.has(request), 'S26', () => {
          return `request ${request} is both ${formatZxid(done.get(request) ?? 0n)} and ${formatZxid(entry.zxid)}`;
        });
        const { peer, boot } = txn.owner;
        const denied = never.get(txn.session)?.has(`${request} ${peer} ${boot}`) === true;
        demand(!denied, 'S26', () => {
          return `request ${request} was called not applied and is ${formatZxid(entry.zxid)}`;
        });
        done.set(request, entry.zxid);
      },
      told(peer, delivery) {
        if (delivery.type !== 'reply' || delivery.session.id === 0n || delivery.cxid === 0) return;
        const { decided, outcome, cxid, session, result } = delivery;
        const request = `${session.id}:${cxid}`;
        const story = (): string =>
          `peer ${peer.id} answers ${request} with ${outcome} ${show(result)}`;
        if (decided === undefined) {
          demand(outcome !== 'applied', 'S26', story);
          if (outcome !== 'not-applied') return;
          // A session that has moved is numbered anew by its next owner.
          const own = done.get(request);
          const owner = own === undefined ? undefined : model.decided.get(own)?.txn.owner;
          const mine = owner?.peer === peer.id && owner.boot === peer.disk.boot;
          demand(!mine, 'S26', () => `${story()}, but it is ${formatZxid(own ?? 0n)}`);
          if (result.type === 'error' && result.code === 'SESSION_MOVED') return;
          const denied = never.get(session.id) ?? new Set();
          never.set(session.id, denied.add(`${request} ${peer.id} ${peer.disk.boot}`));
          return;
        }
        const truth = model.decided.get(decided);
        demand(truth !== undefined && requestOf(truth.txn) === request, 'S26', () => {
          return `${story()} by ${formatZxid(decided)}, which is not it`;
        });
        if (truth === undefined) return;
        demand(show(truth.applied.result) === show(result), 'S26', () => {
          return `${story()}, the truth is ${show(truth.applied.result)}`;
        });
        demand((result.type === 'error') === (outcome === 'not-applied'), 'S26', story);
      },
    };
  },
};

/** S28: who asks after an answer was given sees what the answer spoke of, writes and linearizable reads alike. */
export const linearizable: Predicate = {
  name: 'S28',
  title: 'linearizable writes and reads',
  judges: 'replica',
  watch(scene) {
    const floors = new Map<string, Zxid>();
    return {
      submitted(peer, _session, ticket) {
        floors.set(`${peer.id}/${peer.life}/${ticket}`, scene.answered);
      },
      told(peer, delivery, read) {
        if (delivery.type === 'reply' && delivery.decided !== undefined) {
          const { decided } = delivery;
          const floor = floors.get(`${peer.id}/${peer.life}/${delivery.ticket}`);
          demand(floor === undefined || decided > floor, 'S28', () => {
            return `peer ${peer.id} writes ${formatZxid(decided)} after somebody was told of ${formatZxid(floor ?? decided)}`;
          });
        }
        if (delivery.type !== 'read' || read?.options.consistency !== 'linearizable') return;
        if (delivery.result.type === 'error' && delivery.result.code !== 'NO_NODE') return;
        demand(delivery.zxid >= read.floor, 'S28', () => {
          return `a linearizable read of peer ${peer.id} saw ${formatZxid(delivery.zxid)}, ${formatZxid(read.floor)} was known before`;
        });
      },
    };
  },
};

const SEQUENCE = /^(.*)\/q-(\d+)$/;

/** S27: the numbers of sequential names rise within one life of the parent. */
export const sequences: Predicate = {
  name: 'S27',
  title: 'sequential names never repeat',
  judges: 'replica',
  watch({ model }) {
    const last = new Map<string, number>();
    return {
      decided({ entry, txn, applied }) {
        if (txn.body.type !== 'change' || applied.result.type === 'error') return;
        for (const change of txn.body.changes) {
          if (change.type !== 'create') continue;
          const match = SEQUENCE.exec(change.path);
          if (match === null) continue;
          const [, parent = '', digits = ''] = match;
          const found = model.machine.exists(parent === '' ? '/' : parent, TRUSTED);
          if (found.type === 'error') continue;
          const life = `${parent} ${found.stat.czxid}`;
          const before = last.get(life) ?? -1;
          demand(digits.length === 10 && Number(digits) > before, 'S27', () => {
            return `${formatZxid(entry.zxid)} creates ${change.path} after ${before}`;
          });
          last.set(life, Number(digits));
        }
      },
    };
  },
};

/** S29: of the pairs below /m, which batches make, change and delete together, never one alone is seen. */
export const atomicity: Predicate = {
  name: 'S29',
  title: 'a multi is all or nothing',
  judges: 'replica',
  watch() {
    return {
      told(peer, delivery) {
        if (delivery.type !== 'read' || delivery.result.type !== 'subtree') return;
        const { nodes } = delivery.result;
        const seen = new Map(nodes.map(({ path, data }) => [path, data.join()]));
        for (const [path, data] of seen) {
          if (!path.endsWith('-1') && !path.endsWith('-2')) continue;
          const twin = `${path.slice(0, -1)}${path.endsWith('-1') ? '2' : '1'}`;
          demand(seen.get(twin) === data, 'S29', () => {
            return `peer ${peer.id} shows ${path} without an equal ${twin} at ${formatZxid(delivery.zxid)}`;
          });
        }
      },
    };
  },
};

/** S30: the times of nodes are those of their transactions, which never decrease. */
export const times: Predicate = {
  name: 'S30',
  title: 'time comes from the transaction',
  judges: 'replica',
  watch({ model }) {
    let last = 0;
    return {
      decided({ entry, txn }) {
        if (txn.body.type === 'epoch-start') return;
        demand(
          txn.time >= last,
          'S30',
          () => `${formatZxid(entry.zxid)} is of ${txn.time}, after ${last}`,
        );
        last = txn.time;
      },
      told(peer, delivery) {
        if (delivery.type !== 'read' || !('stat' in delivery.result)) return;
        const { stat } = delivery.result;
        if (stat === undefined) return;
        const created = model.decided.get(stat.czxid as Zxid)?.txn.time;
        const changed = model.decided.get(stat.mzxid as Zxid)?.txn.time;
        const right =
          (created === undefined || created === stat.ctime) &&
          (changed === undefined || changed === stat.mtime);
        demand(right, 'S30', () => {
          return `peer ${peer.id} shows times ${stat.ctime}, ${stat.mtime}; the transactions are of ${created}, ${changed}`;
        });
      },
    };
  },
};

/** S32: clean-up takes only the very node that was seen. */
export const reaping: Predicate = {
  name: 'S32',
  title: 'clean-up spares what has changed',
  judges: 'replica',
  watch({ model }) {
    let before: { readonly zxid: Zxid; readonly spared: boolean } | undefined;
    return {
      deciding(entry) {
        before = undefined;
        const body = model.txn(entry)?.body;
        if (body?.type !== 'reap') return;
        const found = model.machine.exists(body.path, TRUSTED);
        const same =
          found.type === 'exists' &&
          found.stat.czxid === body.czxid &&
          found.stat.mzxid === body.mzxid &&
          found.stat.cversion === body.cversion &&
          found.stat.numChildren === 0;
        before = { zxid: entry.zxid, spared: !same };
      },
      decided({ entry, txn }) {
        const { body } = txn;
        if (before?.zxid !== entry.zxid || body.type !== 'reap') return;
        if (!before.spared) return;
        const deleted = model.decided.get(entry.zxid)?.applied.events.length ?? 0;
        demand(
          deleted === 0,
          'S32',
          () => `${formatZxid(entry.zxid)} removes ${body.path}, which has changed`,
        );
      },
    };
  },
};
