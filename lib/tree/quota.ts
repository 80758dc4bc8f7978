/** Quotas as ZooKeeper lays them out: `/zookeeper/quota/<path>/zookeeper_limits` limits the subtree at `<path>`. */
import { parentOf } from '../base/path.ts';

const QUOTA_ROOT = '/zookeeper/quota';
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
  if (!path.startsWith(`${QUOTA_ROOT}/`) || !path.endsWith(LIMITS)) return undefined;
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
  if (!path.startsWith(`${QUOTA_ROOT}/`)) return false;
  if (!path.endsWith(LIMITS) && !path.endsWith(STATS)) return false;
  return parentOf(path) === QUOTA_ROOT || parseLimits(data) === undefined;
}

interface Quota {
  limits: Limits;
  count: number;
  bytes: number;
}

/** The quotas of a tree and what of them is used. Every quota above a node is charged for it. */
export class Quotas {
  readonly #quotas = new Map<string, Quota>();

  get size(): number {
    return this.#quotas.size;
  }

  limits(path: string): Limits | undefined {
    return this.#quotas.get(path)?.limits;
  }

  usage(path: string): Usage | undefined {
    const quota = this.#quotas.get(path);
    return quota === undefined ? undefined : { count: quota.count, bytes: quota.bytes };
  }

  /** Limits were set; `usage` is counted only if they are new. */
  set(path: string, limits: Limits, usage: () => Usage): void {
    const quota = this.#quotas.get(path);
    if (quota === undefined) this.#quotas.set(path, { limits, ...usage() });
    else quota.limits = limits;
  }

  delete(path: string): void {
    this.#quotas.delete(path);
  }

  /** The limited paths at or above a path, the nearest first. */
  above(path: string): string[] {
    const found: string[] = [];
    if (this.#quotas.size === 0) return found;
    for (let at = path; at !== '/'; at = parentOf(at)) if (this.#quotas.has(at)) found.push(at);
    return found;
  }

  /** A node at `path` was added (or taken away), or has grown. */
  charge(path: string, count: number, bytes: number): void {
    for (const limited of this.above(path)) {
      const quota = this.#quotas.get(limited);
      if (quota === undefined) continue;
      quota.count += count;
      quota.bytes += bytes;
    }
  }
}
