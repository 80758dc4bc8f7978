/** What the witness knows so far. */
import type { History, Instant, Operation } from './history.ts';
import { Times } from './times.ts';
import type { Hole } from './transactions.ts';
import { TreeModel } from './tree-model.ts';

/** A deletion that the watches told. */
export interface Deletion {
  readonly zxid: bigint;
  readonly path: string;
  /** Of the node, when it went. */
  readonly version: number;
  /** Nothing was below it. */
  readonly single: boolean;
}

/** What has been found so far. */
export class Evidence {
  readonly model: TreeModel = new TreeModel();
  readonly operations: ReadonlyMap<string, Operation>;
  readonly told: ReadonlyMap<bigint, Instant>;
  readonly violations: string[] = [];
  /** Where each operation took effect. */
  readonly places: Map<string, bigint> = new Map();
  /** When the ephemerals of a session went. */
  readonly ends: Map<bigint, bigint> = new Map();
  readonly deletions: Deletion[] = [];
  readonly times: Times = new Times();
  holes: readonly Hole[] = [];
  dark = 0;

  constructor({ operations, told }: Pick<History, 'operations' | 'told'>) {
    this.told = told;
    this.operations = new Map(operations.map((operation) => [operation.id, operation]));
  }

  /** An operation must be where it is told to be, once, and nobody may have been told that it is nowhere. */
  place(id: string, zxid: bigint): Operation | undefined {
    const operation = this.operations.get(id);
    if (operation === undefined) {
      this.violations.push(`${zxid} holds '${id}', which nobody asked for`);
      return undefined;
    }
    const before = this.places.get(id);
    if (before !== undefined && before !== zxid) {
      this.violations.push(`${describe(operation)} took effect twice, at ${before} and ${zxid}`);
    }
    if (operation.outcome === 'not-applied') {
      this.violations.push(`${describe(operation)} is at ${zxid}, but was told not to be applied`);
    }
    this.places.set(id, zxid);
    return operation;
  }

  isDark(from: bigint, to: bigint | undefined): boolean {
    return this.holes.some(({ after, until }) => until > from && (to === undefined || after < to));
  }
}

/** An operation in words. */
export function describe({ id, peer, request, reply }: Operation): string {
  const what = JSON.stringify(request);
  const told = reply?.type === 'failed' ? ` (${reply.code}, ${reply.outcome})` : '';
  return `${id} of peer ${peer}: ${what}${told}`;
}
