import { formatZxid, ZERO, type Zxid } from '../../base/zxid.ts';
import type { ReadResult } from '../../replica/read.ts';
import type { SessionHandle } from '../../replica/session-handle.ts';
import { type Acl, PERMISSION } from '../../tree/acl.ts';
import type { TreeEvent } from '../../tree/tree-event.ts';
import type { WatchEvent, WatchKind } from '../../tree/watch-event.ts';
import { isInOrder, NetDifference } from '../net-difference.ts';
import { type Asked, demand, type Predicate, type Scene, type Witness } from './predicate.ts';
import { handleOf } from './requests.ts';

type WatchEventType = TreeEvent['type'];

interface Expected {
  readonly type: WatchEventType;
  readonly path: string;
  readonly zxid: Zxid;
  /** S22 if only watches that fire once are met. */
  readonly predicate: 'S22' | 'S23';
}

/** What a watch is told of a jump over history. */
interface Owed {
  readonly text: string;
  readonly predicate: 'S22' | 'S23';
}

/** The watches of one session, kept in the simplest possible way. */
class Watcher {
  readonly session: SessionHandle;
  readonly #scene: Scene;
  /** `kind path`. */
  readonly #watches = new Set<string>();
  /** The state up to which events are expected. */
  #at: Zxid;
  readonly #expected: Expected[] = [];
  /** What is to be told at the state of the last jump, in any order. */
  #jumped: Owed[] = [];
  #jumpedTo: Zxid = ZERO;

  constructor(scene: Scene, session: SessionHandle, at: Zxid) {
    this.#scene = scene;
    this.session = session;
    this.#at = at;
  }

  /** Everything through a state must have been told. */
  reach(zxid: Zxid, peer: Witness): void {
    this.#advance(zxid);
    // Who is told of nothing behind the jump, as a session that ended meanwhile, is owed nothing of it.
    const missed = zxid < this.#jumpedTo ? undefined : this.#jumped[0];
    demand(missed === undefined, missed?.predicate ?? 'S22', () => {
      return `session ${this.session.key} of peer ${peer.id} sees ${formatZxid(zxid)} after a jump and was not told ${missed?.text}`;
    });
    const owed = this.#expected[0];
    if (owed === undefined) return;
    demand(false, owed.predicate, () => {
      return `session ${this.session.key} of peer ${peer.id} sees ${formatZxid(zxid)} and was not told of ${owed.type} ${owed.path} at ${formatZxid(owed.zxid)}`;
    });
  }

  /** It is told of an event, which must be the next that it is owed, or one of those of a jump. */
  take(event: WatchEvent, peer: Witness): void {
    const { type, path, zxid } = event;
    this.#advance(zxid);
    if (this.#expected.length === 0 && this.#takeJumped(event, peer)) return;
    const owed = this.#expected.shift();
    const right = owed?.type === type && owed.path === path && owed.zxid === zxid;
    demand(right, owed?.predicate ?? 'S22', () => {
      const next =
        owed === undefined ? 'nothing' : `${owed.type} ${owed.path} at ${formatZxid(owed.zxid)}`;
      return `session ${this.session.key} of peer ${peer.id} is told ${type} ${path} at ${formatZxid(zxid)}, owed was ${next}`;
    });
  }

  watch(kind: WatchKind, path: string): void {
    this.#watches.add(`${kind} ${path}`);
  }

  /** A watch is taken back, if it is there, as the answer must say. */
  unwatch(kind: WatchKind, path: string, answer: boolean, peer: Witness): void {
    const known = this.#watches.delete(`${kind} ${path}`);
    demand(known === answer, 'S22', () => {
      return `session ${this.session.key} of peer ${peer.id} is told that its ${kind} watch on ${path} was ${answer ? '' : 'not '}there`;
    });
  }

  /** The state is replaced: one-shot watches see what differs, those that stay are told all of it. */
  jump(from: Zxid, to: Zxid): void {
    this.#advance(from);
    if (to <= from) return;
    const events = this.#eventsBetween(from, to);
    const net = new NetDifference(events);
    const hidden = new Set(events.filter(({ acl }) => !isReadable(acl)).map(({ path }) => path));
    const isTold = (change: string): boolean => !hidden.has(change.split(' ')[1] ?? '');
    for (const watch of [...this.#watches].sort()) {
      const [kind = '', path = ''] = watch.split(' ');
      if (kind !== 'persistent' && kind !== 'persistent-recursive') continue;
      const all = kind === 'persistent' ? net.ofNode(path) : net.below(path);
      const changes = all.filter(isTold);
      this.#jumped.push({
        text: textOf('resync', path, [kind, from, to, ...changes.sort()]),
        predicate: 'S23',
      });
    }
    for (const { type, path } of net.oneShots()) {
      if (!this.#meetsOnce(type, path) || hidden.has(path)) continue;
      this.#jumped.push({ text: textOf(type, path, [to]), predicate: 'S22' });
    }
    this.#jumpedTo = to;
    this.#at = to;
  }

  #takeJumped(event: WatchEvent, peer: Witness): boolean {
    const { type, path, zxid } = event;
    const changes =
      event.type === 'resync' ? event.changes.map((one) => `${one.type} ${one.path}`) : [];
    demand(isInOrder(changes), 'S23', () => `out of order: ${changes.join(', ')}`);
    const more =
      event.type === 'resync' ? [event.kind, event.from, zxid, ...changes.sort()] : [zxid];
    const text = textOf(type, path, more);
    const place = this.#jumped.findIndex((owed) => owed.text === text);
    if (place >= 0) this.#jumped.splice(place, 1);
    demand(place >= 0 || (type !== 'resync' && this.#jumped.length === 0), 'S23', () => {
      return `session ${this.session.key} of peer ${peer.id} is told ${text}, owed was ${this.#jumped.map((owed) => owed.text).join('; ')}`;
    });
    return place >= 0;
  }

  #eventsBetween(from: Zxid, to: Zxid): TreeEvent[] {
    const steps: Zxid[] = [];
    let node = this.#scene.ghost.proposed.get(to);
    for (; node !== undefined && node.zxid > from; node = node.parent) steps.push(node.zxid);
    const { decided } = this.#scene.model;
    return steps.reverse().flatMap((zxid) => decided.get(zxid)?.applied.events ?? []);
  }

  #advance(to: Zxid): void {
    if (to <= this.#at) return;
    if (this.#watches.size > 0) {
      const path: Zxid[] = [];
      let node = this.#scene.ghost.proposed.get(to);
      while (node !== undefined && node.zxid > this.#at) {
        path.push(node.zxid);
        node = node.parent;
      }
      for (const zxid of path.reverse()) this.#pass(zxid);
    }
    this.#at = to;
  }

  #pass(zxid: Zxid): void {
    for (const event of this.#scene.model.decided.get(zxid)?.applied.events ?? []) {
      const { path, type, acl } = event;
      // One that is met is spent, also by what may not be told.
      const once = this.#meetsOnce(type, path);
      if ((!this.#meetsLasting(type, path) && !once) || !isReadable(acl)) continue;
      const predicate = this.#meetsLasting(type, path) ? 'S23' : 'S22';
      this.#expected.push({ type, path, zxid, predicate });
    }
  }

  #meetsOnce(type: WatchEventType, path: string): boolean {
    const kinds: Record<WatchEventType, readonly WatchKind[]> = {
      created: ['exist', 'data'],
      'data-changed': ['exist', 'data'],
      deleted: ['exist', 'data', 'child'],
      'children-changed': ['child'],
    };
    let met = false;
    for (const kind of kinds[type]) if (this.#watches.delete(`${kind} ${path}`)) met = true;
    return met;
  }

  #meetsLasting(type: WatchEventType, path: string): boolean {
    if (this.#watches.has(`persistent ${path}`)) return true;
    if (type === 'children-changed') return false;
    for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
      if (this.#watches.has(`persistent-recursive ${at === '' ? '/' : at}`)) return true;
      if (at === '' || at === '/') return false;
    }
  }
}

/** S22 and S23: each watch gets exactly the events of G that it waits for, before anything that reflects them. */
export const watchOrder: Predicate = {
  name: 'S22',
  title: 'watches that fire once do so exactly once, before what reflects it',
  judges: 'replica',
  watch(scene) {
    const watchers = new Map<string, Watcher>();
    return {
      installed(peer, { zxid }) {
        const prefix = `${peer.id}/${peer.life}/`;
        for (const [key, watcher] of watchers) {
          if (key.startsWith(prefix)) watcher.jump(peer.applied.zxid, zxid);
        }
      },
      told(peer, delivery, read) {
        if (delivery.type === 'settled' || delivery.type === 'state') return;
        const { session, zxid } = delivery;
        const key = handleOf(peer, session);
        const watcher = watchers.get(key) ?? new Watcher(scene, session, zxid);
        watchers.set(key, watcher);
        if (delivery.type === 'watch') {
          watcher.take(delivery.event, peer);
          return;
        }
        watcher.reach(zxid, peer);
        if (delivery.type === 'read' && read !== undefined)
          register(watcher, read, delivery.result, peer);
      },
    };
  },
};

/** The clients of a simulation hide nodes from everybody or from nobody, and once for all. */
function isReadable(acl: Acl): boolean {
  return acl.some(({ scheme, permissions }) => {
    return scheme === 'world' && (permissions & PERMISSION.read) !== 0;
  });
}

function textOf(type: string, path: string, more: readonly (string | bigint)[]): string {
  return [type, path, ...more.map(String)].join(' ');
}

function register(watcher: Watcher, { operation }: Asked, answer: ReadResult, peer: Witness): void {
  const result = answer.type;
  // Only exists leaves a watch on what is not there.
  const absent = answer.type === 'error' && answer.code === 'NO_NODE';
  switch (operation.type) {
    case 'get':
      if (operation.watch === true && result === 'get') watcher.watch('data', operation.path);
      break;
    case 'exists':
      if (operation.watch === true && (absent || result === 'exists'))
        watcher.watch('exist', operation.path);
      break;
    case 'children':
      if (operation.watch === true && result === 'children') watcher.watch('child', operation.path);
      break;
    case 'add-watch':
      if (result === 'add-watch') watcher.watch(operation.mode, operation.path);
      break;
    case 'remove-watch': {
      const { kind, path } = operation;
      const missing = answer.type === 'error' && answer.code === 'NO_WATCHER';
      if (missing || result === 'remove-watch') watcher.unwatch(kind, path, !missing, peer);
      break;
    }
    default:
  }
}
