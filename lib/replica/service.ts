/**
 * The traffic above ZAB: what hosts ask of their leader, and what it answers. At one end is this peer's
 * own host; while this peer leads, the other end is here, too, and serves the hosts of all peers.
 */
import type { Meter } from '../base/meter.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Owner } from '../tree/request.ts';
import type { Applied } from '../tree/state-machine.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import type { LinkId } from '../zab/ready.ts';
import type { Zab } from '../zab/zab.ts';
import { LeaderDuties } from './leader-duties.ts';
import type { LocalSide } from './local-side.ts';
import type { ReplicaOptions } from './options.ts';
import { type Outbox, SELF } from './outbox.ts';
import type { Gap } from './stall.ts';
import { Attachment } from './tenure.ts';
import type { Tree } from './tree.ts';

export interface ServiceParts {
  readonly options: ReplicaOptions;
  readonly zab: Zab;
  readonly tree: Tree;
  readonly local: LocalSide;
  readonly outbox: Outbox;
}

export class Service {
  readonly #parts: ServiceParts;
  readonly #attachment = new Attachment();
  readonly #addresses = new Map<LinkId, string>();
  /** Who is at the other end of a link, once it has asked for something. */
  readonly #owners = new Map<LinkId, Owner>();
  /** While this peer leads an established epoch; nothing of it outlives that (S15). */
  #duties: LeaderDuties | undefined;
  /** What the own duties have answered to the own host. */
  #answers: ServiceMessage[] = [];
  #now = 0;
  #wall = 0;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** Whether the own host has a leader to turn to. */
  get attached(): boolean {
    return this.#attachment.tenure !== undefined;
  }

  tick(now: number, wall: number, gap: Gap): void {
    this.#now = now;
    this.#wall = wall;
    this.#duties?.tick(now, wall, gap);
  }

  /** @param address of the other side, for the `ip` identity of its sessions; empty: none. */
  linked(link: LinkId, address: string): void {
    this.#addresses.set(link, address);
  }

  unlinked(link: LinkId): void {
    this.#addresses.delete(link);
    this.#owners.delete(link);
    this.#duties?.unlinked(link);
  }

  /** The link will be closed: whoever is linked next under its number is another. */
  closed(link: LinkId): void {
    this.#owners.delete(link);
  }

  /** What a host asks, or its leader answers. */
  receive(link: LinkId, message: ServiceMessage): void {
    switch (message.type) {
      case 'REQUEST':
      case 'READINDEX':
      case 'TOUCH':
        if (this.#ownerOf(link) !== undefined) this.#duties?.receive(link, message);
        return;
      default:
        if (this.#attachment.tenure?.link === link) this.#parts.local.answered(message);
    }
  }

  #ownerOf(link: LinkId): Owner | undefined {
    const { local, zab } = this.#parts;
    if (link === SELF) return local.owner;
    const known = this.#owners.get(link);
    if (known !== undefined) return known;
    const peer = zab.peers().get(link);
    if (peer === undefined) return undefined;
    const owner = { peer: peer.id, store: peer.store, boot: peer.boot };
    this.#owners.set(link, owner);
    return owner;
  }

  /** This peer leads that epoch, and a quorum holds its history. */
  establish(epoch: number): void {
    const { zab, tree, outbox, options } = this.#parts;
    const duties = new LeaderDuties(
      epoch,
      {
        zab,
        machine: tree.machine,
        outbox,
        options,
        ownerOf: (link) => this.#ownerOf(link),
        addressOf: (link) => (link === SELF ? options.address : (this.#addresses.get(link) ?? '')),
        tellSelf: (message) => this.#answers.push(message),
      },
      this.#now,
      this.#wall,
    );
    this.#duties = duties;
    duties.start();
  }

  /** A quorum round is complete (step 27). */
  confirmed(token: number): void {
    this.#duties?.confirmed(token);
  }

  /** A transaction was applied, and the own host has seen it. */
  applied(applied: Applied): void {
    this.#duties?.applied(applied);
  }

  /** The zxid of an entry that is not for the tree. */
  skipped(zxid: Zxid): void {
    this.#duties?.skipped(zxid);
  }

  /** Follows ZAB's role. True if the own host has another leader, or none, since the last call. */
  follow(): boolean {
    const { zab, tree, local } = this.#parts;
    const leads = zab.role === 'leading' && zab.established;
    if (!leads || zab.epoch !== this.#duties?.epoch) {
      this.#duties = undefined;
      this.#answers = [];
    }
    if (!this.#attachment.follow(zab, this.#duties, tree.machine.zxid)) return false;
    local.anotherLeader(this.#attachment.tenure?.epoch);
    return true;
  }

  /** One pass from the host to the leader and back. True if there may be more to do in this turn. */
  pass(): boolean {
    const { local } = this.#parts;
    const asked = this.#ask();
    const worked = this.#duties?.work() ?? false;
    const answers = this.#answers;
    this.#answers = [];
    for (const answer of answers) local.answered(answer);
    const released = local.release();
    const byItself = this.#attachment.tenure?.link === SELF;
    return worked || answers.length > 0 || released || (asked && byItself);
  }

  /** What the host has to ask goes to the leader, be it this peer itself. */
  #ask(): boolean {
    const { local, outbox } = this.#parts;
    const { tenure } = this.#attachment;
    if (tenure === undefined) return false;
    let asked = false;
    local.ask((message) => {
      asked = true;
      if (tenure.link === SELF) this.#duties?.receive(SELF, message);
      else outbox.send(tenure.link, message);
    });
    return asked;
  }

  /** Every queue of a leader with its cap (S34). */
  measure(meter: Meter): void {
    this.#duties?.measure(meter);
  }
}
