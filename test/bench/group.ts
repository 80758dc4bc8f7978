/**
 * Three whole peers in one thread, with the real codec on every link and every record, a clock that
 * the benchmark moves and neither sockets nor disks: what a group costs beside its I/O.
 */
import { ZERO } from '../../lib/base/zxid.ts';
import { REPLICA_DEFAULTS } from '../../lib/replica/options.ts';
import type { Delivery, ReplicaReady } from '../../lib/replica/ready.ts';
import { Replica } from '../../lib/replica/replica.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import { decodeFrame, encodeMessage, packFrames } from '../../lib/wire/frames.ts';
import { encodeLogRecord } from '../../lib/wire/log-record.ts';
import type { StoreBatch } from '../../lib/wire/store-batch.ts';
import type { Mark } from '../../lib/zab/log-entry.ts';
import { ZAB_DEFAULTS } from '../../lib/zab/options.ts';
import type { LinkId } from '../../lib/zab/ready.ts';
import { unborn } from '../unborn.ts';

const START = 1_767_225_600_000;

interface OtherEnd {
  readonly peer: BenchPeer;
  readonly link: LinkId;
}

/** A peer that is driven as the ready loop drives one, with a store that forgets. */
export class BenchPeer {
  readonly id: number;
  readonly replica: Replica;
  /** The other end of each link. */
  readonly links: Map<LinkId, OtherEnd> = new Map();
  #inbox: { readonly link: LinkId; readonly frame: Uint8Array }[] = [];
  #last: Mark = { zxid: ZERO, chain: 0 };
  /** Bytes sent and logged. */
  sent = 0;
  logged = 0;
  deliveries: Delivery[] = [];

  constructor(id: number, ids: readonly number[]) {
    this.id = id;
    const voters = ids.map((voter) => ({ id: voter, weight: 1, group: 0 }));
    const zab = {
      ...ZAB_DEFAULTS,
      id,
      role: 'participant',
      voters,
      spareStore: 'f'.repeat(32),
    } as const;
    this.replica = new Replica({ ...REPLICA_DEFAULTS, zab }, unborn(id), new StateMachine());
  }

  get busy(): boolean {
    return this.#inbox.length > 0;
  }

  /** One turn at `now`; `work` is what the application does in it. */
  turn(now: number, work?: (replica: Replica) => void): void {
    const { replica } = this;
    replica.tick(now, START + now);
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { link, frame } of inbox) replica.receive(link, decodeFrame(frame));
    work?.(replica);
    this.#realise(replica.ready());
    for (let batch = replica.nextBatch(); batch !== undefined; batch = replica.nextBatch()) {
      this.#write(batch);
      replica.persisted(batch.id);
      this.#realise(replica.ready());
    }
  }

  #realise(ready: ReplicaReady): void {
    this.deliveries = this.deliveries.concat(ready.deliveries);
    const outgoing = new Map<LinkId, Uint8Array[]>();
    for (const { to, message } of ready.send) {
      const bytes = encodeMessage(message);
      for (const link of to) {
        const queue = outgoing.get(link);
        if (queue === undefined) outgoing.set(link, [bytes]);
        else queue.push(bytes);
      }
    }
    for (const [link, messages] of outgoing) {
      const other = this.links.get(link);
      for (const frame of packFrames(messages)) {
        this.sent += frame.length;
        if (other !== undefined) other.peer.#inbox.push({ link: other.link, frame });
      }
    }
  }

  #write({ log }: StoreBatch): void {
    const entries = log?.entries ?? [];
    if (log === undefined || entries.length === 0) return;
    const record = encodeLogRecord({ previous: this.#last, entries, committed: log.committed });
    this.logged += record.length;
    this.#last = entries.at(-1) ?? this.#last;
  }
}

export class Group {
  readonly peers: readonly BenchPeer[];
  now = 1;

  constructor(size: number) {
    const ids = Array.from({ length: size }, (_, index) => index + 1);
    this.peers = ids.map((id) => new BenchPeer(id, ids));
    let link = 0;
    for (const one of this.peers) {
      for (const other of this.peers) {
        if (one.id <= other.id) continue;
        link += 2;
        one.links.set(link, { peer: other, link: link + 1 });
        other.links.set(link + 1, { peer: one, link });
        one.replica.linked(link, 'self');
        other.replica.linked(link + 1, 'peer');
      }
    }
  }

  /** Turns of everybody with something to read, until nobody has. */
  settle(): void {
    do {
      for (const peer of this.peers) peer.turn(this.now);
    } while (this.peers.some((peer) => peer.busy));
  }

  /** Lets time go on until `condition` holds. */
  until(condition: () => boolean): void {
    for (let tries = 0; !condition(); tries += 1) {
      if (tries > 10_000) throw new Error('the group does not get there');
      this.now += 10;
      this.settle();
    }
  }

  /** The leader, once it serves, and the others. */
  elect(): { readonly leader: BenchPeer; readonly followers: readonly BenchPeer[] } {
    this.until(() => this.peers.every(({ replica }) => replica.status.serving));
    const leader = this.peers.find(({ replica }) => replica.status.role === 'leading');
    if (leader === undefined) throw new Error('a group that serves has a leader');
    return { leader, followers: this.peers.filter((peer) => peer !== leader) };
  }
}
