import { checkCall, WAIT_OPTIONS, type WaitOptions } from '../client/wait.ts';
import type { EphemeralNode } from './ephemeral.ts';
import type { InstanceRecord } from './instance.ts';
import { isRefusal, Wishes } from './wishes.ts';

/** What an instance says of itself. */
export interface ServiceOptions<In = unknown> {
  /** Of the service. */
  readonly name: string;
  /** Host name or IP address that others reach it at. */
  readonly address: string;
  /** TCP port. */
  readonly port: number;
  /** Of the instance, unique in the service, such as `orders-0`; what was said of it before is said of it again. @default a new UUID */
  readonly id?: string;
  /** Of its URL. @default 'http' */
  readonly scheme?: string;
  /** Whatever it says of itself beside that: JSON. */
  readonly payload?: In;
  /** Share of the work, relative to that of others, unless an operator sets another; 0: none. @default 1 */
  readonly weight?: number;
  /** How busy it is, unless a scanner measures it. @default 0 */
  readonly load?: number;
  /** Whether it takes work. @default true */
  readonly enabled?: boolean;
}

/** What an instance may say of itself later on. */
export interface ServiceChange<In = unknown> {
  /** As {@link ServiceOptions.payload}. */
  readonly payload?: In;
  /** As {@link ServiceOptions.weight}. */
  readonly weight?: number;
  /** As {@link ServiceOptions.load}. */
  readonly load?: number;
  /** As {@link ServiceOptions.enabled}: false before it stops, so that it gets no new work. */
  readonly enabled?: boolean;
}

/** An instance that is registered, until it is closed: again with the next session, with what was said last. */
export interface Registration<In = unknown> extends AsyncDisposable {
  /** Of the instance. */
  readonly id: string;
  /** Its node. */
  readonly path: string;
  /** Says something else of itself; what is left out, or undefined, stays. Resolves when that is in the tree. */
  update(change: ServiceChange<In>, options?: WaitOptions): Promise<void>;
  /** Removes its node. Idempotent, never rejects. */
  close(): Promise<void>;
}

const CHANGES = ['payload', 'weight', 'load', 'enabled'];

/** @throws {TypeError | RangeError} what it says */
export function checkChange(what: string, change: ServiceChange): void {
  const { weight, load, enabled } = change;
  checkShare(what, 'weight', weight);
  checkShare(what, 'load', load);
  if (enabled !== undefined && typeof enabled !== 'boolean') {
    throw new TypeError(`${what}: enabled is true or false`);
  }
}

/** What is left out stays, be it left out as `undefined`: by that nobody takes anything back. */
export function changed<C extends object>(before: C, change: Partial<C>): C {
  const said = Object.entries(change).filter(([, value]) => value !== undefined);
  return { ...before, ...Object.fromEntries(said) };
}

/** @throws {TypeError | RangeError} it is neither left out nor a number of 0 or more */
export function checkShare(what: string, name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number') throw new TypeError(`${what}: ${name} is a number`);
  if (value >= 0 && value < Number.POSITIVE_INFINITY) return;
  throw new RangeError(`${what}: ${name} is 0 or more, not ${value}`);
}

export class KeptRegistration<In> implements Registration<In> {
  readonly id: string;
  readonly path: string;
  readonly #node: EphemeralNode<InstanceRecord>;
  readonly #check: (payload: unknown) => void;
  readonly #records: Wishes<InstanceRecord>;

  /** @param check throws what the schema of the payload does */
  constructor(
    node: EphemeralNode<InstanceRecord>,
    record: InstanceRecord,
    check: (payload: unknown) => void,
  ) {
    this.id = record.id;
    this.path = node.path;
    this.#node = node;
    this.#records = new Wishes(record);
    this.#check = check;
  }

  async update(change: ServiceChange<In>, options?: WaitOptions): Promise<void> {
    if (change === undefined) throw new TypeError('Registration.update: what has changed?');
    checkCall('Registration.update', change, CHANGES);
    checkCall('Registration.update', options, WAIT_OPTIONS);
    checkChange('Registration.update', change);
    if (change.payload !== undefined) this.#check(change.payload);
    const record = this.#records.add(changed(this.#records.newest.data, change));
    try {
      await this.#node.set(record.data, options);
      this.#records.accept(record);
    } catch (error) {
      if (isRefusal(error)) this.#records.refuse(record);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#node.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
