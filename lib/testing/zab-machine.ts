/**
 * ZAB with the thinnest possible state above it: the chain of what was applied. Fast, and enough to
 * attack the protocol; sessions and trees have a machine of their own.
 */
import { assert } from '../base/assert.ts';
import { CHAIN_START } from '../base/hash.ts';
import type { Meter } from '../base/meter.ts';
import { ZERO, type Zxid } from '../base/zxid.ts';
import { encodeConfiguration } from '../wire/configuration.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { Configuration } from '../zab/configuration.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import type { ZabMessage } from '../zab/messages.ts';
import { ZAB_DEFAULTS, type ZabOptions } from '../zab/options.ts';
import type { Base, LinkId, Ready } from '../zab/ready.ts';
import { Zab } from '../zab/zab.ts';
import type { Machine, MachineReady, MachineView, PeerMessage } from './machine.ts';
import { Prng } from './prng.ts';
import type { OpenedDisk } from './sim-disk.ts';
import type { SimPeer } from './sim-peer.ts';
import { STREAM, type Swarm } from './swarm.ts';
import type { MachineFactory } from './world.ts';

/** The applied state, as a SNAP carries it. */
interface State {
  readonly zxid: Zxid;
  readonly chain: number;
}

const EMPTY: State = { zxid: ZERO, chain: CHAIN_START };

function save(state: State, parts: number): Uint8Array[] {
  const bytes = new TextEncoder().encode(`${state.zxid} ${state.chain}`.padEnd(48));
  const size = Math.ceil(bytes.length / parts);
  return Array.from({ length: parts }, (_, part) => bytes.slice(part * size, (part + 1) * size));
}

function load(chunks: readonly Uint8Array[]): State {
  const text = chunks.map((chunk) => new TextDecoder().decode(chunk)).join('');
  const [zxid = '0', chain = '0'] = text.trim().split(' ');
  return { zxid: BigInt(zxid) as Zxid, chain: Number(chain) };
}

const BATCH_BYTES_LEAST = 4_096;

/** The options of one life of a peer. */
export function zabOptions(swarm: Swarm, peer: SimPeer): ZabOptions {
  const { timers, voters, counterMax, syncBufferBytes, groupBytes, lagMax } = swarm;
  const { heldBytesMax, network, deliverBytesMax } = swarm;
  return {
    id: peer.id,
    role: peer.observer ? 'observer' : 'participant',
    voters,
    bootstrap: swarm.bootstrap,
    ...timers,
    counterMax,
    syncBufferBytes,
    // Few are enough to be sealed now and then; with none at all a slow disk would never catch up.
    batchBytesMax: Math.max(syncBufferBytes, BATCH_BYTES_LEAST),
    groupBytes: Math.min(groupBytes, network.queueBytes / 8),
    deliverBytesMax,
    lagMax,
    linkBacklogMax: network.queueBytes / 8,
    heldBytesMax,
    writeQueueBytesMax: ZAB_DEFAULTS.writeQueueBytesMax,
    snapshotsMax: 2,
    spareStore: new Prng(swarm.seed, STREAM.store, peer.place, peer.life, 1).hex(32),
  };
}

/** The marks of a ZAB machine. */
export function zabView(zab: Zab): MachineView {
  return {
    role: zab.role,
    phase: zab.phase,
    epoch: zab.epoch,
    leader: zab.leader,
    established: zab.established,
    broadcasting: zab.broadcasting,
    lastZxid: zab.lastZxid,
    durable: zab.durableZxid,
    committed: zab.committed,
    applied: zab.applied,
    configuration: zab.configuration,
  };
}

/** A machine for every peer of a run. */
export function zabFactory(swarm: Swarm): MachineFactory {
  return (opened, peer) => new ZabMachine(zabOptions(swarm, peer), opened, swarm.checkpointEvery);
}

class ZabMachine implements Machine {
  /** What is proposed on top leaves with the next {@link ready}. */
  readonly complete = false;
  readonly #zab: Zab;
  readonly #checkpointEvery: number;
  #state: State;
  #configuration: Configuration | undefined;
  #restoring: Uint8Array[] = [];
  #sinceCheckpoint = 0;
  #batches = 0;
  /** What the batch in flight is made of. */
  #writing:
    | { readonly id: number; readonly log: number | undefined; readonly base: Base | undefined }
    | undefined;
  readonly #rounds = new Map<number, Zxid>();
  #token = 0;

  constructor(options: ZabOptions, opened: OpenedDisk, checkpointEvery: number) {
    const { durable, checkpoint } = opened;
    this.#zab = new Zab(options, durable);
    this.#checkpointEvery = checkpointEvery;
    this.#state = checkpoint.length > 0 ? load(checkpoint) : EMPTY;
    this.#configuration = durable.base?.configuration;
  }

  tick(now: number): void {
    this.#zab.tick(now);
  }

  deadline(): number {
    return this.#zab.deadline();
  }

  linked(link: LinkId, dialer: 'self' | 'peer'): void {
    this.#zab.linked(link, dialer);
  }

  unlinked(link: LinkId): void {
    this.#zab.unlinked(link);
  }

  backlog(link: LinkId, bytes: number): void {
    this.#zab.backlog(link, bytes);
  }

  measure(meter: Meter): void {
    this.#zab.measure(meter);
  }

  receive(link: LinkId, messages: readonly PeerMessage[]): void {
    for (const message of messages) this.#zab.step(link, message as ZabMessage);
  }

  nextBatch(): StoreBatch | undefined {
    const log = this.#zab.nextBatch();
    const base = this.#checkpointDue();
    if (log === undefined && base === undefined) return undefined;
    this.#batches += 1;
    const id = this.#batches;
    this.#writing = { id, log: log?.id, base };
    const { zxid } = this.#state;
    return {
      id,
      ...(log !== undefined && { log }),
      ...(base !== undefined && {
        checkpoint: { first: true, zxid, chunks: save(this.#state, 2), complete: base },
      }),
    };
  }

  /** A checkpoint of the state as it is, behind which the whole log may go. */
  #checkpointDue(): Base | undefined {
    const { zxid, chain } = this.#state;
    if (this.#checkpointEvery === 0 || this.#sinceCheckpoint < this.#checkpointEvery)
      return undefined;
    if (this.#configuration === undefined || zxid > this.#zab.durableZxid) return undefined;
    this.#sinceCheckpoint = 0;
    return { zxid, chain, configuration: this.#configuration };
  }

  persisted(id: number): void {
    const { log, base } = this.#writing ?? {};
    assert(this.#writing?.id === id, 'what is persisted was handed out');
    this.#writing = undefined;
    if (log !== undefined) this.#zab.persisted(log);
    if (base !== undefined) this.#zab.trim(base.zxid);
  }

  failed(reason: string): void {
    this.#zab.failed(reason);
  }

  ready(): MachineReady {
    const ready = this.#zab.ready();
    const { send, close, events, deliver, installed } = ready;
    this.#restore(ready);
    const before = installed === undefined ? undefined : this.#install(installed);
    for (const entry of deliver) this.#apply(entry);
    this.#answer(ready);
    const confirmed = ready.confirmed.map((token) => {
      return { token, zxid: this.#rounds.get(token) ?? ZERO };
    });
    return { send, close, events, delivered: deliver, installed: before, confirmed };
  }

  #restore({ restore }: Ready): void {
    for (const { first, bytes } of restore) {
      if (first) this.#restoring = [];
      this.#restoring.push(bytes);
    }
  }

  #install(mark: Mark): Mark {
    this.#state = load(this.#restoring);
    this.#configuration = this.#zab.configuration;
    this.#restoring = [];
    this.#sinceCheckpoint = 0;
    return { zxid: mark.zxid, chain: this.#state.chain };
  }

  #apply(entry: Entry): void {
    this.#state = { zxid: entry.zxid, chain: entry.chain };
    this.#sinceCheckpoint += 1;
    if (entry.configuration !== undefined) this.#configuration = entry.configuration;
  }

  /** What ZAB asks of the layer above. */
  #answer({ snapshots, established, configure }: Ready): void {
    for (const { link } of snapshots) {
      const chunks = save(this.#state, 3);
      chunks.forEach((chunk, at) => {
        this.#zab.chunk(link, chunk, at === chunks.length - 1);
      });
    }
    if (established !== undefined && this.#zab.proposing) {
      this.#zab.propose('epoch-start', new TextEncoder().encode(`epoch ${established}`));
    }
    if (configure !== undefined && this.#zab.broadcasting) {
      const configuration = { ...configure, version: this.#zab.nextZxid };
      this.#zab.propose('configuration', encodeConfiguration(configuration), configuration);
    }
  }

  view(): MachineView {
    return zabView(this.#zab);
  }

  digest(): number {
    return this.#state.chain;
  }

  elected(leader: number): void {
    this.#zab.elected(leader);
  }

  handOver(): void {
    this.#zab.handOver();
  }

  confirm(): number | undefined {
    this.#token += 1;
    const token = this.#token;
    const zxid = this.#zab.committed;
    if (!this.#zab.confirm(token)) return undefined;
    this.#rounds.set(token, zxid);
    return token;
  }

  work(prng: Prng): void {
    if (!this.#zab.broadcasting) return;
    for (let count = prng.pick([1, 1, 2, 10]); count > 0; count -= 1) {
      if (!this.#zab.broadcasting) return;
      const bytes = new Uint8Array(prng.below(100));
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = prng.uint32() & 0xff;
      this.#zab.propose('transaction', bytes);
    }
  }
}
