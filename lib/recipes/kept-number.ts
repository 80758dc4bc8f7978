import { QuorateError } from '../base/errors.ts';
import type { Client, Znode } from '../client/client.ts';
import { beforehand } from './beforehand.ts';
import type { Patience } from './patience.ts';

/** How often the node may come and go while its number is to be written there. */
const ATTEMPTS = 10;

/** A number that all who use a recipe have to agree on: the data of its node, written by whoever comes first. */
export class KeptNumber {
  readonly #path: string;
  readonly #number: number;
  /** Such as `semaphore`. */
  readonly #what: string;
  /** Such as `leases`. */
  readonly #unit: string;

  constructor(path: string, number: number, what: string, unit: string) {
    this.#path = path;
    this.#number = number;
    this.#what = what;
    this.#unit = unit;
  }

  /** As the node has it. */
  get text(): string {
    return String(this.#number);
  }

  /** Sees to it that the node has it. */
  write(view: Client, wait: Patience): Promise<void> {
    return beforehand(this.#write(view, wait));
  }

  async #write(view: Client, wait: Patience): Promise<void> {
    const { text } = this;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const node = await view.find(this.#path, wait.left);
        if (node === undefined) {
          await view.create(this.#path, text, { parents: true, ...wait.left });
        } else if (node.data === '') {
          // A node that was made as an ancestor only.
          await view.set(this.#path, text, { version: node.stat.version, ...wait.left });
        } else {
          this.check(node);
        }
        return;
      } catch (error) {
        const isRace = QuorateError.is(error, 'NODE_EXISTS', 'BAD_VERSION', 'NO_NODE');
        if (!isRace || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** @throws {QuorateError} BAD_ARGUMENTS: the node has another one, or is gone */
  check(node: Znode<string> | undefined): void {
    if (node?.data === this.text) return;
    const message = `the ${this.#what} ${this.#path} ${this.#state(node)}, and this one was made with ${this.text}`;
    throw QuorateError.make('BAD_ARGUMENTS', message, { path: this.#path });
  }

  #state(node: Znode<string> | undefined): string {
    if (node === undefined) return 'is gone';
    if (/^\d{1,16}$/.test(node.data)) return `is kept with ${node.data} ${this.#unit}`;
    return 'has other data in its node than a number';
  }
}
