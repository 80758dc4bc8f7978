/** Quotas as ZooKeeper lays them out: `/zookeeper/quota/<path>/zookeeper_limits` limits the subtree at `<path>`. */
import { present } from '../base/assert.ts';
import { parentOf } from '../base/path.ts';

const QUOTA_ROOT = '/zookeeper/quota';
const QUOTAS = `${QUOTA_ROOT}/`;
const LIMITS = '/zookeeper_limits';
const STATS = '/zookeeper_stats';

/** Hard limits; -1 is none. ZooKeeper's soft ones (`count`, `bytes`) only warn and are not kept. */
export interface Limits {
  readonly count: number;
  readonly bytes: number;
}

/** What a subtree has: its own root counts. */
export interface Usage {
  readonly count: number;
  readonly bytes: number;
}

/** The path that a limits node limits; undefined if the node is none. */
export function limitedPath(path: string): string | undefined {
  if (!path.startsWith(QUOTAS) || !path.endsWith(LIMITS)) return undefined;
  const limited = path.slice(QUOTA_ROOT.length, -LIMITS.length);
  return limited === '' ? undefined : limited;
}

/**
 * The limits written in a node, such as `count=-1,bytes=-1=;byteHardLimit=1024;countHardLimit=10`.
 * Undefined if it is not of that form.
 */
export function parseLimits(data: Uint8Array): Limits | undefined {
  const values = new Map<string, number>();
  const text = new TextDecoder().decode(data);
  for (const pair of text.split(/[,;]+/)) {
    if (pair === '') continue;
    const match = /^(\w+)=(-?\d{0,15})=?$/.exec(pair);
    if (match === null || match[2] === '-') return undefined;
    values.set(match[1] ?? '', match[2] === '' ? -1 : Number(match[2]));
  }
  return { count: values.get('countHardLimit') ?? -1, bytes: values.get('byteHardLimit') ?? -1 };
}

/** Whether a node may not hold this data, because it is a quota node that says nothing valid or limits the root. */
export function isBadQuotaNode(path: string, data: Uint8Array): boolean {
  if (!path.startsWith(QUOTAS)) return false;
  if (!path.endsWith(LIMITS) && !path.endsWith(STATS)) return false;
  return parentOf(path) === QUOTA_ROOT || parseLimits(data) === undefined;
}

/** What a subtree may have, and has. */
export interface Quota extends Usage {
  readonly limits: Limits;
}

/** The limited paths at or above a path, the nearest first. */
function limitedAbove(path: string, isLimited: (path: string) => boolean): string[] {
  const found: string[] = [];
  for (let at = path; at !== '/'; at = parentOf(at)) if (isLimited(at)) found.push(at);
  return found;
}

/** The quotas of a tree and what of them is used. Every quota above a node is charged for it. */
export class Quotas {
  readonly #quotas: Map<string, Quota>;

  constructor(quotas: Iterable<readonly [string, Quota]> = []) {
    this.#quotas = new Map(quotas);
  }

  get size(): number {
    return this.#quotas.size;
  }

  /** The quota of exactly that path. */
  get(path: string): Quota | undefined {
    return this.#quotas.get(path);
  }

  /** The same, to go on by itself. */
  copy(): Quotas {
    return new Quotas(this.#quotas);
  }

  /** Limits were set; `usage` is counted only if they are new. */
  set(path: string, limits: Limits, usage: () => Usage): void {
    this.#quotas.set(path, { ...(this.#quotas.get(path) ?? usage()), limits });
  }

  delete(path: string): void {
    this.#quotas.delete(path);
  }

  /** A node at `path` was added (or taken away), or has grown. */
  charge(path: string, count: number, bytes: number): void {
    // Apart, for a function that makes closures costs memory even where it comes to none.
    if (this.#quotas.size > 0) this.#charge(path, count, bytes);
  }

  #charge(path: string, count: number, bytes: number): void {
    for (const limited of limitedAbove(path, (at) => this.#quotas.has(at))) {
      const quota = present(this.#quotas.get(limited), 'quota');
      this.#quotas.set(limited, grown(quota, count, bytes));
    }
  }

  /** What a draft has changed. */
  take(changed: QuotaChanges): void {
    for (const [path, quota] of changed) {
      if (quota === undefined) this.#quotas.delete(path);
      else this.#quotas.set(path, quota);
    }
  }
}

/** By path; undefined: the quota is gone. */
export type QuotaChanges = ReadonlyMap<string, Quota | undefined>;

/** Changes laid over some quotas, which stay as they are. */
export class QuotaDraft {
  readonly #below: Quotas;
  readonly #changed = new Map<string, Quota | undefined>();

  constructor(below: Quotas) {
    this.#below = below;
  }

  get changed(): QuotaChanges {
    return this.#changed;
  }

  /** Limits will be set; `usage` is counted only if they are new. */
  set(path: string, limits: Limits, usage: () => Usage): void {
    this.#changed.set(path, { ...(this.#get(path) ?? usage()), limits });
  }

  delete(path: string): void {
    this.#changed.set(path, undefined);
  }

  charge(path: string, count: number, bytes: number): void {
    for (const limited of this.#above(path)) {
      const quota = present(this.#get(limited), 'quota');
      this.#changed.set(limited, grown(quota, count, bytes));
    }
  }

  /** Whether so many nodes and bytes more at a path are more than a quota above allows. Shrinking never is. */
  exceeds(path: string, count: number, bytes: number): boolean {
    return this.#above(path).some((limited) => {
      const quota = present(this.#get(limited), 'quota');
      const { limits } = quota;
      if (count > 0 && limits.count >= 0 && quota.count + count > limits.count) return true;
      return bytes > 0 && limits.bytes >= 0 && quota.bytes + bytes > limits.bytes;
    });
  }

  #get(path: string): Quota | undefined {
    return this.#changed.has(path) ? this.#changed.get(path) : this.#below.get(path);
  }

  #above(path: string): string[] {
    return limitedAbove(path, (at) => this.#get(at) !== undefined);
  }
}

function grown({ limits, ...usage }: Quota, count: number, bytes: number): Quota {
  return { limits, count: usage.count + count, bytes: usage.bytes + bytes };
}
