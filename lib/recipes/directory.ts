/**
 * What a registry's subtree says. Instances stand at `services/<name>/<id>`, which is Curator's layout; what
 * others say of them at `status/<name>/<id>` and `control/<name>/<id>`, because an ephemeral node has no
 * children.
 */
import type { TreeUpdate } from '../client/feed.ts';
import type { StandardSchema } from '../client/standard-schema.ts';
import {
  controlOf,
  type Instance,
  type InstanceControl,
  type InstanceStatus,
  instanceOf,
  statusOf,
} from './instance.ts';

/** The three folders of a registry. */
export const FOLDERS = { services: 'services', status: 'status', control: 'control' } as const;

type Folder = keyof typeof FOLDERS;

/** What is known of one id, be there an instance or not. */
interface Entry<P> {
  registered: Instance<P> | undefined;
  status: InstanceStatus | undefined;
  control: InstanceControl | undefined;
  /** All of it; undefined: it is not registered. */
  instance: Instance<P> | undefined;
}

/** One service, as one consumer has heard of it. */
class Service<P> {
  readonly entries = new Map<string, Entry<P>>();
  #list: readonly Instance<P>[] | undefined;

  /** All instances by id; the same array while nothing changes. */
  get instances(): readonly Instance<P>[] {
    this.#list ??= [...this.entries.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { instance }]) => (instance === undefined ? [] : [instance]));
    return this.#list;
  }

  entry(id: string): Entry<P> {
    const present = this.entries.get(id);
    if (present !== undefined) return present;
    const entry = {
      registered: undefined,
      status: undefined,
      control: undefined,
      instance: undefined,
    };
    this.entries.set(id, entry);
    return entry;
  }

  /** The instance anew, from its parts. */
  refresh(id: string, entry: Entry<P>): void {
    const { registered, status, control } = entry;
    this.#list = undefined;
    if (registered === undefined) {
      entry.instance = undefined;
      if (status === undefined && control === undefined) this.entries.delete(id);
      return;
    }
    entry.instance = {
      ...registered,
      weight: control?.weight ?? registered.weight,
      load: status?.load ?? registered.load,
      draining: control?.draining ?? false,
      status,
    };
  }
}

/** Told of each instance that has come, changed or gone (`undefined`). */
export type OnInstance<P> = (id: string, instance: Instance<P> | undefined) => void;

/** All services, or one of them. */
export class Directory<P> {
  readonly #root: string;
  readonly #schema: StandardSchema<unknown, P> | undefined;
  readonly #name: string | undefined;
  readonly #onInstance: OnInstance<P> | undefined;
  readonly #services = new Map<string, Service<P>>();

  /**
   * @param root the path of the registry
   * @param name of the one service that matters
   */
  constructor(
    root: string,
    schema: StandardSchema<unknown, P> | undefined,
    name?: string,
    onInstance?: OnInstance<P>,
  ) {
    this.#root = root === '/' ? '' : root;
    this.#schema = schema;
    this.#name = name;
    this.#onInstance = onInstance;
  }

  /** The instances of a service, by id. */
  instances(name: string): readonly Instance<P>[] {
    return this.#services.get(name)?.instances ?? [];
  }

  /** Services that have an instance, by name. */
  names(): string[] {
    const names = [...this.#services.keys()].filter((name) => this.instances(name).length > 0);
    return names.sort();
  }

  /** Instances that are gone and still have a status. */
  statusesLeft(): { readonly name: string; readonly id: string }[] {
    return [...this.#services].flatMap(([name, { entries }]) =>
      [...entries]
        .filter(([, { status, registered }]) => status !== undefined && registered === undefined)
        .map(([id]) => ({ name, id })),
    );
  }

  /** @returns whether anything has changed that matters */
  take({ changes }: TreeUpdate<Uint8Array>): boolean {
    let hasChanged = false;
    for (const change of changes) {
      const place = this.#placeOf(change.path);
      if (place === undefined) continue;
      hasChanged = true;
      const data = change.type === 'deleted' ? undefined : change.data;
      this.#set(place.folder, place.name, place.id, data);
    }
    return hasChanged;
  }

  #set(folder: Folder, name: string, id: string, data: Uint8Array | undefined): void {
    const service = this.#services.get(name) ?? new Service<P>();
    this.#services.set(name, service);
    const entry = service.entry(id);
    if (folder === 'status') entry.status = data && statusOf(data);
    else if (folder === 'control') entry.control = data && controlOf(data);
    else entry.registered = data && instanceOf(data, name, id, this.#schema);
    service.refresh(id, entry);
    if (service.entries.size === 0) this.#services.delete(name);
    this.#onInstance?.(id, entry.instance);
  }

  /** Which instance a path speaks of, and what of it. */
  #placeOf(
    path: string,
  ): { readonly folder: Folder; readonly name: string; readonly id: string } | undefined {
    if (!path.startsWith(`${this.#root}/`)) return undefined;
    const [folder, name, id, more] = path.slice(this.#root.length + 1).split('/');
    if (folder === undefined || !isFolder(folder)) return undefined;
    if (name === undefined || id === undefined || more !== undefined) return undefined;
    if (this.#name !== undefined && name !== this.#name) return undefined;
    return { folder, name, id };
  }
}

function isFolder(folder: string): folder is Folder {
  return Object.hasOwn(FOLDERS, folder);
}

/** The instances of one service, as a fold of the changes of a registry. */
export class InstancesFold<P> {
  readonly #directory: Directory<P>;
  readonly #name: string;

  constructor(root: string, name: string, schema: StandardSchema<unknown, P> | undefined) {
    this.#directory = new Directory(root, schema, name);
    this.#name = name;
  }

  take(update: TreeUpdate<Uint8Array>): readonly Instance<P>[] {
    this.#directory.take(update);
    return this.#directory.instances(this.#name);
  }
}

/** One service, as a console shows it. */
export interface ServiceView<P = unknown> {
  /** Of the service. */
  readonly name: string;
  /** By id, with status and load. */
  readonly instances: readonly Instance<P>[];
}

/** All services, as a fold of the changes of a registry. */
export class ServicesFold<P> {
  readonly #directory: Directory<P>;
  #view: readonly ServiceView<P>[] | undefined;

  constructor(root: string, schema: StandardSchema<unknown, P> | undefined) {
    this.#directory = new Directory(root, schema);
  }

  take(update: TreeUpdate<Uint8Array>): readonly ServiceView<P>[] {
    const directory = this.#directory;
    if (directory.take(update) || this.#view === undefined) {
      this.#view = directory.names().map((name) => {
        return { name, instances: directory.instances(name) };
      });
    }
    return this.#view;
  }
}
