/** HELLO: who is at the other end, whether it belongs here, and which of two links to it stays. */
import { clusterOf, votersHash } from './bootstrap.ts';
import type { Core } from './core.ts';
import type { Link, Remote } from './links.ts';
import type { BirthNotice, Hello } from './messages.ts';
import type { LinkId, Refusal } from './ready.ts';
import { lastStart } from './record-starts.ts';

/** The version of the messages; a peer speaks the greatest that both know. */
const PROTOCOL: { readonly min: number; readonly max: number } = { min: 1, max: 1 };

/** The id of the group, of a born peer; empty before. */
export function clusterName(core: Core): string {
  return core.birth.state === 'born' && core.genesis !== undefined ? clusterOf(core.genesis) : '';
}

export function ownHello(core: Core): Hello {
  const { id, role } = core.options;
  return {
    type: 'HELLO',
    protocol: PROTOCOL,
    cluster: clusterName(core),
    id,
    store: core.store,
    boot: core.boot,
    starts: core.starts,
    role,
    votersHash: votersHash(core.options),
    bootstrap: core.options.bootstrap,
    birth: core.birth,
  };
}

export function ownBirthNotice(core: Core): BirthNotice {
  const born = core.birth.state === 'born';
  return {
    type: 'BIRTH',
    birth: core.birth,
    genesis: born ? core.genesis : undefined,
    cluster: clusterName(core),
  };
}

export type Verdict =
  | { readonly type: 'accept'; readonly replaces: LinkId | undefined }
  /** Another link is the one that stays: to the same incarnation, or to one that may be dead. */
  | { readonly type: 'surplus' }
  | { readonly type: 'refuse'; readonly reason: Refusal; readonly detail: string };

function refuse(reason: Refusal, detail: string): Verdict {
  return { type: 'refuse', reason, detail };
}

/** What to do with a link on which this HELLO came. */
export function judge(core: Core, link: Link, hello: Hello): Verdict {
  const { options } = core;
  if (hello.protocol.min > PROTOCOL.max || hello.protocol.max < PROTOCOL.min) {
    const { min, max } = hello.protocol;
    return refuse('PROTOCOL', `peer ${hello.id} speaks protocol ${min} to ${max}`);
  }
  if (hello.store === '') return refuse('PROTOCOL', `peer ${hello.id} has no store`);
  if (hello.store === core.store) {
    return refuse('DUPLICATE_STORE', `peer ${hello.id} runs on a copy of the store of this peer`);
  }
  if (hello.id === options.id) {
    return refuse('DUPLICATE_ID', `another process says that it is peer ${hello.id}, too`);
  }
  const cluster = clusterName(core);
  if (cluster !== '' && hello.cluster !== '' && cluster !== hello.cluster) {
    return refuse('STORE_MISMATCH', `peer ${hello.id} belongs to another group`);
  }
  if (hello.votersHash !== votersHash(options)) {
    return refuse('PEERS_MISMATCH', `peer ${hello.id} was started with other voters`);
  }
  return judgeDuplicates(core, link, hello);
}

/** One live link per id; a second incarnation waits until the first is known to be gone. */
function judgeDuplicates(core: Core, link: Link, hello: Hello): Verdict {
  for (const other of core.links.remotes()) {
    if (other.id === link.id) continue;
    if (other.hello.store === hello.store && other.hello.id !== hello.id) {
      return refuse('DUPLICATE_STORE', `peers ${other.hello.id} and ${hello.id} have one store`);
    }
    if (other.hello.id === hello.id) return judgeSecond(core, link, other, hello);
  }
  return { type: 'accept', replaces: undefined };
}

/** Another link of that id stands, or nobody has said yet that it does not. */
function judgeSecond(core: Core, link: Link, other: Remote, hello: Hello): Verdict {
  const { store, boot, id } = other.hello;
  const isStore = store === hello.store;
  if (isStore && boot === hello.boot && lastStart(other.hello) === lastStart(hello))
    return resolve(core, link, other, id);
  // A machine that was lost with its links, and is back: nobody is told to empty a directory for that.
  if (core.now - other.heardAt > core.options.syncTimeout / 2) return { type: 'surplus' };
  return isStore
    ? refuse('DUPLICATE_STORE', `two processes run on copies of the store of peer ${id}`)
    : refuse('DUPLICATE_ID', `two processes say that they are peer ${id}`);
}

/**
 * Both sides dialled: the link that the higher id dialled stays, and of two by the same dialler the
 * newer, since nobody dials again over a link it believes in. Both ends judge alike.
 */
function resolve(core: Core, link: Link, other: Remote, peer: number): Verdict {
  const dialer = (of: Link): number => (of.dialer === 'self' ? core.options.id : peer);
  if (dialer(link) < dialer(other)) return { type: 'surplus' };
  return { type: 'accept', replaces: other.id };
}
