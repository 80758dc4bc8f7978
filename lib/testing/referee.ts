/**
 * Watches a group: keeps the ghost state, and tells each predicate what happens, in the order in which
 * it can be judged. The first violation ends the run.
 */
import { epochOf, ZERO, type Zxid } from '../base/zxid.ts';
import type { ReadOperation, ReadOptions } from '../replica/read.ts';
import type { Delivery, Ticket } from '../replica/ready.ts';
import type { SessionHandle } from '../replica/session-handle.ts';
import type { Operation } from '../tree/request.ts';
import type { Configuration } from '../zab/configuration.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import type { Batch } from '../zab/ready.ts';
import { Ghost, type Proposed } from './ghost.ts';
import type { MachineReady, MachineView, PeerMessage } from './machine.ts';
import { Model } from './model.ts';
import {
  type Asked,
  type DiskMarks,
  demand,
  keyOf,
  type Observer,
  type Predicate,
  type Scene,
  type Witness,
} from './predicates/predicate.ts';

type Handler<K extends keyof Observer> = NonNullable<Observer[K]>;
type Handlers = { [K in keyof Observer]-?: Handler<K>[] };

/** The predicates' handlers by what they listen to, in the order of the predicates. */
function collect(predicates: readonly Predicate[], scene: Scene): Handlers {
  const observers = predicates.map((predicate) => predicate.watch(scene));
  const of = <K extends keyof Observer>(key: K): Handler<K>[] => {
    const handlers: Handler<K>[] = [];
    for (const observer of observers) {
      const handler = observer[key];
      if (handler !== undefined) handlers.push(handler as Handler<K>);
    }
    return handlers;
  };
  return {
    started: of('started'),
    woke: of('woke'),
    proposed: of('proposed'),
    redefined: of('redefined'),
    sent: of('sent'),
    written: of('written'),
    elected: of('elected'),
    established: of('established'),
    committed: of('committed'),
    grown: of('grown'),
    delivered: of('delivered'),
    installed: of('installed'),
    moved: of('moved'),
    confirmed: of('confirmed'),
    tampered: of('tampered'),
    digested: of('digested'),
    restored: of('restored'),
    decided: of('decided'),
    deciding: of('deciding'),
    expired: of('expired'),
    received: of('received'),
    opened: of('opened'),
    submitted: of('submitted'),
    asked: of('asked'),
    told: of('told'),
    measured: of('measured'),
    escaped: of('escaped'),
  };
}

export class Referee implements Scene {
  readonly ghost: Ghost = new Ghost();
  readonly model: Model = new Model();
  readonly peers: Witness[] = [];
  /** Sessions and trees are looked at too. */
  readonly replicas: boolean;
  /** The greatest zxid of a write that somebody was told of. */
  #answered: Zxid = ZERO;
  readonly #now: () => number;
  readonly #on: Handlers;

  constructor(predicates: readonly Predicate[], now: () => number) {
    this.#now = now;
    this.replicas = predicates.some(({ judges }) => judges === 'replica');
    this.#on = collect(predicates, this);
  }

  get now(): number {
    return this.#now();
  }

  /** A process begins its life. */
  started(peer: Witness): void {
    for (const handler of this.#on.started) handler(peer);
  }

  /** A process that stood still for long goes on. */
  woke(peer: Witness): void {
    for (const handler of this.#on.woke) handler(peer);
  }

  /** A fault changed a disk behind everybody's back; `lost`: promises were taken back. */
  tampered(peer: Witness, lost: boolean): void {
    if (lost) this.ghost.liars.add(peer.disk.store);
    for (const handler of this.#on.tampered) handler(peer);
  }

  /** A leader's entries, as they become visible: in its messages or in its own batch. */
  discover(peer: Witness, previous: Zxid, entries: readonly Entry[], epoch: number): void {
    let before = previous;
    for (const entry of entries) {
      const known = this.ghost.proposed.get(entry.zxid);
      if (known !== undefined) {
        if (known.chain !== entry.chain) {
          for (const handler of this.#on.redefined) handler(peer, entry, known);
        }
      } else if (epochOf(entry.zxid) === epoch) {
        this.#propose(peer, before, entry);
      }
      before = entry.zxid;
    }
  }

  #propose(peer: Witness, previous: Zxid, entry: Entry): void {
    const parent = this.ghost.proposed.get(previous);
    demand(parent !== undefined, 'S3', () => `peer ${peer.id} proposes behind an unknown entry`);
    if (parent === undefined) return;
    const node = this.ghost.propose(parent, entry, peer.id);
    for (const handler of this.#on.proposed) handler(peer, node);
  }

  /** A batch is taken from a machine to be written. */
  taken(peer: Witness, batch: Batch): void {
    const { view, disk } = peer;
    if (view.role !== 'leading') return;
    const previous = batch.install?.zxid ?? batch.truncate ?? disk.last.zxid;
    this.discover(peer, previous, batch.entries, view.epoch);
  }

  /** A batch is durable. */
  written(peer: Witness, batch: Batch, before: DiskMarks): void {
    const { ghost } = this;
    const key = keyOf(peer);
    if (batch.genesis !== undefined) {
      const known = ghost.genesis;
      const { genesis } = batch;
      demand(known === undefined || founders(known) === founders(genesis), 'S31', () => {
        return `peer ${peer.id} is born into another group: ${founders(genesis)}`;
      });
      ghost.genesis ??= batch.genesis;
    }
    for (const entry of batch.entries) ghost.proposed.get(entry.zxid)?.holders.add(key);
    if (batch.install !== undefined) ghost.proposed.get(batch.install.zxid)?.holders.add(key);
    const { epochs } = peer.disk;
    if (batch.epochs !== undefined) {
      ghost.promise(epochs.accepted, epochs.acceptedFrom, key);
      ghost.follow(epochs.current, key);
    }
    for (const handler of this.#on.written) handler(peer, batch, before);
    const rose = epochs.current > before.epochs.current;
    if (rose && epochs.acceptedFrom === key && peer.view.role === 'leading') {
      this.#elected(peer, epochs.current);
    }
  }

  #elected(peer: Witness, epoch: number): void {
    const history = this.ghost.at(peer.disk.last, 'S8', peer.id);
    for (const handler of this.#on.elected) handler(peer, epoch, history);
    this.ghost.attempts.set(epoch, { epoch, leader: keyOf(peer), history });
  }

  /** What a machine did in one turn, before its messages leave. */
  acted(
    peer: Witness,
    ready: MachineReady,
    before: MachineView,
    apply: (at: Proposed) => void,
  ): void {
    const { ghost } = this;
    for (const event of ready.events) {
      if (event.type === 'established') this.#establish(peer, event.epoch);
      if (event.type === 'expire')
        for (const handler of this.#on.expired) handler(peer, event.session);
    }
    const { view } = peer;
    // Who hands over commits and steps down in one turn.
    const leads = view.role === 'leading' || before.role === 'leading';
    if (leads && view.committed !== before.committed) this.#commit(peer);
    if (ready.installed !== undefined) {
      this.#install(peer, ready.installed);
      apply(ghost.at(ready.installed, 'S8', peer.id));
    }
    for (const entry of ready.delivered) {
      for (const handler of this.#on.delivered) handler(peer, entry);
      apply(ghost.at(entry, 'S8', peer.id));
    }
    if (view.applied > ghost.seen) ghost.seen = view.applied;
    if (changed(view, before)) for (const handler of this.#on.moved) handler(peer, before);
  }

  #establish(peer: Witness, epoch: number): void {
    const { ghost } = this;
    const history = ghost.attempts.get(epoch)?.history ?? ghost.root;
    for (const handler of this.#on.established) handler(peer, epoch, history);
    ghost.established.set(epoch, { epoch, leader: keyOf(peer), history });
  }

  #commit(peer: Witness): void {
    const { ghost } = this;
    const before = ghost.committed;
    const entry = ghost.proposed.get(peer.view.committed);
    demand(entry !== undefined, 'S4', () => `peer ${peer.id} commits an unknown entry`);
    if (entry === undefined) return;
    for (const handler of this.#on.committed) handler(peer, entry, before);
    if (entry === before || ghost.contains(before, entry)) return;
    ghost.committed = entry;
    if (this.replicas) this.#decide(before, entry);
    for (const handler of this.#on.grown) handler(before);
  }

  #decide(before: Proposed, last: Proposed): void {
    const path: Proposed[] = [];
    for (let at: Proposed | undefined = last; at !== undefined && at !== before; at = at.parent) {
      path.push(at);
    }
    for (const entry of path.reverse()) {
      for (const handler of this.#on.deciding) handler(entry);
      const decided = this.model.apply(entry);
      if (decided !== undefined) for (const handler of this.#on.decided) handler(decided);
    }
  }

  #install(peer: Witness, mark: Mark): void {
    for (const handler of this.#on.installed) handler(peer, mark);
  }

  /** A message is about to leave. */
  sent(peer: Witness, message: PeerMessage, to: readonly number[]): void {
    if (message.type === 'PROPOSAL' || message.type === 'HISTORY') {
      this.discover(peer, message.previous, message.entries, message.epoch);
    }
    for (const handler of this.#on.sent) handler(peer, message, to);
  }

  confirmed(peer: Witness, zxid: Zxid, floor: Zxid): void {
    for (const handler of this.#on.confirmed) handler(peer, zxid, floor);
  }

  digested(peer: Witness, digest: number): void {
    for (const handler of this.#on.digested) handler(peer, peer.applied, digest);
  }

  restored(peer: Witness, digest: number): void {
    for (const handler of this.#on.restored) handler(peer, peer.applied, digest);
  }

  received(peer: Witness, message: PeerMessage, from: number): void {
    for (const handler of this.#on.received) handler(peer, message, from);
  }

  opened(peer: Witness, session: SessionHandle): void {
    for (const handler of this.#on.opened) handler(peer, session);
  }

  submitted(peer: Witness, session: SessionHandle, ticket: Ticket, operation: Operation): void {
    for (const handler of this.#on.submitted) handler(peer, session, ticket, operation);
  }

  /** A read is about to be asked for; what is returned must be given back with its answer. */
  asked(
    peer: Witness,
    session: SessionHandle,
    operation: ReadOperation,
    options: ReadOptions,
  ): Asked {
    const read = { session, operation, options, floor: this.#answered };
    for (const handler of this.#on.asked) handler(peer, read);
    return read;
  }

  told(peer: Witness, delivery: Delivery, read: Asked | undefined): void {
    for (const handler of this.#on.told) handler(peer, delivery, read);
    if (delivery.type !== 'reply' || delivery.decided === undefined) return;
    if (delivery.decided > this.#answered) this.#answered = delivery.decided;
  }

  /** What {@link asked} says of reads, for a write that is about to be submitted. */
  get answered(): Zxid {
    return this.#answered;
  }

  measured(peer: Witness, queue: string, size: number, cap: number): void {
    for (const handler of this.#on.measured) handler(peer, queue, size, cap);
  }

  escaped(peer: Witness, error: unknown): void {
    for (const handler of this.#on.escaped) handler(peer, error);
  }
}

function changed(now: MachineView, before: MachineView): boolean {
  return (
    now.committed !== before.committed ||
    now.applied !== before.applied ||
    now.durable !== before.durable ||
    now.role !== before.role ||
    now.phase !== before.phase
  );
}

function founders({ voters }: Configuration): string {
  return voters
    .map(({ id, store, weight, group }) => `${id}=${store}/${weight}/${group}`)
    .join(' ');
}
