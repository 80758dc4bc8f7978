/** The whole replica as the simulator drives it: the very class that a real peer runs. */
import type { Meter } from '../base/meter.ts';
import type { Zxid } from '../base/zxid.ts';
import { nodesAtOnce } from '../replica/checkpointing.ts';
import { REPLICA_DEFAULTS, type ReplicaOptions } from '../replica/options.ts';
import { Replay } from '../replica/replay.ts';
import { Replica } from '../replica/replica.ts';
import { Restorer } from '../tree/restorer.ts';
import { MAX_TREE_BYTES, StateMachine } from '../tree/state-machine.ts';
import { restoreCheckpointPart } from '../wire/checkpoint.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import type { LinkId } from '../zab/ready.ts';
import type { Machine, MachineReady, MachineView, PeerMessage } from './machine.ts';
import { demandSavedAgain } from './saved-again.ts';
import type { OpenedDisk, SimDisk } from './sim-disk.ts';
import type { Swarm } from './swarm.ts';
import { TEAMS } from './workload.ts';
import type { MachineFactory } from './world.ts';
import { zabOptions, zabView } from './zab-machine.ts';

function restore(checkpoint: readonly Uint8Array[], limit: number): StateMachine {
  if (checkpoint.length === 0) return new StateMachine();
  const restorer = new Restorer();
  checkpoint.forEach((chunk, sequence) => {
    restoreCheckpointPart(chunk, sequence, restorer);
  });
  const machine = restorer.finish();
  demandSavedAgain(checkpoint, machine, limit);
  return machine;
}

/** A machine for every peer of a run. */
export function replicaFactory(swarm: Swarm): MachineFactory {
  return (opened, peer) => {
    const { heartbeat } = swarm.timers;
    const options: ReplicaOptions = {
      ...REPLICA_DEFAULTS,
      zab: zabOptions(swarm, peer),
      heartbeat,
      address: '10.0.0.1',
      snapCount: swarm.checkpointEvery === 0 ? 1_000_000 : swarm.checkpointEvery,
      reapInterval: swarm.reapInterval,
      digestInterval: 1_000,
      pendingMax: swarm.pendingMax,
      schemes: TEAMS,
      sliceBytes: Math.min(swarm.sliceBytes, swarm.network.queueBytes / 16),
      proposedBytesMax: swarm.network.queueBytes / 8,
      // Each would have another limit: that all have one is seen in the hash (S16).
      maxTreeBytes: MAX_TREE_BYTES + peer.id,
    };
    return new ReplicaMachine(options, opened, peer.store);
  };
}

export class ReplicaMachine implements Machine {
  /** A real peer asks once in a turn, too. */
  readonly complete = true;
  readonly replica: Replica;
  readonly #disk: SimDisk;
  readonly #nodesAtOnce: number;
  #applied: Zxid;

  constructor(options: ReplicaOptions, opened: OpenedDisk, disk: SimDisk) {
    this.#nodesAtOnce = nodesAtOnce(options.sliceBytes);
    const machine = restore(opened.checkpoint, this.#nodesAtOnce);
    // A real peer begins as far ahead as its disk knows; here every other life begins at the checkpoint.
    const replay = opened.durable.boot % 2 === 1 ? new Replay(machine, opened.durable) : undefined;
    replay?.step(Number.POSITIVE_INFINITY);
    this.replica = new Replica(options, opened.durable, machine, replay);
    this.#disk = disk;
    this.#applied = machine.zxid;
  }

  tick(now: number, wall: number): void {
    this.replica.tick(now, wall);
  }

  deadline(): number {
    return this.replica.deadline();
  }

  linked(link: LinkId, dialer: 'self' | 'peer'): void {
    this.replica.linked(link, dialer, `10.0.1.${link % 250}`);
  }

  unlinked(link: LinkId): void {
    this.replica.unlinked(link);
  }

  backlog(link: LinkId, bytes: number): void {
    this.replica.backlog(link, bytes);
  }

  measure(meter: Meter): void {
    this.replica.measure(meter);
  }

  receive(link: LinkId, messages: readonly PeerMessage[]): void {
    this.replica.receive(link, messages);
  }

  nextBatch(): StoreBatch | undefined {
    const batch = this.replica.nextBatch();
    // A real disk gives a peer more time or less.
    for (let left = (batch?.id ?? 0) % 3; left > 0; left -= 1) this.replica.prepare();
    return batch;
  }

  persisted(id: number): void {
    this.replica.persisted(id);
  }

  failed(reason: string): void {
    this.replica.failed(reason);
  }

  ready(): MachineReady {
    const { deliveries, send, close, events } = this.replica.ready();
    const jump = events.findLast(({ type }) => type === 'installed');
    const installed = jump?.type === 'installed' ? this.#markAt(jump.zxid) : undefined;
    const from = installed?.zxid ?? this.#applied;
    this.#applied = this.replica.applied;
    // Nothing was applied on top of it in the same turn.
    if (installed !== undefined && installed.zxid === this.#applied) {
      demandSavedAgain(this.#disk.checkpoint, this.replica.stateMachine, this.#nodesAtOnce);
    }
    const delivered = from < this.#applied ? this.#entries(from, this.#applied) : [];
    return { send, close, events, delivered, installed, confirmed: [], deliveries };
  }

  /** A copy was installed by the batch that has just been written. */
  #markAt(zxid: Zxid): Mark {
    const { base, entries } = this.#disk;
    return entries.find((entry) => entry.zxid === zxid) ?? { zxid, chain: base.chain };
  }

  /** What was applied now is on the own disk. */
  #entries(after: Zxid, through: Zxid): readonly Entry[] {
    const { entries } = this.#disk;
    let from = entries.length;
    while (from > 0 && (entries[from - 1]?.zxid ?? 0n) > after) from -= 1;
    const result: Entry[] = [];
    for (let at = from; at < entries.length; at += 1) {
      const entry = entries[at];
      if (entry === undefined || entry.zxid > through) break;
      result.push(entry);
    }
    return result;
  }

  view(): MachineView {
    return { ...zabView(this.replica.zab), applied: this.replica.applied };
  }

  digest(): number {
    return this.replica.stateMachine.hash();
  }

  elected(leader: number): void {
    this.replica.zab.elected(leader);
  }

  handOver(): void {
    this.replica.close();
  }

  confirm(): undefined {
    return undefined;
  }

  work(): void {
    // Its clients work through sessions.
  }
}
