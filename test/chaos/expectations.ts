/** What an operation does to a tree, and when it is refused. */
import type { Deletion } from './evidence.ts';
import type { Operation, Part, Told } from './history.ts';
import { partsOf } from './history.ts';
import { isKept } from './places.ts';
import { type ModelNode, parentOf, type TreeModel } from './tree-model.ts';

/** The digits behind a sequential name: one for each child that was ever created. */
function sequenceOf(parent: ModelNode | undefined): string {
  const { cversion = 0, numChildren = 0 } = parent?.stat ?? {};
  return String((cversion + numChildren) / 2).padStart(10, '0');
}

/** Why the operation could not do what the transaction tells that it did; nothing, if it could. */
export function expected(model: TreeModel, operation: Operation, told: Told): string[] {
  const { id, request, session, isKeeper } = operation;
  const parts = partsOf(request);
  const faults = parts.flatMap((part) => {
    const isNumbered = part.kind === 'create' && part.mode === 'sequential';
    const code = isNumbered ? undefined : refusal(model, part, isKeeper);
    return code === undefined ? [] : [`${code} should have been the answer for ${part.path}`];
  });
  const wanted = parts
    .filter(({ kind }) => kind !== 'check')
    .map((part) => shape(model, part, session));
  const found = told.changes.map((change) => {
    if (change.type === 'deleted') return `deleted ${change.path}`;
    return `${change.type} ${change.node.path} ${change.node.stat.ephemeralOwner}`;
  });
  if (wanted.sort().join() !== found.sort().join()) {
    faults.push(`did [${found.join(', ')}] instead of [${wanted.join(', ')}]`);
  }
  return faults.map((fault) => `${id} at ${told.zxid}: ${fault}`);
}

function shape(model: TreeModel, part: Part, session: bigint): string {
  switch (part.kind) {
    case 'create': {
      const digits = part.mode === 'sequential' ? sequenceOf(model.node(parentOf(part.path))) : '';
      return `created ${part.path}${digits} ${part.mode === 'ephemeral' ? session : 0n}`;
    }
    case 'set':
      return `changed ${part.path} ${model.node(part.path)?.stat.ephemeralOwner}`;
    default:
      return `deleted ${part.path}`;
  }
}

/** The code with which a write must be refused in that state of the tree; undefined: it must not be. */
export function refusal(
  model: Pick<TreeModel, 'node'>,
  part: Part,
  isKeeper: boolean,
): string | undefined {
  const node = model.node(part.path);
  const above = parentOf(part.path);
  const mayList = isKeeper || !isKept(above);
  if (part.kind === 'create') {
    if (model.node(above) === undefined) return 'NO_NODE';
    if (!mayList) return 'NO_AUTH';
    return node === undefined ? undefined : 'NODE_EXISTS';
  }
  if (part.kind === 'delete' && model.node(above) !== undefined && !mayList) return 'NO_AUTH';
  if (node === undefined) return 'NO_NODE';
  if (part.kind === 'set' && isKept(part.path) && !isKeeper) return 'NO_AUTH';
  if (part.version !== undefined && part.version !== node.stat.version) return 'BAD_VERSION';
  return part.kind === 'delete' && node.stat.numChildren > 0 ? 'NOT_EMPTY' : undefined;
}

/** The deletions that somebody must have asked for: of one node, or of one and all below it. */
export function deletionsOf(model: TreeModel, zxid: bigint, paths: readonly string[]): Deletion[] {
  const [top] = [...paths].sort((a, b) => a.length - b.length);
  if (top === undefined) return [];
  const whole = paths.every((path) => path === top || path.startsWith(`${top}/`));
  const version = model.node(top)?.stat.version ?? 0;
  return [{ zxid, path: whole ? top : paths.join(' '), version, single: paths.length === 1 }];
}
