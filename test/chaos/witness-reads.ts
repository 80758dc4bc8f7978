/** Every answer that only looks: there was a moment at which the tree was like that, and it was not too early and not too late. */
import { Bounds } from './bounds.ts';
import { describe, type Evidence } from './evidence.ts';
import { refusal } from './expectations.ts';
import { isWrite, type Operation, partsOf, type Seen } from './history.ts';
import { isSame, type ModelNode, parentOf, type Version } from './tree-model.ts';

/** Answers that say something of the tree. */
const TELLING: ReadonlySet<string> = new Set([
  'NO_NODE',
  'NODE_EXISTS',
  'BAD_VERSION',
  'NOT_EMPTY',
  'NO_AUTH',
]);

/** Reads of a session never go back; those that ask for it are as new as anything that was answered before. */
export function checkReads(evidence: Evidence, operations: readonly Operation[]): void {
  const bounds = new Bounds(operations, evidence.places, evidence.told);
  const answered = operations.filter(({ returned }) => returned !== Number.POSITIVE_INFINITY);
  const ends = [...answered].sort((a, b) => a.returned - b.returned);
  const begins = [...answered].sort((a, b) => a.invoked - b.invoked);
  const shown = new Map<bigint, bigint>();
  /** What its session had been shown when each operation began. */
  const from = new Map<Operation, bigint>();
  let next = 0;
  for (const operation of ends) {
    const { session } = operation;
    for (let one = begins[next]; one && one.invoked <= operation.returned; one = begins[++next]) {
      from.set(one, shown.get(one.session) ?? 0n);
    }
    const zxid = shownBy(evidence, bounds, operation, from.get(operation) ?? 0n);
    if (zxid !== undefined && zxid > (shown.get(session) ?? 0n)) shown.set(session, zxid);
  }
}

/** The earliest transaction that the answer must have seen. */
function shownBy(
  evidence: Evidence,
  bounds: Bounds,
  operation: Operation,
  before: bigint,
): bigint | undefined {
  const { request, reply, id } = operation;
  const placed = evidence.places.get(id);
  if (placed !== undefined || reply === undefined) return placed;
  const isFresh = isWrite(request) || ('linearizable' in request && request.linearizable);
  const answered = isFresh ? bounds.after(operation.invoked) : 0n;
  const window = {
    from: answered > before ? answered : before,
    to: bounds.before(operation.returned),
  };
  const look = lookFor(operation);
  if (look === undefined) return undefined;
  const found = firstMoment(evidence, look, window);
  if (found !== undefined) return found;
  if (evidence.isDark(window.from, window.to)) evidence.dark += 1;
  else {
    const told = JSON.stringify(reply, (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const end = window.to ?? 'the end';
    evidence.violations.push(
      `${describe(operation)} was never so from ${window.from} to ${end}: ${told}`,
    );
  }
  return undefined;
}

/** Paths that an answer speaks of, and whether it is right for what they are. */
interface Look {
  readonly paths: readonly string[];
  readonly isRight: (node: (path: string) => ModelNode | undefined) => boolean;
}

function lookFor({ request, reply, isKeeper }: Operation): Look | undefined {
  if (reply?.type === 'failed') {
    const part = partsOf(request)[reply.index ?? 0];
    if (reply.outcome !== 'not-applied' || !TELLING.has(reply.code)) return undefined;
    if (part === undefined) return undefined;
    const paths = [part.path, parentOf(part.path)];
    return { paths, isRight: (node) => refusal({ node }, part, isKeeper) === reply.code };
  }
  if (!('linearizable' in request)) return undefined;
  const { path } = request;
  if (reply?.type === 'names') {
    const names = reply.names.join('/');
    const isRight = (node: ModelNode | undefined): boolean =>
      node !== undefined && [...node.names].sort().join('/') === names;
    return { paths: [path], isRight: (node) => isRight(node(path)) };
  }
  if (reply?.type !== 'read') return undefined;
  return { paths: [path], isRight: (node) => isSeen(reply.node, node(path)) };
}

function isSeen(seen: Seen | undefined, node: ModelNode | undefined): boolean {
  if (seen === undefined || node === undefined) return seen === node;
  return isSame(seen, node);
}

/** The first transaction of the window after which the answer was right. */
function firstMoment(
  { model }: Evidence,
  { paths, isRight }: Look,
  { from, to }: { readonly from: bigint; readonly to: bigint | undefined },
): bigint | undefined {
  const moments = new Set<bigint>([from]);
  for (const path of paths) {
    const versions = model.versions(path);
    for (let at = indexAt(versions, from) + 1; at < versions.length; at += 1) {
      const zxid = versions[at]?.zxid ?? 0n;
      if (to !== undefined && zxid >= to) break;
      moments.add(zxid);
      // The first of one path that fits is all that is asked for.
      if (paths.length === 1 && isRight(() => versions[at]?.node)) break;
    }
  }
  const sorted = [...moments].sort((a, b) => (a < b ? -1 : 1));
  return sorted.find((zxid) => {
    return isRight((path) => {
      const versions = model.versions(path);
      return versions[indexAt(versions, zxid)]?.node;
    });
  });
}

/** The state at that transaction. */
function indexAt(versions: readonly Version[], zxid: bigint): number {
  let low = 0;
  let high = versions.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((versions[middle]?.zxid ?? 0n) <= zxid) low = middle;
    else high = middle;
  }
  return low;
}
