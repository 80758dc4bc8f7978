/**
 * SNAP (step 15): the leader's exact copy of its tree on the way to a learner, and a learner's copy on
 * the way into its tree.
 */
import { assert } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import { Restorer } from '../tree/restorer.ts';
import type { Checkpoint, StateMachine } from '../tree/state-machine.ts';
import { encodeCheckpointPart, restoreCheckpointPart } from '../wire/checkpoint.ts';
import type { Mark } from '../zab/log-entry.ts';
import type { LinkId, Ready } from '../zab/ready.ts';
import { nodesAtOnce } from './checkpointing.ts';

type Send = (link: LinkId, bytes: Uint8Array, last: boolean) => void;

/** One copy under way, to all learners that asked for it in the same turn. */
interface Feed {
  readonly checkpoint: Checkpoint;
  links: LinkId[];
  /** Chunks made so far. */
  sequence: number;
  /** Made and not yet sent: the last one must be known as such when it leaves. */
  next: Uint8Array;
}

export class SnapshotFeeds {
  readonly #sliceBytes: number;
  readonly #backlogMax: number;
  readonly #backlog = new Map<LinkId, number>();
  #feed: Feed | undefined;

  /** @param backlogMax bytes that may wait in a learner's send queue before its copy pauses. */
  constructor(sliceBytes: number, backlogMax: number) {
    this.#sliceBytes = sliceBytes;
    this.#backlogMax = backlogMax;
  }

  get active(): boolean {
    return this.#feed !== undefined;
  }

  backlog(link: LinkId, bytes: number): void {
    this.#backlog.set(link, bytes);
  }

  unlinked(link: LinkId): void {
    this.#backlog.delete(link);
    const feed = this.#feed;
    if (feed === undefined) return;
    feed.links = feed.links.filter((other) => other !== link);
    if (feed.links.length === 0) this.giveUp();
  }

  /** The leader's role is over. */
  giveUp(): void {
    this.#feed?.checkpoint.abandon();
    this.#feed = undefined;
  }

  /** The tree is as it will be sent: nothing was applied since ZAB asked. */
  begin(machine: StateMachine, wanted: Ready['snapshots']): void {
    // ZAB asks for one at a time: whoever the last one was for is gone.
    this.giveUp();
    for (const { zxid } of wanted) assert(zxid === machine.zxid, 'a copy is exact at its zxid');
    const checkpoint = machine.checkpoint();
    const next = this.#make(checkpoint, 0);
    assert(next !== undefined, 'a copy has a header');
    this.#feed = { checkpoint, links: wanted.map(({ link }) => link), sequence: 1, next };
  }

  /** Whether the slowest learner can take more. */
  get hungry(): boolean {
    const links = this.#feed?.links ?? [];
    return (
      links.length > 0 && links.every((link) => (this.#backlog.get(link) ?? 0) < this.#backlogMax)
    );
  }

  #make(checkpoint: Checkpoint, sequence: number): Uint8Array | undefined {
    const part = checkpoint.next(nodesAtOnce(this.#sliceBytes));
    return part === undefined ? undefined : encodeCheckpointPart(part, sequence);
  }

  /** The next slice. */
  feed(send: Send): void {
    if (!this.hungry) return;
    for (let bytes = 0; bytes < this.#sliceBytes; ) {
      const feed = this.#feed;
      if (feed === undefined) return;
      const chunk = feed.next;
      const next = this.#make(feed.checkpoint, feed.sequence);
      feed.sequence += 1;
      bytes += chunk.length;
      for (const link of feed.links) send(link, chunk, next === undefined);
      if (next === undefined) this.#feed = undefined;
      else feed.next = next;
    }
  }
}

/** A copy that comes in. */
export class Restore {
  #restorer: Restorer | undefined;
  #sequence = 0;

  get active(): boolean {
    return this.#restorer !== undefined;
  }

  /** @throws DecodeError, or InvariantError: the copy is not what a correct leader sends. */
  add(pieces: Ready['restore']): void {
    for (const { first, bytes } of pieces) {
      if (first) {
        this.#restorer = new Restorer();
        this.#sequence = 0;
      }
      const restorer = this.#restorer;
      if (restorer === undefined) continue;
      // Nothing can come of it if this throws: a piece may be taken in half.
      this.#restorer = undefined;
      restoreCheckpointPart(bytes, this.#sequence, restorer);
      this.#restorer = restorer;
      this.#sequence += 1;
    }
  }

  /** Its leader is gone, or nothing more of it came. */
  giveUp(): void {
    this.#restorer = undefined;
  }

  /** The copy is durable and current. */
  finish(mark: Mark): StateMachine {
    const restorer = this.#restorer;
    assert(restorer !== undefined, 'a copy was received before it is installed');
    this.#restorer = undefined;
    const machine = restorer.finish();
    const at: Zxid = machine.zxid;
    assert(at === mark.zxid, 'the copy stands where the log begins');
    return machine;
  }
}
