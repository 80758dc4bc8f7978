import { MAX_TREE_BYTES, type StateMachine } from '../tree/state-machine.ts';
import type { Outbox } from './outbox.ts';

/** The tree is nearly full with this share of its limit, and no more once it is below the other one. */
const NEARLY_FULL = 0.8;
const RELIEVED = 0.75;

/**
 * What a peer says of the limit of the tree that the group has agreed on: once that the tree is nearly
 * full, again only after it has been relieved; and once that the own option is another one.
 */
export class TreeLimit {
  readonly #own: number;
  readonly #outbox: Outbox;
  #filling = false;
  /** The other limit that was told of last. */
  #told: number | undefined;

  constructor(own: number | undefined, outbox: Outbox) {
    this.#own = own ?? MAX_TREE_BYTES;
    this.#outbox = outbox;
  }

  /** After whatever was applied in a turn, while this peer serves: what is replayed before is history. */
  look({ treeBytes, maxTreeBytes }: StateMachine): void {
    if (!this.#filling && treeBytes >= maxTreeBytes * NEARLY_FULL) {
      this.#filling = true;
      this.#outbox.event({ type: 'tree-filling', bytes: treeBytes, limit: maxTreeBytes });
    } else if (this.#filling && treeBytes < maxTreeBytes * RELIEVED) this.#filling = false;
    if (maxTreeBytes === this.#own) this.#told = undefined;
    else if (maxTreeBytes !== this.#told) {
      this.#told = maxTreeBytes;
      this.#outbox.event({ type: 'tree-limit', own: this.#own, agreed: maxTreeBytes });
    }
  }
}
