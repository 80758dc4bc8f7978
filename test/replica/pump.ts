/**
 * A few replicas in one process, wired by hand: links are queues, disks are objects, time moves only
 * when a test says so. Messages and batches pass through their real codecs.
 */
import assert from 'node:assert/strict';
import { ZERO } from '../../lib/base/zxid.ts';
import { REPLICA_DEFAULTS, type ReplicaOptions } from '../../lib/replica/options.ts';
import type { ReadOperation, ReadOptions, ReadResult } from '../../lib/replica/read.ts';
import type { Delivery, PeerMessage, ReplicaEvent } from '../../lib/replica/ready.ts';
import { Replica } from '../../lib/replica/replica.ts';
import type { SessionHandle } from '../../lib/replica/session-handle.ts';
import { started } from '../../lib/storage/starts.ts';
import { newMeta } from '../../lib/storage/store-state.ts';
import type { Operation } from '../../lib/tree/request.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import { StateMachine } from '../../lib/tree/state-machine.ts';
import { decodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { decodeFrame, encodeMessage, packFrames } from '../../lib/wire/frames.ts';
import type { StoreBatch } from '../../lib/wire/store-batch.ts';
import type { Entry } from '../../lib/zab/log-entry.ts';
import { ZAB_DEFAULTS, type ZabOptions } from '../../lib/zab/options.ts';
import type { Base, Batch, Durable } from '../../lib/zab/ready.ts';
import { StoredLog } from '../../lib/zab/stored-log.ts';
import { unborn } from '../unborn.ts';

const STEP = 10;

/** Of all disks: each start has a number of its own. */
let openings = 0;

/** What a disk keeps over a crash. */
export class Disk {
  readonly #id: number;
  #durable: Durable;
  /** Promises were written since it was opened. */
  #promised = true;
  #checkpoint: readonly Uint8Array[] = [];
  #staged: Uint8Array[] = [];
  #making: Uint8Array[] = [];

  /** @param copy which of the peer's stores: another one has another id. */
  constructor(id: number, copy = 0) {
    this.#id = id;
    const store = (copy * 256 + id).toString(16).padStart(32, '0');
    this.#durable = { ...unborn(id), store, boot: 0, starts: [] };
  }

  /** As it is now. */
  copy(): Disk {
    const copy = new Disk(this.#id);
    copy.#promised = this.#promised;
    copy.#durable = this.#durable;
    copy.#checkpoint = this.#checkpoint;
    return copy;
  }

  open(): { readonly durable: Durable; readonly machine: StateMachine } {
    openings += 1;
    const { store, entries } = this.#durable;
    const before = { ...newMeta(this.#id, store), ...this.#durable, promised: this.#promised };
    const { boot, starts } = started(before, openings, entries.configurations);
    this.#promised = false;
    this.#durable = { ...this.#durable, boot, starts };
    return { durable: this.#durable, machine: this.#restored() };
  }

  #restored(): StateMachine {
    if (this.#checkpoint.length === 0) return new StateMachine();
    const restorer = new Restorer();
    for (const [at, chunk] of this.#checkpoint.entries())
      restorer.add(decodeCheckpointPart(chunk, at));
    return restorer.finish();
  }

  /** Where its log begins. */
  get base(): bigint | undefined {
    return this.#durable.base?.zxid;
  }

  write({ log, checkpoint }: StoreBatch): void {
    if (log !== undefined) this.#writeLog(log);
    if (checkpoint === undefined) return;
    if (checkpoint.first) this.#making = [];
    this.#making.push(...checkpoint.chunks);
    const { complete, zxid } = checkpoint;
    if (complete === undefined) return;
    this.#checkpoint = this.#making;
    const left = [...this.#durable.entries].filter((entry) => entry.zxid > complete.zxid);
    const entries = StoredLog.of(left);
    this.#durable = { ...this.#durable, base: complete, entries, applied: zxid };
  }

  #writeLog(batch: Batch): void {
    const { renew, birth, genesis, truncate, stage, install, epochs } = batch;
    const now = this.#durable;
    let { base, applied } = now as { base: Base | undefined; applied: Durable['applied'] };
    let entries: readonly Entry[] = [...now.entries];
    if (genesis !== undefined) base = { zxid: ZERO, chain: 0, configuration: genesis };
    if (truncate !== undefined) entries = entries.filter(({ zxid }) => zxid <= truncate);
    if (stage !== undefined) this.#staged = [...(stage.first ? [] : this.#staged), ...stage.chunks];
    if (install !== undefined) {
      this.#checkpoint = this.#staged;
      base = install;
      entries = [];
      applied = install.zxid;
    }
    if (epochs !== undefined) this.#promised = true;
    let { committed } = now;
    if (batch.committed > committed) committed = batch.committed;
    this.#durable = {
      ...now,
      store: renew ?? now.store,
      birth: birth ?? now.birth,
      genesis: genesis ?? now.genesis,
      base,
      entries: StoredLog.of([...entries, ...batch.entries]),
      epochs: epochs ?? now.epochs,
      applied,
      committed,
    };
  }
}

interface Wire {
  readonly a: number;
  readonly b: number;
  readonly link: number;
}

interface Running {
  readonly replica: Replica;
  readonly disk: Disk;
  batch: StoreBatch | undefined;
  told: Delivery[];
  events: ReplicaEvent[];
  inbox: { readonly link: number; readonly frame: Uint8Array }[];
}

export interface ClusterOptions {
  readonly size?: number;
  /** How many of them, the last ones, are observers. @default 0 */
  readonly observers?: number;
  readonly replica?: Partial<ReplicaOptions>;
  readonly zab?: Partial<ZabOptions>;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #ids: readonly number[];
  readonly #disks = new Map<number, Disk>();
  readonly #running = new Map<number, Running>();
  #wires: Wire[] = [];
  readonly #cut = new Set<string>();
  #lastLink = 0;
  /** Both clocks, ms. */
  now = 1_000;
  /** Peers whose disk does not answer. */
  readonly slowDisks: Set<number> = new Set();

  constructor(options: ClusterOptions = {}) {
    this.#options = options;
    this.#ids = Array.from({ length: options.size ?? 3 }, (_, at) => at + 1);
    for (const id of this.#ids) this.start(id);
  }

  peer(id: number): Replica {
    const running = this.#running.get(id);
    assert.ok(running, `peer ${id} runs`);
    return running.replica;
  }

  #isVoter(id: number): boolean {
    return id <= this.#ids.length - (this.#options.observers ?? 0);
  }

  /** Gives a peer that does not run another disk: a fresh one, or the copy of an old one. */
  replaceDisk(id: number, disk: Disk = new Disk(id, this.now)): void {
    assert.ok(!this.#running.has(id), `peer ${id} does not run`);
    this.#disks.set(id, disk);
  }

  disk(id: number): Disk {
    const disk = this.#disks.get(id);
    assert.ok(disk, `peer ${id} has a disk`);
    return disk;
  }

  /** @param replica what this peer is told otherwise than the others. */
  start(id: number, replica: Partial<ReplicaOptions> = {}): void {
    const disk = this.#disks.get(id) ?? new Disk(id);
    this.#disks.set(id, disk);
    const { durable, machine } = disk.open();
    const zab: ZabOptions = {
      ...ZAB_DEFAULTS,
      id,
      role: this.#isVoter(id) ? 'participant' : 'observer',
      voters: this.#ids
        .filter((voter) => this.#isVoter(voter))
        .map((voter) => ({ id: voter, weight: 1, group: 0 })),
      spareStore: (0x1_0000_0000 * this.now + id).toString(16).padStart(32, 'f'),
      ...this.#options.zab,
    };
    const options = { ...REPLICA_DEFAULTS, ...this.#options.replica, ...replica, zab };
    const peer = new Replica(options, durable, machine);
    this.#running.set(id, {
      replica: peer,
      disk,
      batch: undefined,
      told: [],
      events: [],
      inbox: [],
    });
    peer.tick(this.now, this.now);
    this.#connectAll();
  }

  /** Loses what was not synced. */
  crash(id: number): void {
    this.#running.delete(id);
    for (const wire of this.#wires.filter(({ a, b }) => a === id || b === id))
      this.#disconnect(wire);
  }

  /** No link between the two until `heal`. */
  cut(a: number, b: number): void {
    this.#cut.add(`${Math.min(a, b)}-${Math.max(a, b)}`);
    for (const wire of this.#wires.filter(
      (w) => (w.a === a && w.b === b) || (w.a === b && w.b === a),
    ))
      this.#disconnect(wire);
  }

  isolate(id: number): void {
    for (const other of this.#ids) if (other !== id) this.cut(id, other);
  }

  heal(): void {
    this.#cut.clear();
    this.#connectAll();
  }

  #connectAll(): void {
    for (const a of this.#ids) {
      for (const b of this.#ids) {
        if (a >= b || !this.#running.has(a) || !this.#running.has(b) || this.#cut.has(`${a}-${b}`))
          continue;
        if (this.#wires.some((wire) => wire.a === a && wire.b === b)) continue;
        this.#lastLink += 1;
        const wire = { a, b, link: this.#lastLink };
        this.#wires.push(wire);
        this.peer(a).linked(wire.link, 'peer', `10.0.0.${b}`);
        this.peer(b).linked(wire.link, 'self', `10.0.0.${a}`);
      }
    }
  }

  #disconnect(wire: Wire): void {
    if (!this.#wires.includes(wire)) return;
    this.#wires = this.#wires.filter((other) => other !== wire);
    for (const id of [wire.a, wire.b]) {
      const running = this.#running.get(id);
      if (running === undefined) continue;
      running.inbox = running.inbox.filter(({ link }) => link !== wire.link);
      running.replica.unlinked(wire.link);
    }
  }

  /** One turn of every peer. */
  step(ms: number = STEP): void {
    this.now += ms;
    this.#connectAll();
    for (const running of [...this.#running.values()]) {
      running.replica.tick(this.now, this.now);
      if (running.batch !== undefined && !this.slowDisks.has(this.#idOf(running))) {
        running.disk.write(running.batch);
        running.replica.persisted(running.batch.id);
        running.batch = undefined;
      }
      const { inbox } = running;
      running.inbox = [];
      for (const { link, frame } of inbox) running.replica.receive(link, decodeFrame(frame));
      this.#realise(running);
    }
  }

  #idOf(running: Running): number {
    for (const [id, other] of this.#running) if (other === running) return id;
    return 0;
  }

  #realise(running: Running): void {
    const { deliveries, send, close, events } = running.replica.ready();
    running.told.push(...deliveries);
    running.events.push(...events);
    const id = this.#idOf(running);
    const out = new Map<number, Uint8Array[]>();
    for (const { to, message } of send) {
      const bytes = encodeMessage(message);
      for (const link of to) out.set(link, [...(out.get(link) ?? []), bytes]);
    }
    for (const [link, messages] of out) {
      const wire = this.#wires.find((other) => other.link === link);
      const target = wire && this.#running.get(wire.a === id ? wire.b : wire.a);
      for (const frame of packFrames(messages)) target?.inbox.push({ link, frame });
    }
    for (const { link } of close) {
      const wire = this.#wires.find((other) => other.link === link);
      if (wire !== undefined) this.#disconnect(wire);
    }
    running.batch ??= running.replica.nextBatch();
  }

  /** Puts a message on a peer's table as if it came over the link from another. */
  inject(from: number, to: number, message: PeerMessage): void {
    const wire = this.#wires.find(
      ({ a, b }) => (a === from && b === to) || (a === to && b === from),
    );
    assert.ok(wire, `peers ${from} and ${to} are linked`);
    this.#running.get(to)?.inbox.push({ link: wire.link, frame: packOne(message) });
  }

  /** Lets time pass until the condition holds. */
  until(what: string, condition: () => boolean, ms = 30_000): void {
    for (const end = this.now + ms; !condition(); ) {
      assert.ok(this.now < end, `within ${ms} ms: ${what}`);
      this.step();
    }
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) this.step();
  }

  /** The serving leader's id; waits for one that all running peers follow. */
  settle(): number {
    const all = (): Replica[] => [...this.#running.values()].map(({ replica }) => replica);
    this.until('a leader that all follow', () => all().every((replica) => replica.status.serving));
    const [first] = all();
    return first?.status.leader ?? 0;
  }

  follower(): number {
    const leader = this.settle();
    return this.#ids.find((id) => id !== leader && this.#running.has(id)) ?? 0;
  }

  open(id: number, timeout = 6_000): SessionHandle {
    const session = this.peer(id).sessions.open({ timeout });
    this.until('the session is connected', () => session.state === 'connected');
    return session;
  }

  /** Everything a peer's sessions were told so far. */
  told(id: number): readonly Delivery[] {
    return this.#running.get(id)?.told ?? [];
  }

  events(id: number): readonly ReplicaEvent[] {
    return this.#running.get(id)?.events ?? [];
  }

  reply(id: number, ticket: number): Extract<Delivery, { type: 'reply' }> | undefined {
    const found = this.told(id).find((each) => each.type === 'reply' && each.ticket === ticket);
    return found?.type === 'reply' ? found : undefined;
  }

  /** Submits and waits for the reply. */
  ask(
    id: number,
    session: SessionHandle,
    operation: Operation,
  ): Extract<Delivery, { type: 'reply' }> {
    const ticket = this.peer(id).sessions.submit(session, operation);
    assert.ok(typeof ticket === 'number', `taken: ${ticket}`);
    this.until('the reply', () => this.reply(id, ticket) !== undefined);
    const reply = this.reply(id, ticket);
    assert.ok(reply);
    return reply;
  }

  read(
    id: number,
    session: SessionHandle,
    operation: ReadOperation,
    options?: ReadOptions,
  ): ReadResult {
    const result = this.peer(id).sessions.read(session, operation, options);
    if (typeof result !== 'number') return result;
    const find = (): Delivery | undefined =>
      this.told(id).find((each) => each.type === 'read' && each.ticket === result);
    this.until('the read', () => find() !== undefined);
    const found = find();
    assert.ok(found?.type === 'read');
    return found.result;
  }
}

function packOne(message: PeerMessage): Uint8Array {
  const [frame] = packFrames([encodeMessage(message)]);
  assert.ok(frame);
  return frame;
}

const ANYONE = [{ scheme: 'world', id: 'anyone', permissions: 31 }];

export function create(
  path: string,
  text = '',
  mode: 'persistent' | 'ephemeral' | 'persistent-sequential' = 'persistent',
): Operation {
  const data = new TextEncoder().encode(text);
  return { type: 'create', path, data, acl: ANYONE, mode, ttl: 0, parents: false };
}

export function set(path: string, text: string): Operation {
  return { type: 'set', path, data: new TextEncoder().encode(text), version: -1 };
}

export function textOf(result: ReadResult): string {
  return result.type === 'get' ? new TextDecoder().decode(result.data) : result.type;
}
