/** A counter: everything that was counted is in the sum once, and each sum is what it was when it was told. */
import type { Deed } from '../history.ts';

/** One addition. */
interface Addition {
  readonly id: string;
  readonly delta: bigint;
  readonly asked: number;
  /** Undefined: nobody was told that it was done. */
  returned?: number;
  sum?: bigint;
  /** Whoever asked was told that it was not. */
  isUndone: boolean;
}

/** @param final the number in the end; undefined: nobody told */
export function witnessCounter(deeds: readonly Deed[], final: bigint | undefined): string[] {
  const additions = [...additionsOf(deeds)];
  const counted = additions.filter(({ returned }) => returned !== undefined);
  const possible = additions.filter(({ isUndone }) => !isUndone);
  const violations = [...checkSums(counted), ...checkTime(counted)];
  const [least, most] = [total(counted), total(possible)];
  if (final !== undefined && (final < least || final > most)) {
    violations.push(`the counter is ${final}: ${least} were counted, and ${most} may have been`);
  }
  return violations;
}

function additionsOf(deeds: readonly Deed[]): Iterable<Addition> {
  const additions = new Map<string, Addition>();
  for (const { deed, id, step, at, value } of deeds) {
    if (deed !== 'add') continue;
    const addition = additions.get(id);
    if (step === 'asked') {
      additions.set(id, { id, delta: value ?? 0n, asked: at, isUndone: false });
    } else if (addition !== undefined) {
      if (step === 'not done') addition.isUndone = true;
      else addition.returned = at;
      if (value !== undefined) addition.sum = value;
    }
  }
  return additions.values();
}

function total(additions: readonly Addition[]): bigint {
  return additions.reduce((sum, { delta }) => sum + delta, 0n);
}

function byNumber(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** From what it found to what it left is each addition's own. */
function checkSums(additions: readonly Addition[]): string[] {
  const told = additions.flatMap(({ id, delta, sum }) => {
    return sum === undefined ? [] : [{ id, from: sum - delta, sum }];
  });
  told.sort((a, b) => byNumber(a.sum, b.sum));
  return told.flatMap(({ id, from, sum }, at) => {
    const before = told[at - 1];
    const least = before?.sum ?? 0n;
    return from >= least
      ? []
      : [`${id} made ${from} to ${sum}, and ${before?.id} had made ${least}`];
  });
}

/** What was asked for after an answer has the higher sum. */
function checkTime(additions: readonly Addition[]): string[] {
  const answered = additions
    .filter(({ sum }) => sum !== undefined)
    .sort((a, b) => (a.returned ?? 0) - (b.returned ?? 0));
  const asked = [...answered].sort((a, b) => a.asked - b.asked);
  const violations: string[] = [];
  let highest: Addition | undefined;
  let next = 0;
  for (const addition of asked) {
    for (let one = answered[next]; one !== undefined; one = answered[next]) {
      if ((one.returned ?? 0) >= addition.asked) break;
      if (highest === undefined || (one.sum ?? 0n) > (highest.sum ?? 0n)) highest = one;
      next += 1;
    }
    if (highest !== undefined && (addition.sum ?? 0n) <= (highest.sum ?? 0n)) {
      const before = `${highest.id}, which had made ${highest.sum}`;
      violations.push(`${addition.id} made ${addition.sum}, and was asked for after ${before}`);
    }
  }
  return violations;
}
