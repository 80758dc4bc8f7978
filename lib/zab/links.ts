/**
 * The links to other peers. A link belongs to one incarnation of one store (its HELLO), carries votes
 * both ways, and at most one attachment of a learner to a leader in its life: after a role change the
 * attached link is closed, so nothing of the past can arrive on it (rule G9).
 */
import type { VoterKey } from './configuration.ts';
import { voterKey } from './configuration.ts';
import type { Birth, FollowerInfo, Hello } from './messages.ts';
import type { LinkId } from './ready.ts';

export interface Link {
  readonly id: LinkId;
  readonly dialer: 'self' | 'peer';
  /** Absent until the other side has said HELLO; nothing else is read before. */
  hello: Hello | undefined;
  birth: Birth;
  /** A learner's presentation that came before this peer knew that it leads. */
  info: FollowerInfo | undefined;
  /** The other side is a learner of this peer, or its leader, or neither yet. */
  attached: 'no' | 'learner' | 'leader';
  /** When something last arrived. */
  heardAt: number;
  /** When something was last sent, for the heartbeat of idle links. */
  notifiedAt: number;
  /** Bytes that wait in its send queue, as the driver last said. */
  backlog: number;
}

/** Who is at the other end of a link that has said HELLO. */
export interface Remote extends Link {
  hello: Hello;
}

export class Links {
  readonly #links = new Map<LinkId, Link>();
  /** Peers to which a link has ended: another one may stand by now. */
  readonly #parted = new Set<number>();

  add(id: LinkId, dialer: 'self' | 'peer', now: number): Link {
    const link: Link = {
      id,
      dialer,
      hello: undefined,
      birth: { state: 'unborn' },
      info: undefined,
      attached: 'no',
      heardAt: now,
      notifiedAt: now,
      backlog: 0,
    };
    this.#links.set(id, link);
    return link;
  }

  get(id: LinkId): Link | undefined {
    return this.#links.get(id);
  }

  remove(id: LinkId): Link | undefined {
    const link = this.#links.get(id);
    this.#links.delete(id);
    if (link?.hello !== undefined) this.#parted.add(link.hello.id);
    return link;
  }

  all(): IterableIterator<Link> {
    return this.#links.values();
  }

  /** The links whose other end is known. */
  *remotes(): IterableIterator<Remote> {
    for (const link of this.#links.values()) if (isRemote(link)) yield link;
  }

  /** The link to that peer; there is one at most. */
  to(peer: number): Remote | undefined {
    for (const link of this.remotes()) if (link.hello.id === peer) return link;
    return undefined;
  }

  /** It was there and is gone: unlike one that was not met yet, it is not on its way here, but dead or cut off. */
  isGone(peer: number): boolean {
    return this.#parted.has(peer) && this.to(peer) === undefined;
  }

  remoteIds(): LinkId[] {
    return [...this.remotes()].map(({ id }) => id);
  }
}

export function isRemote(link: Link): link is Remote {
  return link.hello !== undefined;
}

/** The voter at the other end. */
export function keyOf(remote: Remote): VoterKey {
  return voterKey(remote.hello.id, remote.hello.store);
}
