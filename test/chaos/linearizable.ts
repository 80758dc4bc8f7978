/**
 * A black box: is there any order of what was asked of one register, each operation at one instant between
 * its call and its answer, in which every answer is right? The search of Wing and Gong, with Lowe's memory of
 * the states it has been in. No zxid is looked at; versions are, as they are part of what the register is.
 */
import type { Operation, Request } from './history.ts';

/** What the register is: nothing, or a value that has been set so many times. */
type State = { readonly value: string; readonly version: number } | undefined;

/** One operation of the search. */
interface Call {
  readonly operation: Operation;
  readonly bit: bigint;
  /** It took place for certain. */
  readonly must: boolean;
}

/** The answer of the search; `given up`: it would have had to remember too many states. */
export type Judgement = 'linearizable' | 'impossible' | 'given up';

/** So many states are remembered, and no more are looked at: it bounds memory and time alike. */
export const STATES_MAX = 200_000;
/** Answers that say something of the register. */
const TELLING = new Set(['NO_NODE', 'NODE_EXISTS', 'BAD_VERSION']);

/** Judges all that was asked of one register, which did not exist before. */
export function judge(operations: readonly Operation[], statesMax: number = STATES_MAX): Judgement {
  const calls = operations
    .filter(isTelling)
    .sort((a, b) => a.invoked - b.invoked)
    .map((operation, at) => ({ operation, bit: 1n << BigInt(at), must: isCertain(operation) }));
  const needed = calls.reduce((bits, { must, bit }) => (must ? bits | bit : bits), 0n);
  const seen = new Set<string>();
  const stack: { readonly done: bigint; readonly state: State }[] = [
    { done: 0n, state: undefined },
  ];
  while (seen.size <= statesMax) {
    const top = stack.pop();
    if (top === undefined) return 'impossible';
    if ((top.done & needed) === needed) return 'linearizable';
    for (const { operation, bit } of mayBeNext(calls, top.done)) {
      const next = step(operation, top.state);
      if (next === 'refused') continue;
      const done = top.done | bit;
      const key = `${shortened(done, calls.length)} ${next.state?.value} ${next.state?.version}`;
      if (seen.has(key)) continue;
      seen.add(key);
      stack.push({ done, state: next.state });
    }
  }
  return 'given up';
}

/** A set of calls as text: how many are in it from the first on without a gap, and which besides. */
function shortened(done: bigint, length: number): string {
  let first = 0;
  while (first < length && ((done >> BigInt(first)) & 1n) === 1n) first += 1;
  return `${first}+${(done >> BigInt(first)).toString(36)}`;
}

/** Those that began before any other that is left had ended. The latest first, so that the earliest is tried first. */
function mayBeNext(calls: readonly Call[], done: bigint): readonly Call[] {
  const next: Call[] = [];
  let end = Number.POSITIVE_INFINITY;
  for (const call of calls) {
    if (call.operation.invoked > end) break;
    if ((done & call.bit) !== 0n) continue;
    next.push(call);
    if (call.must) end = Math.min(end, call.operation.returned);
  }
  return next.reverse();
}

/** A read that failed, and a write that was certainly not applied for another reason, say nothing. */
function isTelling({ reply, outcome, request }: Operation): boolean {
  if (request.kind === 'get') return reply?.type === 'read';
  return outcome !== 'not-applied' || (reply?.type === 'failed' && TELLING.has(reply.code));
}

function isCertain({ reply, outcome }: Operation): boolean {
  if (outcome === 'applied' || reply?.type === 'read') return true;
  return reply?.type === 'failed' && outcome === 'not-applied';
}

type Stepped = { readonly state: State } | 'refused';

/** What the register is after an operation; refused: the answer would have been another one. */
function step(operation: Operation, state: State): Stepped {
  const { request, reply } = operation;
  if (reply?.type === 'read') {
    const { node } = reply;
    const right = node?.data === state?.value && node?.stat.version === state?.version;
    return right ? { state } : 'refused';
  }
  const result = written(request, operation.id, state);
  if (reply?.type === 'failed' && operation.outcome === 'not-applied') {
    return result === reply.code ? { state } : 'refused';
  }
  // Nobody knows of it, and it changed nothing: as if it had never been.
  if (typeof result === 'string') return 'refused';
  if (reply?.type === 'written') {
    const told = reply.results[0];
    if (told !== undefined && told.stat.version !== result.state?.version) return 'refused';
  }
  return result;
}

function written(request: Request, id: string, state: State): { readonly state: State } | string {
  if (request.kind === 'create') {
    return state === undefined ? { state: { value: id, version: 0 } } : 'NODE_EXISTS';
  }
  if (request.kind !== 'set' && request.kind !== 'delete') return 'not an operation of a register';
  if (state === undefined) return 'NO_NODE';
  if (request.version !== undefined && request.version !== state.version) return 'BAD_VERSION';
  if (request.kind === 'delete') return { state: undefined };
  return { state: { value: id, version: state.version + 1 } };
}
