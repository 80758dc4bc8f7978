/**
 * The witness: every write has its place, the zxid, in the one sequence that the watches tell. Replays the
 * sequence with a model that computes every field, and holds every answer against it.
 */
import { describe, Evidence } from './evidence.ts';
import { deletionsOf, expected } from './expectations.ts';
import {
  type Claim,
  type History,
  isWrite,
  type Operation,
  partsOf,
  type Told,
} from './history.ts';
import { isBrief, isContainer, LIFETIME } from './places.ts';
import { type Step, sequenceOf } from './transactions.ts';
import { isSame, statDifference } from './tree-model.ts';
import { matchDeletions } from './witness-deletions.ts';
import { checkReads } from './witness-reads.ts';

/** What the witness has found, and how much it could look at. */
export interface Testimony {
  readonly violations: readonly string[];
  readonly transactions: number;
  /** Answers that could not be judged, because nobody told of the transactions around them. */
  readonly dark: number;
}

/** Judges a whole run. */
export function witness(history: History): Testimony {
  const sequence = sequenceOf(history.feeds);
  const evidence = new Evidence(history);
  evidence.violations.push(...sequence.violations);
  evidence.holes = sequence.holes;
  let transactions = 0;
  for (const step of sequence.steps) {
    if (step.type === 'transaction') transactions += 1;
    follow(evidence, step);
  }
  matchDeletions(evidence, history.operations);
  checkPlaced(evidence, history.operations);
  checkSessions(evidence, history);
  checkRealTime(evidence, history);
  checkReads(evidence, history.operations);
  checkClaims(evidence, history.claims);
  const { violations, dark } = evidence;
  return { violations, transactions, dark };
}

function follow(evidence: Evidence, step: Step): void {
  const { told } = step;
  if (step.type === 'transaction') {
    take(evidence, told);
    return;
  }
  const { model, violations } = evidence;
  const nodes = told.changes.flatMap((change) => (change.type === 'deleted' ? [] : [change.node]));
  if (step.after === undefined) {
    const differences = model.differences(nodes);
    violations.push(...differences.map((one) => `peer ${step.peer} at ${told.zxid}: ${one}`));
    return;
  }
  model.jump(told);
  for (const { data, stat } of nodes) if (data !== '') evidence.place(data, stat.mzxid);
}

/** One transaction: whose it is, and whether it is what was asked for. */
function take(evidence: Evidence, told: Told): void {
  const { model, violations } = evidence;
  const data = told.changes.flatMap((one) => (one.type === 'deleted' ? [] : [one.node.data]));
  const [id, ...others] = new Set(data.filter((one) => one !== ''));
  if (others.length > 0) violations.push(`${told.zxid} is of ${id} and of ${others}`);
  const operation = id === undefined ? undefined : evidence.place(id, told.zxid);
  if (operation !== undefined) {
    violations.push(...expected(model, operation, told));
  } else if (id === undefined && data.length === 0) {
    takeDeletion(evidence, told);
  }
  violations.push(...evidence.times.take(told));
  const faults = model.apply(told);
  violations.push(...faults.map((fault) => `${told.zxid}: ${fault}`));
  if (operation !== undefined) checkAnswer(evidence, operation, told.zxid);
}

/** The end of sessions takes all their ephemerals at once, and some nodes end by themselves; anything else is what somebody asked for. */
function takeDeletion(evidence: Evidence, { zxid, changes }: Told): void {
  const { model, violations } = evidence;
  const paths = changes.flatMap((change) => (change.type === 'deleted' ? [change.path] : []));
  const [path, ...others] = paths;
  if (path !== undefined && others.length === 0 && (isBrief(path) || isContainer(path))) {
    takeEnd(evidence, zxid, path);
    return;
  }
  const owners = new Set(paths.map((path) => model.node(path)?.stat.ephemeralOwner ?? 0n));
  if (owners.has(0n)) {
    evidence.deletions.push(...deletionsOf(model, zxid, paths));
    return;
  }
  for (const owner of owners) evidence.ends.set(owner, zxid);
  for (const { path, stat } of model.nodes) {
    if (owners.has(stat.ephemeralOwner) && !paths.includes(path)) {
      violations.push(`${zxid} ended session ${stat.ephemeralOwner}, but left its ${path}`);
    }
  }
}

/** A node whose time is over, or a container that is empty again. Nobody else deletes those. */
function takeEnd({ model, times, violations }: Evidence, zxid: bigint, path: string): void {
  const node = model.node(path);
  if (node === undefined) return;
  if (isBrief(path)) times.remove({ zxid, path, due: node.stat.mtime + LIFETIME });
  else if (node.stat.cversion === 0)
    violations.push(`${zxid} deleted ${path}, which was never used`);
}

/** What the caller was told is what the tree was then. */
function checkAnswer({ model, violations }: Evidence, operation: Operation, zxid: bigint): void {
  const { reply } = operation;
  if (reply?.type !== 'written') return;
  for (const seen of reply.results) {
    const node = seen && model.node(seen.path);
    if (seen === undefined || (node !== undefined && isSame(seen, node))) continue;
    const difference =
      node === undefined ? 'it is not there' : statDifference(seen.stat, node.stat);
    violations.push(`${describe(operation)} at ${zxid} was told of ${seen.path}: ${difference}`);
  }
}

/** What was acknowledged is there. */
function checkPlaced(evidence: Evidence, operations: readonly Operation[]): void {
  for (const operation of operations) {
    const { id, outcome, request, reply } = operation;
    if (!isWrite(request) || outcome !== 'applied' || evidence.places.has(id)) continue;
    // Of deletions it may be that nobody can say which is whose.
    if (request.kind === 'delete' || request.kind === 'delete-all') continue;
    const told =
      reply?.type === 'written' ? reply.results.find((seen) => seen !== undefined) : undefined;
    const zxid = told?.stat.mzxid;
    const tells = partsOf(request).some(({ kind }) => kind === 'create' || kind === 'set');
    if (!tells && request.kind === 'multi') continue;
    if (evidence.isDark(zxid === undefined ? 0n : zxid - 1n, zxid && zxid + 1n)) evidence.dark += 1;
    else
      evidence.violations.push(`${describe(operation)} was acknowledged and is nowhere: ${zxid}`);
  }
}

/** Writes of one session take effect in their order, and none after its end. */
function checkSessions({ places, ends, violations }: Evidence, { operations }: History): void {
  const latest = new Map<bigint, Operation>();
  for (const operation of operations) {
    const { session, id } = operation;
    const place = places.get(id);
    if (place === undefined) continue;
    const before = latest.get(session);
    if (before !== undefined && (places.get(before.id) ?? 0n) >= place) {
      violations.push(`${describe(operation)} took effect before ${describe(before)}`);
    }
    latest.set(session, operation);
    const end = ends.get(session);
    if (end !== undefined && place > end) {
      violations.push(`${describe(operation)} at ${place}: its session had ended at ${end}`);
    }
  }
}

/** What was answered before something else was asked has its place before it. */
function checkRealTime({ places, ends, violations, operations }: Evidence, history: History): void {
  const spans = [...places].map(([id, zxid]) => {
    const operation = operations.get(id);
    return {
      zxid,
      what: operation === undefined ? id : describe(operation),
      invoked: operation?.invoked ?? Number.NEGATIVE_INFINITY,
      returned: operation?.returned ?? Number.POSITIVE_INFINITY,
    };
  });
  for (const [zxid, returned] of history.told) {
    spans.push({ zxid, what: 'a watch', invoked: Number.NEGATIVE_INFINITY, returned });
  }
  for (const { session, at } of history.closed) {
    const zxid = ends.get(session);
    const what = `the end of session ${session}`;
    if (zxid !== undefined) {
      spans.push({ zxid, what, invoked: Number.NEGATIVE_INFINITY, returned: at });
    }
  }
  spans.sort((a, b) => (a.zxid < b.zxid ? 1 : -1));
  let earliest: (typeof spans)[number] | undefined;
  for (const span of spans) {
    if (earliest !== undefined && earliest.returned < span.invoked) {
      violations.push(
        `${span.what} at ${span.zxid} was asked after the answer to ${earliest.what} at ${earliest.zxid}`,
      );
    }
    if (earliest === undefined || span.returned < earliest.returned) earliest = span;
  }
}

/** A lock has one holder at a time. */
function checkClaims({ violations }: Evidence, claims: readonly Claim[]): void {
  const sorted = [...claims].sort((a, b) => a.from - b.from || a.to - b.to);
  const last = new Map<string, Claim>();
  for (const claim of sorted) {
    const before = last.get(claim.lock);
    if (before !== undefined && before.holder !== claim.holder && claim.from < before.to) {
      violations.push(
        `${claim.lock} was held by ${before.holder} until ${before.to}, and by ${claim.holder} from ${claim.from}`,
      );
    }
    if (before === undefined || claim.to > before.to) last.set(claim.lock, claim);
  }
}
