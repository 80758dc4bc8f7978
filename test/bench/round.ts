/**
 * The round of a write and nothing around it: prepared, encoded and proposed by the leader, appended
 * and acknowledged by both followers, committed and applied on all three; every message through the
 * real codec, in memory, one thread. Sessions' queues, replies and disks are in core.ts.
 */
import { Prep } from '../../lib/tree/prep.ts';
import type { Operation } from '../../lib/tree/request.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import { decodeFrame, encodeMessage, packFrames } from '../../lib/wire/frames.ts';
import { decodeTxn, encodeTxn } from '../../lib/wire/txn.ts';
import type { ZabMessage } from '../../lib/zab/messages.ts';
import { ZAB_DEFAULTS } from '../../lib/zab/options.ts';
import type { LinkId } from '../../lib/zab/ready.ts';
import { Zab } from '../../lib/zab/zab.ts';
import { unborn } from '../unborn.ts';
import { cpuSeconds, report } from './measure.ts';

const IDS = [1, 2, 3];
const NODES = 1000;
const DATA = new Uint8Array(100).fill(0x61);
const ACL = [{ scheme: 'world', id: 'anyone', permissions: 31 }];

class RoundPeer {
  readonly zab: Zab;
  readonly machine: StateMachine = new StateMachine();
  readonly owner: { readonly peer: number; readonly store: string; readonly boot: number };
  readonly prep: Prep;
  /** The other end of each link. */
  readonly links: Map<LinkId, { readonly peer: RoundPeer; readonly link: LinkId }> = new Map();
  #inbox: { readonly link: LinkId; readonly frame: Uint8Array }[] = [];

  constructor(id: number) {
    const voters = IDS.map((voter) => ({ id: voter, weight: 1, group: 0 }));
    const spareStore = 'f'.repeat(32);
    const durable = unborn(id);
    this.zab = new Zab({ ...ZAB_DEFAULTS, id, role: 'participant', voters, spareStore }, durable);
    this.owner = { peer: id, store: durable.store, boot: 1 };
    this.prep = new Prep(this.machine, { owner: this.owner });
  }

  /** What came, and all that follows from it; true if anything did. */
  turn(now: number): boolean {
    this.zab.tick(now);
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { link, frame } of inbox) {
      for (const message of decodeFrame(frame)) this.zab.step(link, message as ZabMessage);
    }
    this.#realise();
    for (let batch = this.zab.nextBatch(); batch !== undefined; batch = this.zab.nextBatch()) {
      this.zab.persisted(batch.id);
      this.#realise();
    }
    return inbox.length > 0;
  }

  #realise(): void {
    const ready = this.zab.ready();
    for (const { zxid, kind, bytes } of ready.deliver) {
      if (kind === 'configuration') this.machine.skip(zxid);
      else this.machine.apply(zxid, decodeTxn(bytes));
      this.prep.applied(zxid);
    }
    const outgoing = new Map<LinkId, Uint8Array[]>();
    for (const { to, message } of ready.send) {
      const bytes = encodeMessage(message);
      for (const link of to) outgoing.set(link, [...(outgoing.get(link) ?? []), bytes]);
    }
    for (const [link, messages] of outgoing) {
      const other = this.links.get(link);
      if (other === undefined) continue;
      for (const frame of packFrames(messages)) {
        other.peer.#inbox.push({ link: other.link, frame });
      }
    }
    if (ready.established === undefined) return;
    const txn = this.prep.epochStart(ready.established, this.owner.peer, 1, 1);
    this.zab.propose('epoch-start', encodeTxn(txn));
    this.#realise();
  }

  ask(session: bigint, cxid: number, operation: Operation): bigint {
    const zxid = this.zab.nextZxid;
    const request = { session, cxid, resolved: cxid - 1, owner: this.owner, operation };
    const verdict = this.prep.prepare(request, zxid, cxid);
    if (verdict.type !== 'txn') throw new Error(verdict.type);
    this.zab.propose('transaction', encodeTxn(verdict.txn));
    return zxid;
  }
}

class Round {
  readonly peers: readonly RoundPeer[] = IDS.map((id) => new RoundPeer(id));
  readonly leader: RoundPeer;
  readonly session: bigint;
  #now = 1;
  #cxid = 0;

  constructor() {
    let link = 0;
    for (const one of this.peers) {
      for (const other of this.peers) {
        if (one.owner.peer <= other.owner.peer) continue;
        link += 2;
        one.links.set(link, { peer: other, link: link + 1 });
        other.links.set(link + 1, { peer: one, link });
        one.zab.linked(link, 'self');
        other.zab.linked(link + 1, 'peer');
      }
    }
    while (!this.peers.every(({ zab }) => zab.serving)) this.settle(10);
    const leader = this.peers.find(({ zab }) => zab.broadcasting);
    if (leader === undefined) throw new Error('a group that serves has a leader');
    this.leader = leader;
    const born = { type: 'create-session', kind: 'peer', timeout: 6000, address: '' } as const;
    this.session = leader.ask(0n, 1, { ...born, password: new Uint8Array() });
    this.settle(1);
    for (let node = 0; node < NODES; node += 1) {
      const plain = { mode: 'persistent', ttl: 0, parents: false } as const;
      this.#ask({ type: 'create', path: `/node-${node}`, data: DATA, acl: ACL, ...plain });
      this.settle(0.1);
    }
  }

  /** Lets time pass, then turns of everybody until nobody has anything to read. */
  settle(milliseconds: number): void {
    this.#now += milliseconds;
    for (let busy = true; busy; ) {
      busy = false;
      for (const peer of this.peers) busy = peer.turn(this.#now) || busy;
    }
  }

  write(writes: number, batch: number): void {
    for (let done = 0; done < writes; done += batch) {
      for (let count = 0; count < batch; count += 1) {
        const path = `/node-${(done + count) % NODES}`;
        this.#ask({ type: 'set', path, data: DATA, version: -1 });
      }
      this.settle(0.25);
      if (done % 6400 === 0) for (const { zab } of this.peers) zab.trim(zab.applied);
    }
  }

  #ask(operation: Operation): void {
    this.#cxid += 1;
    this.leader.ask(this.session, this.#cxid, operation);
  }

  check(): void {
    const [hash, ...others] = this.peers.map(({ machine }) => machine.hash());
    if (others.some((other) => other !== hash)) throw new Error('the trees differ');
  }
}

export function round(): void {
  const group = new Round();
  const writes = 128_000;
  const clock: number[] = [];
  const processor: number[] = [];
  for (let turn = -2; turn < 9; turn += 1) {
    const begun = performance.now();
    const cpu = cpuSeconds();
    group.write(writes, 64);
    if (turn < 0) continue;
    clock.push((1000 * writes) / (performance.now() - begun));
    processor.push((1e6 * (cpuSeconds() - cpu)) / writes);
  }
  group.check();
  report({ name: 'the round alone, 64 at a time (>= 150,000)', unit: '/s', rounds: clock });
  report({ name: '  processor time, all peers (<= 6.6)', unit: 'us', rounds: processor });
}
