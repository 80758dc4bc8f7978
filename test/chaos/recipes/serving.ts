/** Instances of a service that come and go in all processes, and those who choose among them. */
import type { Peer } from '../../../lib/index.ts';
import { type Provider, ServiceRegistry } from '../../../lib/recipes/index.ts';
import type { Deed } from '../history.ts';
import { instant, type Recorder } from '../recorder.ts';
import { pause } from './contending.ts';
import { placeOf, SERVICE } from './recipe-places.ts';

/** How long one waits to see itself, ms. */
const TIMEOUT = 4_000;

export class Serving {
  readonly #peer: Peer;
  readonly #recorder: Recorder;
  readonly #name: string;
  readonly #idle: number;
  readonly #registry: ServiceRegistry;
  #provider: Promise<Provider> | undefined;
  #count = 0;

  /** @param name unique to this process. @param idle ms between two steps, on the average */
  constructor(peer: Peer, recorder: Recorder, name: string, idle: number) {
    this.#peer = peer;
    this.#recorder = recorder;
    this.#name = name;
    this.#idle = idle;
    this.#registry = new ServiceRegistry(peer, placeOf('registry'));
  }

  /** Is an instance as long as the process lives, and calls back whenever it finds itself among all. */
  async stay(signal: AbortSignal, found: () => void): Promise<void> {
    const id = this.#next();
    const registration = await this.#register(id, signal);
    try {
      while (!signal.aborted) {
        await pause(this.#idle * 4);
        const isThere = this.#registry
          .watch(SERVICE)
          .until((all) => all.some((one) => one.id === id), { signal, timeout: TIMEOUT });
        // Whose session has expired is not there for a moment, or while nobody answers.
        await isThere.then(found, () => {});
      }
    } finally {
      await this.#close(id, registration);
    }
  }

  /** Is one more instance for a moment. */
  async visit(signal: AbortSignal): Promise<void> {
    const id = this.#next();
    const registration = await this.#register(id, signal);
    await pause(Math.random() * 20 * this.#idle);
    await this.#close(id, registration);
  }

  /** Chooses one, from the same provider all the while. */
  async choose(): Promise<void> {
    this.#provider ??= this.#registry.provider(SERVICE, { timeout: Number.POSITIVE_INFINITY });
    const provider = await this.#provider;
    await pause(this.#idle);
    for (let turn = 0; turn < 4; turn += 1) {
      const chosen = provider.pick();
      if (chosen !== undefined) this.#tell('choose', chosen.id, 'done');
    }
  }

  async #register(id: string, signal: AbortSignal): Promise<{ close(): Promise<void> }> {
    this.#tell('serve', id, 'asked');
    const service = { name: SERVICE, id, address: '10.0.0.1', port: 80 };
    const registration = await this.#registry.register(service, { signal });
    this.#tell('serve', id, 'done');
    return registration;
  }

  async #close(id: string, registration: { close(): Promise<void> }): Promise<void> {
    await registration.close();
    this.#tell('end', id, 'done');
  }

  #next(): string {
    this.#count += 1;
    return `${this.#name}.${this.#count}`;
  }

  #tell(deed: Deed['deed'], id: string, step: Deed['step']): void {
    const value = this.#peer.status.zxid;
    this.#recorder.record({ t: 'deed', deed, id, step, at: instant(), value, by: this.#name });
  }
}
