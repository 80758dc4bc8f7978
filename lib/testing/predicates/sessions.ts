import { formatZxid, type Zxid } from '../../base/zxid.ts';
import type { SessionHandle } from '../../replica/session-handle.ts';
import { TRUSTED } from '../../tree/reader.ts';
import type { Owner } from '../../tree/request.ts';
import type { Ghost } from '../ghost.ts';
import type { Model } from '../model.ts';
import { demand, type Predicate, type Witness } from './predicate.ts';

/** How far two clocks of the simulation may run apart, and what a due time is rounded by. */
const DRIFT = 0.1;

/** S18: an ephemeral node belongs to a live session, and has no children. */
export const ephemerals: Predicate = {
  name: 'S18',
  title: 'ephemerals live with their session',
  judges: 'replica',
  watch({ model }) {
    let since = 0;
    return {
      decided({ applied, entry }) {
        since += 1;
        if (applied.ended.length === 0 && since < 25) return;
        since = 0;
        scan(model, formatZxid(entry.zxid));
      },
    };
  },
};

function scan({ machine }: Model, at: string): void {
  const found = new Map<bigint, string[]>();
  const tree = machine.subtree('/', TRUSTED);
  if (tree.type === 'error') return;
  for (const { path, stat } of tree.nodes) {
    if (stat.ephemeralOwner === 0n) continue;
    demand(stat.numChildren === 0, 'S18', () => `at ${at} the ephemeral ${path} has children`);
    const own = found.get(stat.ephemeralOwner) ?? [];
    own.push(path);
    found.set(stat.ephemeralOwner, own);
  }
  for (const [session, paths] of found) {
    demand(machine.sessions.get(session) !== undefined, 'S18', () => {
      return `at ${at} ${paths.join(' ')} belong to ${formatZxid(session)}, which has ended`;
    });
    const index = machine.ephemerals(session);
    demand(index.join() === paths.sort().join(), 'S18', () => {
      return `at ${at} the index of ${formatZxid(session)} has ${index.join()}, the tree ${paths.join()}`;
    });
  }
}

interface Known {
  owner: string;
  readonly timeout: number;
  closed: boolean;
}

function nameOf({ peer, store, boot }: Owner): string {
  return `${peer} ${store} ${boot}`;
}

/** S19: a session has one owner at a time, its end is final, and its id is never used again. */
export const ownership: Predicate = {
  name: 'S19',
  title: 'one owner, one end',
  judges: 'replica',
  watch() {
    const sessions = new Map<bigint, Known>();
    return {
      decided({ entry, txn, applied }) {
        const { body, owner } = txn;
        const at = formatZxid(entry.zxid);
        demand(applied.alarm === undefined, 'S19', () => `${at}: ${applied.alarm}`);
        if (txn.session !== 0n && body.type !== 'error') {
          const known = sessions.get(txn.session);
          demand(known?.closed === false && known.owner === nameOf(owner), 'S19', () => {
            return `${at} has an effect for ${formatZxid(txn.session)} of ${known?.owner}, asked by ${nameOf(owner)}`;
          });
        }
        if (applied.result.type === 'error') return;
        switch (body.type) {
          case 'create-session':
            demand(!sessions.has(entry.zxid), 'S19', () => `${at} is the id of two sessions`);
            sessions.set(entry.zxid, {
              owner: nameOf(owner),
              timeout: body.timeout,
              closed: false,
            });
            break;
          case 'move-session': {
            const known = sessions.get(body.session);
            demand(known?.closed === false, 'S19', () => `${at} moves a session that has ended`);
            if (known !== undefined) known.owner = nameOf(owner);
            break;
          }
          default:
        }
        for (const id of applied.ended) {
          const known = sessions.get(id);
          demand(
            known?.closed === false,
            'S19',
            () => `${at} ends ${formatZxid(id)}, which is no live session`,
          );
          if (known !== undefined) known.closed = true;
        }
      },
    };
  },
};

/** S20: nobody is expired who was heard of within the time-out, nor before the leader had listened that long. */
export const noEarlyExpiry: Predicate = {
  name: 'S20',
  title: 'no early expiry',
  judges: 'replica',
  watch(scene) {
    /** When a touch that the leader has acknowledged had reached it, by life of the leader and session. */
    const touches = new Map<string, number>();
    /** Touches on their way through the leader, by its life, their sender and their number. */
    const waiting = new Map<
      string,
      { readonly at: number; readonly sessions: readonly bigint[] }
    >();
    const begun = new Map<number, number>();
    return {
      received(peer, message, from) {
        if (message.type !== 'TOUCH' || peer.view.role !== 'leading') return;
        const { id, sessions } = message;
        waiting.set(`${peer.id} ${peer.life} ${from} ${id}`, { at: scene.now, sessions });
      },
      sent(peer, message, to) {
        if (message.type !== 'TOUCHED') return;
        for (const place of to) {
          const touch = waiting.get(`${peer.id} ${peer.life} ${place} ${message.id}`);
          for (const session of touch?.sessions ?? []) {
            if (touch === undefined || message.refused.includes(session)) continue;
            touches.set(`${peer.id} ${peer.life} ${session}`, touch.at);
          }
        }
      },
      established(_peer, epoch) {
        begun.set(epoch, scene.now);
      },
      expired(peer, session) {
        const timeout = timeoutOf(scene.ghost, scene.model, session);
        if (timeout === undefined) return;
        const least = timeout * (1 - DRIFT / 2) - 1;
        const heard = touches.get(`${peer.id} ${peer.life} ${session}`) ?? Number.NEGATIVE_INFINITY;
        const since = begun.get(peer.view.epoch) ?? Number.NEGATIVE_INFINITY;
        demand(scene.now - heard >= least && scene.now - since >= least, 'S20', () => {
          return `peer ${peer.id} expires ${formatZxid(session)} of ${timeout} ms, heard of ${scene.now - heard} ms ago, leading for ${scene.now - since} ms`;
        });
      },
    };
  },
};

function timeoutOf(ghost: Ghost, model: Model, session: bigint): number | undefined {
  const node = ghost.proposed.get(session as Zxid);
  const body = node === undefined ? undefined : model.txn(node)?.body;
  return body?.type === 'create-session' ? body.timeout : undefined;
}

/** S21: while a host says that a session is connected, it has not been expired. */
export const conservatism: Predicate = {
  name: 'S21',
  title: 'a host knows of an expiry before it happens',
  judges: 'replica',
  watch() {
    const handles: {
      readonly peer: Witness;
      readonly life: number;
      readonly session: SessionHandle;
    }[] = [];
    return {
      opened(peer, session) {
        handles.push({ peer, life: peer.life, session });
      },
      decided({ entry, txn }) {
        const { body } = txn;
        if (body.type !== 'close-session' || body.reason !== 'expired' || txn.cxid !== 0) return;
        for (const { peer, life, session } of handles) {
          if (session.id !== body.session || !peer.alive || peer.life !== life || peer.paused)
            continue;
          demand(session.state !== 'connected', 'S21', () => {
            return `${formatZxid(entry.zxid)} expires ${formatZxid(session.id)}, which peer ${peer.id} calls connected`;
          });
        }
      },
    };
  },
};
