import { QuorateError } from '../base/errors.ts';
import { joinPath, pathFault } from '../base/path.ts';
import { bytes } from '../client/codec.ts';
import type { Watch } from '../client/feed.ts';
import { json } from '../client/json-codec.ts';
import { requireSchema, type StandardSchema, validate } from '../client/standard-schema.ts';
import { checkCall, type StopOptions, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import { type AnyClient, checkPlace } from './any-client.ts';
import { FOLDERS, InstancesFold, ServicesFold, type ServiceView } from './directory.ts';
import { openEphemeral } from './ephemeral.ts';
import { type Fold, FoldedWatch } from './folded-watch.ts';
import { controlOf, type Instance, type InstanceRecord, isPort, uriSpecOf } from './instance.ts';
import { uniqueId } from './names.ts';
import {
  PROVIDER_OPTIONS,
  type Provider,
  type ProviderOptions,
  ServiceProvider,
} from './provider.ts';
import {
  changed,
  checkChange,
  checkShare,
  KeptRegistration,
  type Registration,
  type ServiceOptions,
} from './registration.ts';

const SERVICE = ['name', 'address', 'port', 'id', 'scheme', 'payload', 'weight', 'load', 'enabled'];

/**
 * Which instances of a service there are, where, and how they are: those that live, and what scanners and
 * operators say of them. See the guide `service-registry.md`.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { ServiceRegistry } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * const registry = new ServiceRegistry(peer, '/registry');
 * const registration = await registry.register({ name: 'orders', address: '10.0.0.1', port: 8080 });
 * const orders = await registry.provider('orders', { strategy: 'least-loaded' });
 * console.log(await orders.run(({ url }) => `would ask ${url}`));
 * await orders.close();
 * await registration.close();
 * await peer.close();
 * ```
 */
export class ServiceRegistry<P = unknown, In = P> {
  readonly #client: AnyClient;
  readonly #path: string;
  readonly #schema: StandardSchema<In, P> | undefined;

  /**
   * Free: nothing is asked before it is used.
   * @param client a session too: then what is registered is there as long as that lives
   * @param path the node that it stands below; Curator's base path is `<path>/services`
   * @param options `payload`: what instances say of themselves is checked when it is written, and who says
   * something else is not there for this one
   */
  constructor(
    client: AnyClient,
    path: string,
    options?: { readonly payload?: StandardSchema<In, P> },
  ) {
    checkPlace('ServiceRegistry', client, path);
    checkCall('ServiceRegistry', options, ['payload']);
    if (options?.payload !== undefined) requireSchema(options.payload);
    this.#client = client;
    this.#path = path;
    this.#schema = options?.payload;
  }

  /**
   * Says that this instance is there, until it is closed: it is registered again after an expiry. Resolves when
   * the others can know; waits without end unless there is a `timeout`, also for the end of a predecessor that
   * has the same id.
   *
   * @throws {QuorateError} INVALID_DATA: the schema refuses the payload. TIMED_OUT, ABORTED: it is not registered
   */
  async register(service: ServiceOptions<In>, options?: WaitOptions): Promise<Registration<In>> {
    if (service === undefined) throw new TypeError('register: what is to be registered?');
    checkCall('register', service, SERVICE);
    checkCall('register', options, WAIT_OPTIONS);
    const { name, address, port, id = uniqueId(), scheme = 'http', ...own } = service;
    const { payload, weight, load, enabled = true } = own;
    if (typeof address !== 'string' || address === '') {
      throw new TypeError('register: address is a host name or an IP address');
    }
    if (address.includes('/')) {
      throw new RangeError(`register: address is without scheme and path, not ${address}`);
    }
    if (typeof port !== 'number')
      throw new TypeError(`register: port is a number, not a ${typeof port}`);
    if (!isPort(port)) {
      throw new RangeError(`register: port is 0 to 65535, not ${port}`);
    }
    if (typeof scheme !== 'string') throw new TypeError('register: scheme is a text');
    checkChange('register', own);
    const path = this.#placeOf(FOLDERS.services, name, id);
    this.#checkPayload(payload);
    const record: InstanceRecord = {
      name,
      id,
      address,
      port,
      sslPort: null,
      payload: payload ?? null,
      registrationTimeUTC: Date.now(),
      serviceType: 'DYNAMIC',
      uriSpec: uriSpecOf(scheme),
      enabled,
      ...(weight === undefined ? {} : { weight }),
      ...(load === undefined ? {} : { load }),
    };
    const view = this.#client.as(json<InstanceRecord>());
    const node = await openEphemeral(view, path, record, options);
    return new KeptRegistration<In>(node, record, (next) => this.#checkPayload(next));
  }

  /** The instances of a service by id, now and after every change: all of them, also those that take no work. */
  watch(name: string, options?: StopOptions): Watch<readonly Instance<P>[]> {
    this.#checkName('name', name);
    checkCall('ServiceRegistry.watch', options, ['signal']);
    return this.#fold(() => new InstancesFold<P>(this.#path, name, this.#schema), options);
  }

  /** Chooses among the instances of a service. Resolves when it knows what there is; there need not be one. */
  async provider(name: string, options?: ProviderOptions): Promise<Provider<P>> {
    this.#checkName('name', name);
    checkCall('provider', options, PROVIDER_OPTIONS);
    const provider = new ServiceProvider<P>(name, options);
    await provider.open(this.#client, this.#path, this.#schema, options);
    return provider;
  }

  /** All services and their instances, with status and load, as a console shows them. */
  async view(options?: WaitOptions): Promise<readonly ServiceView<P>[]> {
    checkCall('ServiceRegistry.view', options, WAIT_OPTIONS);
    return await this.watchView().until(() => true, options);
  }

  /** The same now and after every change. */
  watchView(options?: StopOptions): Watch<readonly ServiceView<P>[]> {
    checkCall('ServiceRegistry.watchView', options, ['signal']);
    return this.#fold(() => new ServicesFold<P>(this.#path, this.#schema), options);
  }

  /**
   * An operator's word on an instance: another weight than it has given itself, or that it gets no new work.
   * What is left out, or undefined, stays; `weight: null` takes the weight back. Reaches every provider of the group, and
   * outlives the instance: who is registered under that id again is treated so, too.
   */
  async control(
    name: string,
    id: string,
    change: { readonly weight?: number | null; readonly draining?: boolean },
    options?: WaitOptions,
  ): Promise<void> {
    if (change === undefined) throw new TypeError('control: what is to be changed?');
    checkCall('control', change, ['weight', 'draining']);
    checkCall('control', options, WAIT_OPTIONS);
    const { weight, draining } = change;
    checkShare('control', 'weight', weight ?? undefined);
    if (draining !== undefined && typeof draining !== 'boolean') {
      throw new TypeError('control: draining is true or false');
    }
    const path = this.#placeOf(FOLDERS.control, name, id);
    const view = this.#client.as(bytes);
    const merge = (data: Uint8Array | undefined): Uint8Array => {
      const before: typeof change = (data && controlOf(data)) ?? {};
      const after = changed(before, change);
      return json().encode({ ...after, weight: after.weight ?? undefined });
    };
    await view.update(path, merge, options);
  }

  #fold<S>(fold: () => Fold<Uint8Array, S>, options: StopOptions | undefined): Watch<S> {
    const view = this.#client.as(bytes);
    return new FoldedWatch((stop) => view.watchTree(this.#path, stop), fold, options);
  }

  #placeOf(folder: string, name: string, id: string): string {
    this.#checkName('name', name);
    this.#checkName('id', id);
    return joinPath(joinPath(joinPath(this.#path, folder), name), id);
  }

  #checkName(what: string, name: string): void {
    if (typeof name !== 'string') throw new TypeError(`ServiceRegistry: ${what} is a text`);
    const fault = name.includes('/') ? 'it has a slash' : pathFault(`/${name}`);
    if (fault === undefined && name !== '') return;
    const message = `ServiceRegistry: '${name}' is no ${what}: ${fault ?? 'it is empty'}`;
    throw QuorateError.make('BAD_ARGUMENTS', message);
  }

  #checkPayload(payload: unknown): void {
    if (this.#schema === undefined) return;
    try {
      validate(this.#schema, payload);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      const message = `the payload cannot be written: ${cause.message}`;
      throw QuorateError.make('INVALID_DATA', message, { cause });
    }
  }
}
