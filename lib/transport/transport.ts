/**
 * The port to the network: links between peers, and on each link whole frames, in order, until it
 * closes. Which peer a link leads to, and which of two links to the same peer shall live, is
 * decided above.
 *
 * Two transports stand behind it: {@link WebSocketTransport} and {@link MemoryTransport};
 * `test/contracts/transport.ts` holds both to the same contract.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LinkId } from '../zab/ready.ts';

/** Which side asked for the link: this peer, or the one at the other end. */
export type DialSide = 'self' | 'peer';

/**
 * What a transport tells. No callback is made from within a call to the transport, and none after
 * `close()` was called. They must not throw: nobody here could do anything about it.
 */
export interface TransportEvents {
  /**
   * A link stands, and whatever the peers of this group have to show each other was shown. Its number
   * is new and never used again.
   * @param address of the other end; of the last proxy, if there are some.
   */
  linkOpened(link: LinkId, dialer: DialSide, address: string): void;
  /** One frame, in the order sent. The bytes are the receiver's from now on. */
  frame(link: LinkId, bytes: Uint8Array): void;
  /** Once for every link opened, whoever closed it; nothing comes from it afterwards. */
  linkClosed(link: LinkId, reason: string): void;
  /** A queue that {@link Transport.backlog} found filled is empty. */
  linkDrained(link: LinkId): void;
  /** A dial failed. It is tried again by itself. */
  dialFailed(peer: number, reason: string): void;
  /**
   * Somebody was refused: a stranger, or a peer with another secret. At most once a minute of each
   * address; it is empty where the connection was gone already.
   */
  refused(address: string, reason: string): void;
  /** Asked, not told: the id of the group, empty while it has none. */
  cluster(): string;
}

export interface Transport {
  /** Says whom to tell. Once, before anything else. */
  start(events: TransportEvents): void;

  /**
   * Accepts links at this URL, or wherever the transport was told to instead; port 0 takes a free one.
   * Returns the URL with its real port.
   * @throws TypeError for a URL that is not allowed; the system's error if the address is in use.
   */
  listen(url: string): Promise<string>;

  /**
   * Sees to it that there is a link to this peer: dials now, and again whenever no link to it is
   * left, each time resolving the address anew, with a growing and jittered pause in between.
   * @throws TypeError for a URL that is not allowed.
   */
  dial(peer: number, url: string): void;

  /**
   * The link, whoever dialled it, was found to lead to this peer. While it stands the peer is not
   * dialled. To be called as soon as the peer has said who it is, before a duplicate is closed. Does
   * nothing if the link is gone meanwhile.
   */
  recognize(link: LinkId, peer: number): void;

  /**
   * Queues a frame. A link whose queue outgrows its bound is cut: its peer is too slow, and will be
   * synchronized anew. Does nothing on a link that is closed.
   */
  send(link: LinkId, bytes: Uint8Array): void;

  /** Bytes that wait in the queue of a link. Other than 0: `linkDrained` follows once, unless the link closes. */
  backlog(link: LinkId): number;

  /** Closes a link after what was sent on it; receives nothing more from it at once. */
  disconnect(link: LinkId, reason: string): void;

  /** Connections that were refused since the beginning, frames that were not as they were sent included. */
  readonly refused: number;

  /**
   * Takes a request for a link that came in at a server of the application. False: it is for something
   * else, or this transport does not wait for such requests; nothing was touched.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;

  /** Closes all, within a bounded time. May be called again. */
  close(): Promise<void>;
}
