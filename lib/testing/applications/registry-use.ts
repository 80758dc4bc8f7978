/** Those who register instances of a service, those who list them and those who choose among them. */
import { type Instance, type Provider, ServiceRegistry } from '../../recipes/index.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { Keeper, type KeptHandle } from './keeper.ts';
import { KeptBook } from './kept-book.ts';
import { operate } from './operator.ts';
import { type BookedNodes, listed, SubtreeBook } from './subtree-book.ts';
import { Views } from './views.ts';
import { Watcher } from './watcher.ts';

const JUDGE = 'S43';
const PATH = '/registry';
const NAME = 'orders';
const SERVICES = `${PATH}/services/${NAME}`;
const CONTROLS = `${PATH}/control/${NAME}`;
/** Mean ms for which somebody chooses, between two choices, and between two words of an operator. */
const TERM = 6_000;
const STEP = 300;
const WORD = 2_000;
/** How often somebody chooses in a row, to see all that there are. */
const CHOICES = 12;

export class RegistryUse implements Application {
  readonly #instances = new KeptBook(JUDGE, SERVICES, (_, data) => payloadOf(data));
  readonly #book = new SubtreeBook(PATH, wordsOfTree);
  readonly #views = new Views(this.#book);
  readonly #providers = new Map<Provider, Actor>();
  #count = 0;

  get predicate(): Predicate {
    return {
      name: JUDGE,
      title: 'who is registered is listed and chosen, and who was seen to be gone is not',
      judges: 'replica',
      watch: () => ({
        decided: (decided) => {
          this.#instances.decided(decided);
          this.#book.decided(decided);
        },
      }),
    };
  }

  begin(life: Life): void {
    const { prng } = life.process;
    const registry = new ServiceRegistry(life.client, PATH);
    for (let count = prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const instance = new Actor(life, 'instance', JUDGE);
      instance.repeat(() => this.#register(instance, registry));
    }
    const watcher = new Actor(life, 'console', JUDGE);
    const watch = new Watcher(watcher, this.#views, {
      watch: (options) => registry.watch(NAME, options),
      words: wordsOfList,
    });
    watcher.repeat(() => watch.watch());
    const chooser = new Actor(life, 'chooser', JUDGE);
    chooser.repeat(() => this.#choose(chooser, registry));
    if (prng.chance(0.3)) {
      const controller = new Actor(life, 'controller', JUDGE);
      controller.repeat(() => this.#control(controller, registry));
      operate(life, JUDGE, async ({ client, process }) => {
        const all = this.#instances.standing;
        if (all.length > 0) await client.delete(process.prng.pick(all));
      });
    }
  }

  /** What is owed to instances and to consoles; and whoever chooses chooses one that is there. */
  owed(): () => readonly string[] {
    const debts = [this.#instances.owed(), this.#views.behind()];
    // Whose choice is right once is not asked again.
    let choosers = [...this.#providers.keys()];
    return () => {
      choosers = choosers.filter((provider) => this.#misled(provider) !== undefined);
      const misled = choosers.map((provider) => this.#misled(provider) ?? '');
      return [...debts.flatMap((owed) => owed()), ...misled];
    };
  }

  left(): readonly string[] {
    return this.#instances.standing;
  }

  async #register(actor: Actor, registry: ServiceRegistry): Promise<void> {
    this.#count += 1;
    const id = `i${this.#count}`;
    const { prng } = actor.process;
    const open = async (payload: string, options: object): Promise<KeptHandle> => {
      const service = { name: NAME, id, address: '10.0.0.1', port: 80, payload };
      const registration = await registry.register(service, options);
      return {
        set: (next, limit) => {
          const change = { payload: next, ...(prng.chance(0.3) && { weight: prng.integer(1, 5) }) };
          return registration.update(change, limit);
        },
        close: () => registration.close(),
      };
    };
    await new Keeper(actor, this.#instances, open, { refuses: false }).keep(`${SERVICES}/${id}`);
  }

  /** Chooses again and again. */
  async #choose(chooser: Actor, registry: ServiceRegistry): Promise<void> {
    const { process, life, client } = chooser;
    const { prng } = process;
    const strategy = prng.pick([
      'round-robin',
      'random',
      'weighted',
      'least-loaded',
      'sticky',
    ] as const);
    const limit = { signal: life.stop, timeout: Number.POSITIVE_INFINITY };
    const provider = await chooser.patiently(() => {
      return registry.provider(NAME, { strategy, ...limit });
    });
    const view = this.#views.open(chooser);
    this.#providers.set(provider, chooser);
    const end = process.monotonic() + prng.exponential(TERM);
    try {
      while (!life.stop.aborted && client.status.state !== 'closed' && process.monotonic() < end) {
        const chosen = provider.pick();
        if (chosen !== undefined) {
          process.call(() => view.sees((words) => words.includes(partOf(chosen)), partOf(chosen)));
          chooser.count('chosen');
        }
        await chooser.pause(prng.exponential(STEP));
      }
    } finally {
      this.#providers.delete(provider);
      this.#views.close(view);
      await provider.close();
    }
  }

  /** Names a provider that chooses whom it should not, or nobody although there is one. */
  #misled(provider: Provider): string | undefined {
    const chooser = this.#providers.get(provider);
    if (chooser?.process.alive !== true || !chooser.process.peer.free) return undefined;
    const words = this.#book.words(this.#book.last);
    const choices = Array.from({ length: CHOICES }, () => provider.pick());
    const isRight = choices.every((one) => {
      return one === undefined ? !words.includes(',false') : words.includes(partOf(one));
    });
    if (isRight) return undefined;
    const chosen = choices.map((one) => one && partOf(one));
    return `the chooser of peer ${chooser.process.peer.id} chooses ${chosen.join()} of ${words}`;
  }

  /** An operator's word on one of them. */
  async #control(controller: Actor, registry: ServiceRegistry): Promise<void> {
    const { process, applied } = controller;
    const { prng } = process;
    await controller.pause(prng.exponential(WORD));
    const path = this.#instances.standing.at(-1);
    if (path === undefined) return;
    const id = path.slice(SERVICES.length + 1);
    const change = prng.chance(0.5)
      ? { weight: prng.pick([null, prng.integer(1, 5)]) }
      : { draining: prng.chance(0.5) };
    await registry.control(NAME, id, change, { timeout: controller.impatience() });
    controller.count('told');
    const node = this.#book.nodes.get(`${CONTROLS}/${id}`);
    const isThere = node !== undefined && node.written > applied;
    demand(isThere, JUDGE, () => `a word on ${id} was given, and is not there`);
  }
}

function recordOf(data: string): Partial<Record<string, unknown>> {
  return data === '' ? {} : JSON.parse(data);
}

function payloadOf(data: string): string | undefined {
  const { payload } = recordOf(data);
  return typeof payload === 'string' ? payload : undefined;
}

function wordsOfTree(nodes: BookedNodes): string {
  const all = [...nodes].flatMap(([path, { data }]) => {
    if (!path.startsWith(`${SERVICES}/`)) return [];
    const id = path.slice(SERVICES.length + 1);
    const { payload, weight } = recordOf(data);
    const control = recordOf(nodes.get(`${CONTROLS}/${id}`)?.data ?? '');
    return [`${id}=${payload},${control.weight ?? weight ?? 1},${control.draining ?? false}`];
  });
  return listed(all);
}

function wordsOfList(instances: readonly Instance[]): string {
  return listed(instances.map((one) => `${one.id}=${one.payload},${one.weight},${one.draining}`));
}

/** How the words for it begin. */
function partOf({ id, payload }: Instance): string {
  return `|${id}=${payload},`;
}
