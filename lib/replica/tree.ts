/** This peer's tree: entries in, effects out; replaced as a whole when a SNAP comes. */
import type { Zxid } from '../base/zxid.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import type { Entry, Mark } from '../zab/log-entry.ts';
import type { Ready } from '../zab/ready.ts';
import { Restore } from './catch-up.ts';
import { DigestCheck, type Divergence } from './digest.ts';
import type { Outbox } from './outbox.ts';
import { applyEntry } from './replay.ts';

/** What an entry did. */
export type Step =
  | { readonly type: 'applied'; readonly applied: Applied }
  /** It was not for the tree. */
  | { readonly type: 'skipped' }
  /** A kind of transaction that this version does not know: never skipped (section 4). */
  | { readonly type: 'unreadable'; readonly reason: string }
  /** The leader's tree was another one at this zxid. */
  | { readonly type: 'diverged'; readonly reason: string };

const SKIPPED: Step = { type: 'skipped' };

export class Tree {
  #machine: StateMachine;
  readonly #outbox: Outbox;
  readonly #restore = new Restore();
  readonly #digests = new DigestCheck();

  constructor(machine: StateMachine, outbox: Outbox) {
    this.#machine = machine;
    this.#outbox = outbox;
  }

  get machine(): StateMachine {
    return this.#machine;
  }

  /** A copy comes in. */
  get restoring(): boolean {
    return this.#restore.active;
  }

  apply(entry: Entry): Step {
    const { zxid } = entry;
    const applied = applyEntry(this.#machine, entry);
    if (applied === 'skipped') return SKIPPED;
    if (applied === 'unreadable')
      return { type: 'unreadable', reason: 'a transaction of an unknown kind' };
    if (applied.alarm !== undefined) this.#outbox.event({ type: 'alarm', detail: applied.alarm });
    const divergence = this.#digests.applied(zxid, () => this.#machine.hash());
    if (divergence === undefined) return { type: 'applied', applied };
    return { type: 'diverged', reason: this.#diverged(divergence) };
  }

  /** The leader's digest. True: this tree is another. */
  compare(zxid: Zxid, hash: number): boolean {
    const divergence = this.#digests.heard(zxid, hash, this.#machine.zxid, () =>
      this.#machine.hash(),
    );
    if (divergence === undefined) return false;
    this.#diverged(divergence);
    return true;
  }

  #diverged(divergence: Divergence): string {
    this.#outbox.event({ type: 'diverged', ...divergence });
    return 'the tree differs from the leader’s';
  }

  /** What the last leader said of states to come does not count, nor does half a copy of its tree. */
  anotherLeader(): void {
    this.#digests.reset();
    this.#restore.giveUp();
  }

  /** @throws if a piece cannot be read. */
  restore(pieces: Ready['restore']): void {
    this.#restore.add(pieces);
  }

  /** The copy is durable: it is the tree from now on. @throws if it is not whole. */
  install(mark: Mark): void {
    this.#machine = this.#restore.finish(mark);
    this.#digests.reset();
  }
}
