/** One ZAB on a disk of its own; everybody else is made up by the test, message by message. */
import assert from 'node:assert/strict';
import { CHAIN_START } from '../../lib/base/hash.ts';
import { makeZxid, ZERO, type Zxid } from '../../lib/base/zxid.ts';
import { SimDisk } from '../../lib/testing/sim-disk.ts';
import { clusterOf, votersHash } from '../../lib/zab/bootstrap.ts';
import type { Configuration, Member } from '../../lib/zab/configuration.ts';
import { chained, type Entry, type Mark } from '../../lib/zab/log-entry.ts';
import type { Hello, Notification, ZabMessage } from '../../lib/zab/messages.ts';
import { ZAB_DEFAULTS, type ZabOptions } from '../../lib/zab/options.ts';
import type { Epochs, LinkId, Ready, ZabEvent } from '../../lib/zab/ready.ts';
import { Zab } from '../../lib/zab/zab.ts';

/** The store of voter `id`, as the genesis knows it. */
export function storeOf(id: number): string {
  return id.toString(16).padStart(32, '0');
}

export const SPARE: string = 'f'.repeat(32);

/** The start that the ZAB under test is in. */
export const OWN_START = 77;

/** `1.2` of each: epoch 1, counter 2, with that text as its bytes. */
export function log(...names: readonly string[]): Entry[] {
  let previous: Mark = { zxid: ZERO, chain: CHAIN_START };
  return names.map((name) => {
    const entry = entryAfter(previous, name);
    previous = entry;
    return entry;
  });
}

export function entryAfter(previous: Mark, name: string, payload: string = name): Entry {
  const bytes = new TextEncoder().encode(payload);
  return chained(previous, { zxid: at(name), kind: 'transaction', bytes, chain: 0 });
}

/** The zxid that `epoch.counter` means. */
export function at(name: string): Zxid {
  const [epoch = 0, counter = 0] = name.split('.').map(Number);
  return makeZxid(epoch, counter);
}

export interface Before {
  readonly id?: number;
  readonly voters?: readonly Member[];
  readonly entries?: readonly Entry[];
  readonly epochs?: Partial<Epochs>;
  readonly committed?: Zxid;
  readonly options?: Partial<ZabOptions>;
  /** Never written: no birth, no log. */
  readonly virgin?: boolean;
}

export function voters(...ids: readonly number[]): Member[] {
  return ids.map((id) => ({ id, store: storeOf(id), start: 0, weight: 1, group: 0 }));
}

interface Sent {
  readonly link: LinkId;
  readonly message: ZabMessage;
}

export class Lone {
  readonly options: ZabOptions;
  readonly genesis: Configuration;
  readonly disk: SimDisk;
  readonly zab: Zab;
  sent: Sent[] = [];
  closed: { readonly link: LinkId; readonly reason: string }[] = [];
  events: ZabEvent[] = [];
  delivered: Zxid[] = [];
  snapshots: Ready['snapshots'][number][] = [];
  confirmed: number[] = [];
  configure: Configuration | undefined;
  /** While set, the batch in flight stays in flight. */
  slow = false;
  now = 1_000;

  constructor(before: Before = {}) {
    const { id = 2, voters: members = voters(1, 2, 3), entries = log('1.1') } = before;
    this.options = {
      ...ZAB_DEFAULTS,
      id,
      role: 'participant',
      voters: members.map((member) => ({ ...member })),
      spareStore: SPARE,
      ...before.options,
    };
    this.genesis = { version: ZERO, voters: members, origin: { type: 'genesis' } };
    this.disk = new SimDisk(id, storeOf(id));
    if (before.virgin !== true) this.#write(entries, before);
    this.zab = new Zab(this.options, this.disk.open(OWN_START).durable);
    this.tick(0);
  }

  #write(entries: readonly Entry[], before: Before): void {
    const epochs = { accepted: 1, acceptedFrom: '', current: 1, syncing: 0, ...before.epochs };
    const committed = before.committed ?? ZERO;
    const birth = { state: 'born' } as const;
    const { genesis } = this;
    this.disk.begin({ id: 0, log: { id: 0, birth, genesis, entries, epochs, committed } });
    this.disk.complete();
  }

  /** A link on which peer `id` has said HELLO. */
  meet(id: number, link: LinkId = id, hello: Partial<Hello> = {}): void {
    this.zab.linked(link, id > this.options.id ? 'peer' : 'self');
    this.hear(link, this.helloOf(id, hello));
  }

  helloOf(id: number, rest: Partial<Hello> = {}): Hello {
    return {
      type: 'HELLO',
      protocol: { min: 1, max: 1 },
      cluster: clusterOf(this.genesis),
      id,
      store: storeOf(id),
      boot: 1,
      starts: [1],
      role: 'participant',
      votersHash: votersHash(this.options),
      bootstrap: false,
      birth: { state: 'born' },
      ...rest,
    };
  }

  hear(link: LinkId, ...messages: readonly ZabMessage[]): void {
    for (const message of messages) this.zab.step(link, message);
    this.settle();
  }

  tick(milliseconds: number): void {
    this.now += milliseconds;
    this.zab.tick(this.now);
    this.settle();
  }

  /** Lets time pass in steps, so that it is no stall. */
  wait(milliseconds: number, meanwhile: () => void = () => {}): void {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      meanwhile();
      this.tick(Math.min(100, milliseconds - passed));
    }
  }

  settle(): void {
    for (let turns = 0; turns < 100; turns += 1) {
      this.#take(this.zab.ready());
      if (this.disk.writing) {
        if (this.slow) return;
        this.finishWrite();
        continue;
      }
      const batch = this.zab.nextBatch();
      if (batch === undefined) return;
      this.disk.begin({ id: batch.id, log: batch });
    }
    assert.fail('it does not come to rest');
  }

  finishWrite(): void {
    const id = this.disk.inFlight?.id;
    assert(id !== undefined, 'a batch is in flight');
    this.disk.complete();
    this.zab.persisted(id);
  }

  /** What a slow disk has not finished is finished now, and all that follows. */
  hurry(): void {
    this.slow = false;
    this.settle();
  }

  #take(ready: Ready): void {
    for (const { to, message } of ready.send)
      for (const link of to) this.sent.push({ link, message });
    this.closed.push(...ready.close);
    this.events.push(...ready.events);
    this.snapshots.push(...ready.snapshots);
    this.confirmed.push(...ready.confirmed);
    this.delivered.push(...ready.deliver.map(({ zxid }) => zxid));
    this.configure = ready.configure ?? this.configure;
    if (ready.established !== undefined) {
      this.zab.propose('epoch-start', new TextEncoder().encode(`epoch ${ready.established}`));
    }
  }

  propose(payload: string): Entry {
    const entry = this.zab.propose('transaction', new TextEncoder().encode(payload));
    this.settle();
    return entry;
  }

  /** The messages of that type sent on that link, oldest first; they are forgotten. */
  said<Type extends ZabMessage['type']>(
    link: LinkId,
    type: Type,
  ): Extract<ZabMessage, { type: Type }>[] {
    const found: Extract<ZabMessage, { type: Type }>[] = [];
    this.sent = this.sent.filter(({ link: on, message }) => {
      const matches = on === link && isOf(message, type);
      if (matches && isOf(message, type)) found.push(message);
      return !matches;
    });
    return found;
  }

  /** Whether that link was closed, and why. */
  closing(link: LinkId): string | undefined {
    return this.closed.find((close) => close.link === link)?.reason;
  }

  get alarms(): string[] {
    return this.events.flatMap((event) => (event.type === 'alarm' ? [event.detail] : []));
  }

  // ── Phases, as the other side plays them ──────────────────────────────────────────────────────

  says(rest: Partial<Notification>): Notification {
    return { type: 'NOTIFICATION', round: 1, state: 'looking', vote: undefined, ...rest };
  }

  /** Peer `leader` is met and followed, through FOLLOWERINFO. */
  follow(leader: number, link: LinkId = leader, hello: Partial<Hello> = {}): void {
    this.meet(leader, link, hello);
    this.zab.elected(leader);
    this.settle();
    assert.equal(this.said(link, 'FOLLOWERINFO').length, 1);
  }

  /** ... and has got this peer's promise of `epoch`. */
  promise(leader: number, epoch: number, link: LinkId = leader): void {
    this.follow(leader, link);
    this.hear(link, { type: 'LEADERINFO', epoch });
    assert.equal(this.said(link, 'ACKEPOCH').length, 1);
  }

  /** ... and serves it, with nothing to synchronize. */
  serve(leader: number, epoch: number, end: Mark, link: LinkId = leader): void {
    this.promise(leader, epoch, link);
    this.hear(link, { type: 'DIFF', epoch, from: end.zxid, chain: end.chain });
    this.hear(link, newLeader(epoch, end));
    this.hear(link, { type: 'UPTODATE', epoch, commitZxid: end.zxid });
    assert(this.zab.serving, 'it serves');
  }

  /** This peer leads, and `peer` presents itself. */
  present(peer: number, rest: Partial<Extract<ZabMessage, { type: 'FOLLOWERINFO' }>> = {}): void {
    this.hear(peer, {
      type: 'FOLLOWERINFO',
      acceptedEpoch: 1,
      acceptedFrom: '',
      currentEpoch: 1,
      lastZxid: at('1.1'),
      configuration: ZERO,
      voter: true,
      ...rest,
    });
  }

  promised(peer: number, rest: Partial<Extract<ZabMessage, { type: 'ACKEPOCH' }>> = {}): void {
    const [invitation] = this.said(peer, 'LEADERINFO');
    assert(invitation !== undefined, `peer ${peer} is invited`);
    const mark = log('1.1')[0];
    this.hear(peer, {
      type: 'ACKEPOCH',
      epoch: invitation.epoch,
      counted: true,
      currentEpoch: 1,
      lastZxid: mark?.zxid ?? ZERO,
      lastChain: mark?.chain ?? 0,
      appliedZxid: ZERO,
      empty: false,
      ...rest,
    });
  }

  /** `peer` acknowledges the NEWLEADER that it was sent. */
  synced(peer: number): void {
    const [message] = this.said(peer, 'NEWLEADER');
    assert(message !== undefined, `peer ${peer} was sent NEWLEADER`);
    const { epoch, historyZxid: zxid, historyChain: chain } = message;
    this.hear(peer, { type: 'ACKNEWLEADER', epoch, zxid, chain });
  }

  /** This peer leads, established with these followers, with EPOCH_START committed. */
  lead(...followers: readonly number[]): void {
    for (const peer of followers) this.meet(peer);
    this.zab.elected(this.options.id);
    this.settle();
    for (const peer of followers) this.present(peer);
    for (const peer of followers) this.promised(peer);
    for (const peer of followers) this.synced(peer);
    assert(this.zab.established, 'it is established');
    for (const peer of followers) this.acks(peer);
    assert(this.zab.broadcasting, 'it broadcasts');
  }

  /** `peer` acknowledges all that was proposed. */
  acks(peer: number, zxid: Zxid = this.zab.lastZxid): void {
    this.hear(peer, { type: 'ACK', epoch: this.zab.epoch, zxid });
  }

  /** `peer` answers the last PING. */
  pongs(peer: number): void {
    const ping = this.said(peer, 'PING').at(-1);
    if (ping !== undefined) this.hear(peer, { ...ping, type: 'PONG' });
  }
}

export function newLeader(epoch: number, end: Mark): ZabMessage {
  return { type: 'NEWLEADER', epoch, historyZxid: end.zxid, historyChain: end.chain };
}

function isOf<Type extends ZabMessage['type']>(
  message: ZabMessage,
  type: Type,
): message is Extract<ZabMessage, { type: Type }> {
  return message.type === type;
}
