/** A few ZABs, wired by hand: every message, write and millisecond moves only when the conversation says so. */
import assert from 'node:assert/strict';
import { counterOf, epochOf, type Zxid } from '../../lib/base/zxid.ts';
import { SimDisk } from '../../lib/testing/sim-disk.ts';
import type { Entry } from '../../lib/zab/log-entry.ts';
import type { ZabMessage } from '../../lib/zab/messages.ts';
import { ZAB_DEFAULTS, type ZabOptions } from '../../lib/zab/options.ts';
import type { LinkId } from '../../lib/zab/ready.ts';
import { Zab } from '../../lib/zab/zab.ts';

export interface Peer {
  readonly id: number;
  readonly options: ZabOptions;
  disk: SimDisk;
  zab: Zab | undefined;
  /** Payloads applied since the store was made or wiped. */
  applied: string[];
  /** While set, writes stay with the store. */
  held: boolean;
}

interface Wire {
  readonly ends: readonly [number, number];
  readonly ids: readonly [LinkId, LinkId];
  /** Messages on the way to the first and to the second end. */
  readonly queues: [ZabMessage[], ZabMessage[]];
}

export type Listener = (line: string) => void;

/** `(1,3)`: epoch and counter, as the papers write a zxid. */
export function mark(zxid: Zxid): string {
  return zxid === 0n ? '0' : `(${epochOf(zxid)},${counterOf(zxid)})`;
}

const text = new TextDecoder();

export class World {
  readonly peers: Map<number, Peer> = new Map();
  readonly #wires: Wire[] = [];
  readonly #cut = new Set<string>();
  /** How often each pair was dialled since time last moved: a real transport backs off. */
  readonly #dials = new Map<string, number>();
  readonly #commitless = new Set<number>();
  readonly #say: Listener;
  readonly #shown: Set<string>;
  #link = 0;
  #stores = 0;
  #starts = 0;
  now = 1_000;

  constructor(say: Listener, shown: Set<string>) {
    this.#say = say;
    this.#shown = shown;
  }

  /** Declares a peer; it is not started. */
  add(id: number, voters: readonly number[], rest: Partial<ZabOptions>): void {
    const options: ZabOptions = {
      ...ZAB_DEFAULTS,
      id,
      role: voters.includes(id) ? 'participant' : 'observer',
      voters: voters.map((voter) => ({ id: voter, weight: 1, group: 0 })),
      spareStore: this.#newStore(),
      ...rest,
    };
    const disk = new SimDisk(id, this.#newStore());
    this.peers.set(id, { id, options, disk, zab: undefined, applied: [], held: false });
  }

  #nextStart(): number {
    this.#starts += 1;
    return this.#starts;
  }

  #newStore(): string {
    this.#stores += 1;
    return this.#stores.toString(16).padStart(32, '0');
  }

  peer(id: number): Peer {
    const peer = this.peers.get(id);
    assert(peer !== undefined, `peer ${id} exists`);
    return peer;
  }

  zab(id: number): Zab {
    const { zab } = this.peer(id);
    assert(zab !== undefined, `peer ${id} runs`);
    return zab;
  }

  /** A few entries, if that peer leads. */
  propose(id: number): void {
    const zab = this.zab(id);
    for (const payload of ['a', 'b', 'c']) {
      if (zab.broadcasting) zab.propose('transaction', new TextEncoder().encode(payload));
    }
    this.settle();
  }

  /** The links that stand at a peer. */
  linksOf(id: number): LinkId[] {
    return this.#wires.flatMap(({ ends, ids }) => ids.filter((_, at) => ends[at] === id));
  }

  start(id: number): void {
    const peer = this.peer(id);
    assert(peer.zab === undefined, `peer ${id} is down`);
    peer.zab = new Zab(peer.options, peer.disk.open(this.#nextStart()).durable);
    peer.zab.tick(this.now);
    peer.held = false;
  }

  /** The process is gone; what the store had not finished is lost. */
  crash(id: number): void {
    const peer = this.peer(id);
    peer.zab = undefined;
    if (peer.disk.writing) peer.disk.lose();
    for (const wire of [...this.#wires]) if (wire.ends.includes(id)) this.#break(wire);
  }

  /** Proposes, writes it to its own disk, and crashes before a message leaves. */
  dieProposing(id: number, payload: string): void {
    const { zab, disk } = this.peer(id);
    assert(zab !== undefined, `peer ${id} runs`);
    zab.propose('transaction', new TextEncoder().encode(payload));
    const batch = zab.nextBatch();
    assert(batch !== undefined, 'there is something to write');
    disk.begin({ id: batch.id, log: batch });
    disk.complete();
    this.crash(id);
  }

  /** COMMITs to these peers are lost with their links. */
  loseCommits(ids: readonly number[]): void {
    for (const id of ids) this.#commitless.add(id);
  }

  wipe(id: number): void {
    const peer = this.peer(id);
    peer.disk.wipe(this.#newStore());
    peer.applied = [];
  }

  cut(a: number, b: number): void {
    this.#cut.add(pair(a, b));
    for (const wire of [...this.#wires]) if (pair(...wire.ends) === pair(a, b)) this.#break(wire);
  }

  mend(a: number, b: number): void {
    this.#cut.delete(pair(a, b));
  }

  #break(wire: Wire): void {
    this.#wires.splice(this.#wires.indexOf(wire), 1);
    for (const [at, id] of wire.ends.entries()) {
      this.peer(id).zab?.unlinked(wire.ids[at] ?? 0);
    }
  }

  /** One end closes: what it has sent arrives, what comes back does not. */
  #close(wire: Wire, link: LinkId): void {
    const to = wire.ids[0] === link ? 1 : 0;
    for (const message of wire.queues[to])
      this.peer(wire.ends[to]).zab?.step(wire.ids[to], message);
    this.#break(wire);
  }

  /** Dials every missing link between running peers; the higher id dials. */
  #dial(): void {
    for (const a of this.peers.values()) {
      for (const b of this.peers.values()) {
        if (a.id >= b.id || a.zab === undefined || b.zab === undefined) continue;
        if (a.zab.role === 'quarantined' || b.zab.role === 'quarantined') continue;
        if (this.#cut.has(pair(a.id, b.id))) continue;
        if (this.#wires.some(({ ends }) => pair(...ends) === pair(a.id, b.id))) continue;
        const dials = this.#dials.get(pair(a.id, b.id)) ?? 0;
        if (dials >= 3) continue;
        this.#dials.set(pair(a.id, b.id), dials + 1);
        this.#link += 2;
        const ids = [this.#link, this.#link + 1] as const;
        this.#wires.push({ ends: [a.id, b.id], ids, queues: [[], []] });
        a.zab.linked(ids[0], 'peer');
        b.zab.linked(ids[1], 'self');
      }
    }
  }

  /** Takes what a peer wants done; writes complete at once unless they are held. */
  #turn(peer: Peer): boolean {
    const { zab } = peer;
    if (zab === undefined) return false;
    let moved = false;
    const ready = zab.ready();
    if (ready.installed !== undefined)
      peer.applied = [`<checkpoint ${mark(ready.installed.zxid)}>`];
    for (const entry of ready.deliver) this.#apply(peer, entry);
    for (const { link, zxid } of ready.snapshots) {
      zab.chunk(link, new TextEncoder().encode(`tree at ${mark(zxid)}`), true);
      moved = true;
    }
    for (const { to, message } of ready.send)
      for (const link of to) this.#post(peer, link, message);
    for (const { link } of ready.close) {
      const wire = this.#wires.find(({ ids }) => ids.includes(link));
      if (wire !== undefined) this.#close(wire, link);
    }
    for (const event of ready.events) this.#event(peer, event);
    if (ready.established !== undefined) {
      zab.propose('epoch-start', new TextEncoder().encode(`epoch ${ready.established}`));
    }
    if (ready.configure !== undefined && zab.broadcasting) {
      zab.propose(
        'configuration',
        new TextEncoder().encode(ready.configure.origin.type),
        ready.configure,
      );
    }
    return this.#write(peer) || moved || ready.send.length + ready.events.length > 0;
  }

  #write(peer: Peer): boolean {
    const { zab, disk } = peer;
    if (zab === undefined || disk.writing || peer.held) return false;
    const batch = zab.nextBatch();
    if (batch === undefined) return false;
    disk.begin({ id: batch.id, log: batch });
    disk.complete();
    zab.persisted(batch.id);
    return true;
  }

  #apply(peer: Peer, entry: Entry): void {
    const what = text.decode(entry.bytes);
    peer.applied.push(`${mark(entry.zxid)} ${what}`);
    if (this.#shown.has('apply')) this.#say(`${peer.id} applies ${mark(entry.zxid)} ${what}`);
  }

  #event(peer: Peer, event: { readonly type: string }): void {
    if (!this.#shown.has('role') || !('reason' in event) || !('role' in event)) return;
    this.#say(`${peer.id} is ${String(event.role)}: ${String(event.reason)}`);
  }

  #post(peer: Peer, link: LinkId, message: ZabMessage): void {
    const wire = this.#wires.find(({ ids }) => ids.includes(link));
    if (wire === undefined) return;
    const to = wire.ids[0] === link ? 1 : 0;
    if (message.type === 'COMMIT' && this.#commitless.delete(wire.ends[to])) {
      this.cut(...wire.ends);
      return;
    }
    wire.queues[to].push(message);
    if (!this.#shown.has(message.type)) return;
    this.#say(`${peer.id} -> ${wire.ends[to]} ${describe(message)}`);
  }

  #deliverOne(): boolean {
    for (const wire of this.#wires) {
      for (const to of [0, 1] as const) {
        const message = wire.queues[to].shift();
        if (message === undefined) continue;
        this.peer(wire.ends[to]).zab?.step(wire.ids[to], message);
        return true;
      }
    }
    return false;
  }

  /** Everything that needs no time to pass. */
  settle(): void {
    this.#dials.clear();
    for (let moves = 0; moves < 10_000; moves += 1) {
      this.#dial();
      let moved = false;
      for (const peer of this.peers.values()) moved = this.#turn(peer) || moved;
      if (!this.#deliverOne() && !moved) return;
    }
    assert.fail('the conversation does not come to an end');
  }

  /** Lets time pass in steps of 10 ms. */
  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    this.settle();
    while (this.now < end) {
      this.now += 10;
      for (const { zab } of this.peers.values()) zab?.tick(this.now);
      this.settle();
    }
  }
}

function pair(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** One message on one line, without what only machines read. */
export function describe(message: ZabMessage): string {
  switch (message.type) {
    case 'NOTIFICATION': {
      const { vote } = message;
      const said =
        vote === undefined
          ? 'no vote'
          : `${vote.leader} epoch ${vote.epoch} zxid ${mark(vote.zxid)}`;
      return `NOTIFICATION ${message.state}, votes ${said}`;
    }
    case 'FOLLOWERINFO':
      return `FOLLOWERINFO accepted ${message.acceptedEpoch} current ${message.currentEpoch} last ${mark(message.lastZxid)}${message.voter ? '' : ', no vote'}`;
    case 'ACKEPOCH':
      return `ACKEPOCH ${message.epoch}${message.counted ? '' : ', not counted'}, current ${message.currentEpoch} last ${mark(message.lastZxid)}`;
    case 'DIFF':
      return `DIFF from ${mark(message.from)}`;
    case 'TRUNC':
      return `TRUNC to ${mark(message.to)}`;
    case 'SNAP':
      return `SNAP at ${mark(message.zxid)}`;
    case 'CHUNK':
      return `CHUNK ${message.sequence}${message.last ? ', the last' : ''}`;
    case 'HISTORY':
    case 'PROPOSAL':
    case 'INFORM':
      return `${message.type} ${message.entries.map(({ zxid, bytes }) => `${mark(zxid)} ${text.decode(bytes)}`).join(', ')}`;
    case 'NEWLEADER':
      return `NEWLEADER ${message.epoch} through ${mark(message.historyZxid)}`;
    case 'ACKNEWLEADER':
      return `ACKNEWLEADER ${message.epoch} through ${mark(message.zxid)}`;
    case 'UPTODATE':
      return `UPTODATE ${message.epoch}, committed ${mark(message.commitZxid)}`;
    case 'ACK':
    case 'COMMIT':
      return `${message.type} ${mark(message.zxid)}`;
    case 'LEADERINFO':
      return `LEADERINFO ${message.epoch}`;
    case 'PING':
    case 'PONG':
      return `${message.type} ${message.nonce}`;
    case 'HANDOVER':
      return `HANDOVER to ${message.successor}`;
    case 'FORGOTTEN':
      return `FORGOTTEN ${message.detail}`;
    case 'HELLO':
      return `HELLO from ${message.id}, ${message.birth.state}`;
    case 'BIRTH':
      return `BIRTH ${message.birth.state}`;
  }
}
