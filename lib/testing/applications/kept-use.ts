/** Those who keep a node: ephemeral ones that several want, and such as outlive their sessions. */
import { openEphemeral, openTtlNode } from '../../recipes/index.ts';
import type { Predicate } from '../predicates/predicate.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { Keeper, type KeptHandle, picky } from './keeper.ts';
import { KeptBook } from './kept-book.ts';
import { operate } from './operator.ts';

const JUDGE = 'S42';
const PATH = '/kept';
const SLOTS = ['/kept/slots/a', '/kept/slots/b'];

export class KeptUse implements Application {
  readonly #book = new KeptBook(JUDGE, PATH, (_, data) => (data.includes('#') ? data : undefined));
  #count = 0;

  get predicate(): Predicate {
    return {
      name: JUDGE,
      title: 'a node that is kept comes back with what was set last, until it is closed',
      judges: 'replica',
      watch: () => ({ decided: (decided) => this.#book.decided(decided) }),
    };
  }

  begin(life: Life): void {
    const { prng } = life.process;
    for (let count = prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const owner = new Actor(life, 'owner', JUDGE);
      owner.repeat(() => this.#keepSlot(owner));
    }
    const cart = new Actor(life, 'cart', JUDGE);
    cart.repeat(() => this.#keepCart(cart));
    if (prng.chance(0.3)) operate(life, JUDGE, (operator) => this.#remove(operator));
  }

  owed(): () => readonly string[] {
    return this.#book.owed();
  }

  /** But what outlives its owner, for as long as some calendar says that jumped. */
  left(): readonly string[] {
    return this.#book.standing.filter((path) => SLOTS.includes(path));
  }

  /** Has a place that others want, too. */
  async #keepSlot(owner: Actor): Promise<void> {
    const client = owner.client.as(picky);
    const path = owner.process.prng.pick(SLOTS);
    const open = (data: string, options: object): Promise<KeptHandle> => {
      return openEphemeral(client, path, data, options);
    };
    await new Keeper(owner, this.#book, open, { isShared: true }).keep(path);
  }

  /** Has a node that outlives it for a while. */
  async #keepCart(cart: Actor): Promise<void> {
    const { prng } = cart.process;
    const client = cart.client.as(picky);
    this.#count += 1;
    const path = `/kept/carts/c${this.#count}`;
    const keep = prng.chance(0.2);
    const ttl = prng.pick([1_000, 5_000]);
    const open = async (data: string, options: object): Promise<KeptHandle> => {
      const node = await openTtlNode(client, path, data, { ttl, ...options });
      return {
        set: (next, limit) => node.set(next, limit),
        close: () => node.close({ keep }),
        staysBehind: keep,
      };
    };
    await new Keeper(cart, this.#book, open).keep(path);
  }

  async #remove({ client, process }: Actor): Promise<void> {
    const all = this.#book.standing;
    if (all.length === 0) return;
    const path = process.prng.pick(all);
    const limit = { timeout: 5_000 };
    if (SLOTS.includes(path)) await client.delete(path, limit);
    else await client.multi([{ delete: `${path}/touch` }, { delete: path }], limit);
  }
}
