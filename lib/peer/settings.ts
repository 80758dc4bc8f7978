/** What `openPeer` may be told. Durations are milliseconds everywhere. */

import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

/** Where one peer of the group is reached, and what part it takes. */
export interface PeerAddress {
  /** `ws://host:port/path`, or `wss:` for TLS. */
  readonly url: string;
  /** An observer follows without a vote. @default 'participant' */
  readonly role?: 'participant' | 'observer';
  /** Its weight in its group of the quorum; 0 never counts and never leads. @default 1 */
  readonly weight?: number;
  /** Hierarchical group of the quorum. @default 0 */
  readonly group?: number;
}

/** Takes what the peer has to tell its operators. Fields first, as pino does. */
export interface Logger {
  /** The steps of the protocol, for who looks for a fault. */
  debug(fields: object, text: string): void;
  /** Every change of `status`. */
  info(fields: object, text: string): void;
  /** What the event `warning` tells too. */
  warn(fields: object, text: string): void;
  /** What the event `error` would have told, had anybody listened. */
  error(fields: object, text: string): void;
}

/** Where links come in, where that is not what the own URL says. */
export interface ListenOptions {
  /**
   * A server of the application, on which links are taken at `path` and everything else is left alone;
   * with `https`, links are `wss:`. It needs not listen yet. Close the peer before the server: a
   * server that closes waits for the peer's links.
   */
  readonly server?: Server | SecureServer;
  /** The interface to listen on, such as `0.0.0.0` in a container whose name is not its own. @default the own URL's */
  readonly host?: string;
  /** The port to listen on, where another one is published. @default the own URL's */
  readonly port?: number;
  /** @default the own URL's */
  readonly path?: string;
}

/** What every kind of peer may be told. */
export interface Settings {
  /**
   * Known to all peers of the group and to nobody else, at least 8 characters; take 32 random bytes. Peers show each
   * other that they know it, without saying it, before anything else is read; what travels
   * afterwards can be read by who listens, but not changed, left out or repeated.
   *
   * Of several the first signs, and all are accepted: to change it without a stop, give every peer
   * `[old, new]`, then `[new, old]`, then `new`.
   *
   * Peers that are not all on loopback addresses, and those on a server of the application, need
   * this, or `tls` with `ca`, or `insecure`.
   */
  readonly secret?: string | readonly string[] | undefined;
  /**
   * For `wss:` URLs, all of them: own `cert` and `key` (or `pfx`), shown by who dials and who listens. With `ca` each
   * side takes only certificates of these authorities; without it dialling peers are not asked for one. On a
   * server of the application, that server's own options say how TLS is spoken there.
   * @see https://nodejs.org/docs/latest-v20.x/api/tls.html#tlscreatesecurecontextoptions
   */
  readonly tls?: SecureContextOptions;
  /** Whoever reaches the port may join, read and write: for networks that nobody else is on. @default false */
  readonly insecure?: boolean;
  /**
   * Where links come in. `'manual'`: the application calls `peer.handleUpgrade`, beside another WebSocket
   * library on one server.
   * @default a port of its own, as the own URL says
   */
  readonly listen?: ListenOptions | 'manual';
  /**
   * How long the process may be out of contact before its session, and all ephemeral nodes with it,
   * is closed by the group; `minSessionTimeout` to `maxSessionTimeout`.
   * @default 6_000, or the nearest within the bounds
   */
  readonly sessionTimeout?: number;
  /** The shortest time-out that a session of this peer may be opened with; 1_000 to 3_600_000. @default 4_000 */
  readonly minSessionTimeout?: number;
  /** The longest; 1_000 to 3_600_000. @default 60_000 */
  readonly maxSessionTimeout?: number;
  /** The `timeout` of operations that name none: nothing hangs while there is no quorum. @default 10_000 */
  readonly requestTimeout?: number;
  /** How often leader and followers hear of each other; 10 to 10_000. @default 250 */
  readonly heartbeat?: number;
  /**
   * Silence after which a follower leaves its leader and a leader its place (ZooKeeper's syncLimit,
   * but in ms); at least four heartbeats. @default 2_000
   */
  readonly syncTimeout?: number;
  /** How long a follower may take to connect and to catch up without progress (ZooKeeper's initLimit). @default 15_000 */
  readonly initTimeout?: number;
  /** How long a link to another peer may take to be made, secret included (ZooKeeper's cnxTimeout); 10 to 60_000. @default 3_000 */
  readonly dialTimeout?: number;
  /**
   * The log in a directory of its own, on a disk that nothing else is busy with (ZooKeeper's dataLogDir):
   * the promises go with it, the checkpoints stay in `dataDir`. A store that was begun with it needs it
   * ever after, and one that was begun without it cannot take it up.
   * @default `dataDir` has all
   */
  readonly dataLogDir?: string;
  /**
   * Transactions between two checkpoints of the tree; each peer takes its own within 50 to 100 % of it,
   * so that they do not all write one at once. @default 100_000
   */
  readonly snapCount?: number;
  /**
   * Checkpoints that are kept, with the log since the oldest, which is held in memory too; 1 to 100
   * (ZooKeeper's autopurge.snapRetainCount). Where the newest cannot be read the peer begins with an
   * older one. Of a single one the log reaches back to the one before all the same. @default 1
   */
  readonly snapRetainCount?: number;
  /**
   * A synced write that takes longer is a SLOW_DISK warning; in ms, 1 to 3_600_000. A blocked event loop
   * makes a write seem slow. @default 1_000
   */
  readonly fsyncWarningThreshold?: number;
  /**
   * Memory of the tree, in bytes: growth beyond it is QUOTA_EXCEEDED, deletes go on; at least 1 MiB.
   * Every peer gives a `warning` event when the tree has 80 % of it, once until it is below 75 % again.
   * The group has one limit, a part of the replicated state: what the peer was given that leads. Give
   * all peers the same; one that was given another warns of it. To change it, restart the peers with
   * the new value: it holds as soon as one of those leads.
   * @default 268_435_456 (256 MiB)
   */
  readonly maxTreeBytes?: number;
  /**
   * Who has these credentials is the super user, whom every ACL permits everything, in sessions of this peer:
   * `user:` and the base64 of the SHA-1 of `user:password`, as ZooKeeper's
   * `DigestAuthenticationProvider.superDigest`. Then `addAuth('digest', 'user:password')`.
   * @default nobody is
   */
  readonly superDigest?: string;
  /** @default none: nothing is printed */
  readonly logger?: Logger;
  /** Gives up opening. Has no effect on a peer that is open. */
  readonly signal?: AbortSignal;
}

/** A group of one: in memory, unless it has a directory. */
export interface Solo extends Settings {
  /** @default 1 */
  readonly id?: number;
  /** Where the log and the checkpoints are kept. @default in memory */
  readonly dataDir?: string;
  /** That would be a group. */
  readonly peers?: never;
}

/** One peer of a group. */
export interface Grouped extends Settings {
  /** ZooKeeper's myid, 1 to 255: which of `peers` this process is. */
  readonly id: number;
  /** All peers, this one included; its own URL says where it listens. */
  readonly peers: Readonly<Record<number, string | PeerAddress>>;
  /**
   * Where the log and the checkpoints are kept. Required: a voter without a disk forgets what it
   * promised. `':memory:'` is for tests.
   */
  readonly dataDir: string;
  /**
   * For the first start of a group of which some voters will come later: a majority of them, all with this
   * option, founds it, and the others are taken in when they come. Without it the first start
   * needs all voters. Your word that this group has never been: that every disk which is not there
   * is empty. Where that is wrong a second group begins beside the first, without its data. So it is
   * refused as long as any peer is reached that has been in a group; and take the option away after the
   * first start. Has no effect on a peer that has been in a group.
   * @default false
   */
  readonly bootstrap?: boolean;
}
