/** The round of "am I still the leader?" (step 27), where one late PONG would make a deposed leader serve a stale read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimDisk } from '../../lib/testing/sim-disk.ts';
import type { ZabMessage } from '../../lib/zab/messages.ts';
import { ZAB_DEFAULTS } from '../../lib/zab/options.ts';
import { Zab } from '../../lib/zab/zab.ts';

interface Member {
  readonly id: number;
  readonly zab: Zab;
  readonly disk: SimDisk;
  /** Tokens of the rounds that were confirmed. */
  readonly confirmed: number[];
}

const IDS = [1, 2, 3];
const storeOf = (id: number): string => id.toString(16).padStart(32, '0');
/** Between each two there is one link; both ends call it the same. */
const linkOf = (one: number, two: number): number => 10 * Math.min(one, two) + Math.max(one, two);

/** Three voters whose messages can be kept on their way, one direction at a time. */
class Trio {
  readonly members: readonly Member[];
  /** What is under way, by `from>to`. */
  readonly #flying = new Map<string, ZabMessage[]>();
  readonly #held = new Set<string>();
  /** Ends that have seen their link go, by `end>other`. */
  readonly #gone = new Set<string>();
  #now = 1_000;

  constructor() {
    const voters = IDS.map((id) => ({ id, weight: 1, group: 0 }));
    this.members = IDS.map((id) => {
      const disk = new SimDisk(id, storeOf(id));
      const options = { ...ZAB_DEFAULTS, id, role: 'participant', voters } as const;
      const zab = new Zab({ ...options, spareStore: storeOf(100 + id) }, disk.open(1).durable);
      return { id, zab, disk, confirmed: [] };
    });
    for (const { zab } of this.members) zab.tick(this.#now);
    for (const [one, two] of [
      [1, 2],
      [1, 3],
      [2, 3],
    ] as const) {
      this.at(one).linked(linkOf(one, two), 'peer');
      this.at(two).linked(linkOf(one, two), 'self');
    }
    this.run(1_000);
  }

  member(id: number): Member {
    const found = this.members.find((member) => member.id === id);
    assert(found !== undefined);
    return found;
  }

  at(id: number): Zab {
    return this.member(id).zab;
  }

  /** What is sent from one to another stays under way. */
  hold(from: number, to: number): void {
    this.#held.add(`${from}>${to}`);
  }

  /** The messages that are under way. */
  underWay(from: number, to: number): readonly ZabMessage[] {
    return this.#flying.get(`${from}>${to}`) ?? [];
  }

  get now(): number {
    return this.#now;
  }

  /** What was kept arrives, and nobody has a turn yet. */
  deliver(from: number, to: number): void {
    const messages = this.underWay(from, to);
    this.#flying.set(`${from}>${to}`, []);
    for (const message of messages) this.at(to).step(linkOf(from, to), message);
  }

  /** All that was kept arrives. */
  release(from: number, to: number): void {
    this.#held.delete(`${from}>${to}`);
    this.settle();
  }

  /** This end alone learns that the link is gone; what it sent before is still under way. */
  breakAt(end: number, other: number): void {
    this.#gone.add(`${end}>${other}`);
    this.at(end).unlinked(linkOf(end, other));
  }

  run(milliseconds: number): void {
    for (const end = this.#now + milliseconds; this.#now < end; this.#now += 10) {
      for (const { zab } of this.members) zab.tick(this.#now);
      this.settle();
    }
  }

  settle(): void {
    for (let moves = 0; moves < 10_000; moves += 1) {
      const turned = this.members.map((member) => this.#turn(member)).includes(true);
      if (!this.#deliver() && !turned) return;
    }
    assert.fail('the conversation does not come to an end');
  }

  #turn({ id, zab, disk, confirmed }: Member): boolean {
    const ready = zab.ready();
    confirmed.push(...ready.confirmed);
    for (const { to, message } of ready.send) for (const link of to) this.#send(id, link, message);
    for (const { link } of ready.close)
      this.#gone.add(`${id}>${IDS.find((other) => other !== id && linkOf(id, other) === link)}`);
    if (ready.established !== undefined) zab.propose('epoch-start', new Uint8Array(1));
    const batch = zab.nextBatch();
    if (batch !== undefined) {
      disk.begin({ id: batch.id, log: batch });
      disk.complete();
      zab.persisted(batch.id);
    }
    return batch !== undefined || ready.send.length > 0 || ready.established !== undefined;
  }

  #send(from: number, link: number, message: ZabMessage): void {
    const to = IDS.find((other) => other !== from && linkOf(from, other) === link);
    if (this.#gone.has(`${from}>${to}`)) return;
    const key = `${from}>${to}`;
    this.#flying.set(key, [...(this.#flying.get(key) ?? []), message]);
  }

  #deliver(): boolean {
    let moved = false;
    for (const [key, messages] of this.#flying) {
      if (this.#held.has(key) || messages.length === 0) continue;
      this.#flying.set(key, []);
      const [from, to] = key.split('>').map(Number) as [number, number];
      moved = true;
      if (this.#gone.has(`${to}>${from}`)) continue;
      for (const message of messages) this.at(to).step(linkOf(from, to), message);
    }
    return moved;
  }
}

/**
 * 3 leads; 1 answers a PING of 3, and its PONG is long under way. Meanwhile 1 and 2 have left 3, 2 leads
 * them, and has committed something that 3 does not know.
 */
function deposed(): Trio {
  const trio = new Trio();
  assert.equal(trio.at(3).broadcasting, true, 'the greatest id leads');
  assert.deepEqual([trio.at(1).serving, trio.at(2).serving], [true, true]);
  trio.hold(1, 3);
  trio.run(300);
  assert.ok(
    trio.underWay(1, 3).some(({ type }) => type === 'PONG'),
    'a PONG is under way',
  );
  trio.breakAt(2, 3);
  trio.breakAt(3, 2);
  trio.breakAt(1, 3);
  trio.run(500);
  assert.equal(trio.at(2).broadcasting, true, '2 leads 1');
  trio.at(2).propose('transaction', new Uint8Array(4));
  trio.settle();
  assert.ok(trio.at(1).applied > trio.at(3).committed, 'something is applied that 3 does not know');
  assert.equal(trio.at(3).broadcasting, true, '3 does not know that its time is over');
  return trio;
}

test('a PONG to an earlier PING does not confirm a round that began after it was sent', () => {
  const trio = deposed();
  assert.equal(trio.at(3).confirm(7), true, 'a read at 3 asks for a round');
  trio.settle();
  trio.release(1, 3);
  assert.deepEqual(trio.underWay(1, 3), [], 'the late PONG has arrived');
  assert.deepEqual(trio.member(3).confirmed, [], 'the read is not served');
});

test('a round that a quorum answers is confirmed, once', () => {
  const trio = new Trio();
  assert.equal(trio.at(3).confirm(7), true);
  trio.run(600);
  assert.deepEqual(trio.member(3).confirmed, [7]);
});

test('a deposed leader that nobody answers steps down, and confirms nothing', () => {
  const trio = deposed();
  assert.equal(trio.at(3).confirm(7), true);
  trio.run(ZAB_DEFAULTS.syncTimeout + 2 * ZAB_DEFAULTS.heartbeat);
  assert.equal(trio.at(3).role, 'looking');
  assert.equal(trio.at(3).confirm(8), false);
  assert.deepEqual(trio.member(3).confirmed, []);
});

/** Two turns of 3 alone, between which it stood still, and what the others say meanwhile waits for it. */
function stalled(trio: Trio, milliseconds: number): void {
  trio.hold(1, 3);
  trio.hold(2, 3);
  trio.at(3).propose('transaction', new Uint8Array(4));
  trio.run(20);
  const types = [1, 2].flatMap((id) => trio.underWay(id, 3).map(({ type }) => type));
  assert.ok(types.includes('ACK'), 'acknowledgements wait for it');
  trio.at(3).tick(trio.now + milliseconds);
}

test('a leader that stood still for long commits nothing before a quorum has confirmed it again', () => {
  const trio = new Trio();
  stalled(trio, ZAB_DEFAULTS.syncTimeout + 2 * ZAB_DEFAULTS.heartbeat);
  const { committed } = trio.at(3);
  trio.deliver(1, 3);
  trio.deliver(2, 3);
  assert.equal(trio.at(3).committed, committed, 'what was acknowledged meanwhile has to wait');
  trio.release(1, 3);
  trio.release(2, 3);
  assert.ok(trio.at(3).committed > committed, 'a round has confirmed it');
  assert.equal(trio.at(3).role, 'leading');
});

test('a leader that stood still for a moment goes on as if nothing had happened', () => {
  const trio = new Trio();
  stalled(trio, ZAB_DEFAULTS.syncTimeout / 2);
  const { committed } = trio.at(3);
  trio.deliver(1, 3);
  assert.ok(trio.at(3).committed > committed);
});

test('a follower that stood still hears its leader before it judges it', () => {
  const trio = new Trio();
  trio.hold(3, 1);
  trio.run(ZAB_DEFAULTS.syncTimeout - 2 * ZAB_DEFAULTS.heartbeat);
  assert.equal(trio.at(1).serving, true);
  trio.at(1).tick(trio.now + 10_000);
  assert.equal(trio.at(1).serving, true, 'what the leader said lies in the socket');
  trio.deliver(3, 1);
  trio.at(1).tick(trio.now + 10_010);
  assert.equal(trio.at(1).serving, true);
});
