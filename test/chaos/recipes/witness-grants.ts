/**
 * Who held what, in the order of the transactions: a grant begins with what its holder had seen of the tree
 * when it was told, and ends where its node goes. And by the clock: what holders said of the same time.
 */
import { grouped } from '../grouped.ts';
import type { Claim, GrantTold, History, Told } from '../history.ts';
import type { Hole } from '../transactions.ts';
import type { TreeModel } from '../tree-model.ts';
import { logOf, roomOf, WRITTEN } from './recipe-places.ts';
import type { Replayed } from './replay.ts';

/** What the witness has found. */
export interface GrantsTestimony {
  readonly violations: readonly string[];
  /** Grants of whose nodes nobody told. */
  readonly dark: number;
  /** Writes that a grant guarded. */
  readonly guarded: number;
}

/** From the transaction at which it was granted, up to the one at which it was nobody's any more. */
interface Span {
  readonly grant: GrantTold;
  /** Undefined: it was there to the last. */
  readonly end: bigint | undefined;
}

/** Judges a whole run. @param replayed what the watches told of it */
export function witnessGrants({ grants, claims }: History, replayed: Replayed): GrantsTestimony {
  const { model, holes, transactions } = replayed;
  const violations: string[] = [];
  const spans: Span[] = [];
  let dark = 0;
  for (const grant of grants) {
    const span = spanOf(model, holes, grant);
    if (span !== undefined) spans.push(span);
    else if (holes.some(({ until }) => until > grant.fence)) dark += 1;
    else violations.push(`${grant.holder} was granted ${grant.path}, which never was`);
  }
  for (const [contested, own] of grouped(spans, ({ grant }) => grant.contested)) {
    violations.push(...checkSpans(contested, own));
  }
  for (const [lock, own] of grouped(claims, ({ lock }) => lock)) {
    violations.push(...checkClaims(lock, own));
  }
  const guarded = checkWrites(transactions, spans, violations);
  return { violations, dark, guarded };
}

/** Undefined: nobody told of its node. Names are never given twice. */
function spanOf(model: TreeModel, holes: readonly Hole[], grant: GrantTold): Span | undefined {
  const versions = model.versions(grant.path);
  if (!versions.some(({ node }) => node?.stat.czxid === grant.fence)) return undefined;
  const last = versions.at(-1);
  if (last?.node !== undefined) return { grant, end: undefined };
  const died = last?.zxid ?? 0n;
  // What went while nobody told did so after the last that was told before.
  const hole = holes.find(({ after, until }) => died > after && died <= until);
  return { grant, end: hole === undefined ? died : hole.after + 1n };
}

/** Never too much at once, and who holds it alone has a higher fence than whoever held it before. */
function checkSpans(contested: string, spans: readonly Span[]): string[] {
  const violations: string[] = [];
  const room = roomOf(contested);
  const own = [...spans].sort((a, b) => (a.grant.zxid < b.grant.zxid ? -1 : 1));
  let held: Span[] = [];
  let fence = 0n;
  for (const span of own) {
    const { grant, end } = span;
    held = held.filter((one) => one.end === undefined || one.end > grant.zxid);
    if (end !== undefined && end <= grant.zxid) continue;
    held.push(span);
    const sum = held.reduce((all, one) => all + one.grant.weight, 0);
    if (sum > room) {
      const holders = held.map((one) => `${one.grant.holder} until ${one.end}`).join(', ');
      violations.push(`${contested} at ${grant.zxid}: ${sum} of ${room} are held: ${holders}`);
    }
    if (grant.weight < room) continue;
    if (grant.fence <= fence) {
      violations.push(`${contested}: ${grant.holder} has the fence ${grant.fence} after ${fence}`);
    }
    fence = grant.fence;
  }
  return violations;
}

/** By the clock of the machine, which all processes share. */
function checkClaims(contested: string, claims: readonly Claim[]): string[] {
  const violations: string[] = [];
  const whole = new Map<string, Claim>();
  for (const claim of claims) {
    const known = whole.get(claim.holder);
    if (known === undefined || claim.to > known.to) whole.set(claim.holder, claim);
  }
  let held: Claim[] = [];
  for (const claim of [...whole.values()].sort((a, b) => a.from - b.from)) {
    held = held.filter(({ to }) => to > claim.from);
    held.push(claim);
    const sum = held.reduce((all, one) => all + (one.weight ?? 1), 0);
    if (sum <= roomOf(contested)) continue;
    const holders = held.map(({ holder, to }) => `${holder} until ${to}`).join(', ');
    violations.push(`${contested} at the instant ${claim.from}: ${sum} are held: ${holders}`);
  }
  return violations;
}

/** A guarded write is there only while its grant is, and none comes after one of a later grant. */
function checkWrites(
  transactions: readonly Told[],
  spans: readonly Span[],
  violations: string[],
): number {
  const byHolder = new Map(spans.map((span) => [span.grant.holder, span]));
  const logs = new Set(WRITTEN.map(logOf));
  const fences = new Map<string, bigint>();
  let writes = 0;
  for (const { zxid, changes } of transactions) {
    for (const change of changes) {
      if (change.type !== 'changed') continue;
      const { path, data } = change.node;
      const span = logs.has(path) ? byHolder.get(data) : undefined;
      if (span === undefined) continue;
      writes += 1;
      const { fence } = span.grant;
      if (zxid < fence || (span.end !== undefined && zxid > span.end)) {
        violations.push(`${path} at ${zxid} was written by ${data}, whose grant was over`);
      }
      if (fence < (fences.get(path) ?? 0n)) {
        violations.push(`${path} at ${zxid} was written by ${data} after a later holder wrote`);
      }
      fences.set(path, fence);
    }
  }
  return writes;
}
