/** A double barrier: a round begins when so many stand there, and who is told that all have left is told the truth. */
import { grouped } from '../grouped.ts';
import type { Deed, GrantTold, History } from '../history.ts';
import { PARTNERS, placeOf } from './recipe-places.ts';
import type { Replayed } from './replay.ts';

const FOLDER = placeOf('rounds');
const READY = `${FOLDER}/ready`;

/** What was found, and how many rounds there were. */
export interface RoundsTestimony {
  readonly violations: readonly string[];
  readonly rounds: number;
  readonly visits: number;
}

/** Judges all rounds. */
export function witnessRounds(
  { deeds, grants, claims }: Pick<History, 'deeds' | 'grants' | 'claims'>,
  replayed: Replayed,
): RoundsTestimony {
  const visits = grants.filter(({ contested }) => contested === 'rounds');
  const { violations, rounds } = checkRounds(replayed);
  const roundOf = new Map<string, bigint>();
  for (const visit of visits) {
    const round = findRound(visit, replayed);
    if (round === 'dark') continue;
    if (round === undefined) violations.push(`${visit.holder} was let in, and no round was open`);
    else roundOf.set(visit.holder, round);
  }
  // By the clock: whoever is told that all have left, nobody of that round says later that it is in.
  const lastSaid = new Map<string, number>();
  for (const { lock, holder, to } of claims) {
    if (lock === 'rounds') lastSaid.set(holder, Math.max(to, lastSaid.get(holder) ?? to));
  }
  for (const [, members] of grouped([...roundOf.keys()], (holder) => String(roundOf.get(holder)))) {
    for (const { id, at } of leavesOf(deeds, members)) {
      const late = members.find((other) => (lastSaid.get(other) ?? 0) > at);
      if (late !== undefined)
        violations.push(`${id} was told that all have left, and ${late} was in`);
    }
  }
  return { violations, rounds, visits: visits.length };
}

function leavesOf(deeds: readonly Deed[], members: readonly string[]): readonly Deed[] {
  return deeds.filter(({ deed, id, step }) => {
    return deed === 'leave' && step === 'done' && members.includes(id);
  });
}

/** It takes so many to open one, and nobody stands there when it is over. */
function checkRounds({ model, transactions }: Replayed): { violations: string[]; rounds: number } {
  const violations: string[] = [];
  let rounds = 0;
  const folders = new Map(model.versions(FOLDER).map(({ zxid, node }) => [zxid, node]));
  for (const { zxid, changes } of transactions) {
    const folder = folders.get(zxid);
    const members = [...(folder?.names ?? [])].filter((name) => name !== 'ready');
    const isOpened = changes.some((one) => one.type === 'created' && one.node.path === READY);
    const isOver = changes.some((one) => one.type === 'deleted' && one.path === READY);
    // What is made and deleted in one transaction was only looked for.
    if (isOpened === isOver || folder === undefined) continue;
    if (isOpened) rounds += 1;
    if (isOpened && members.length < PARTNERS) {
      violations.push(`${zxid} began a round of ${members.length}`);
    }
    if (isOver && members.length > 0)
      violations.push(`${zxid} ended a round with ${members.join()} in it`);
  }
  return { violations, rounds };
}

/** The round that was open at some moment between its node and its being told; `dark`: nobody told. */
function findRound(
  { fence, zxid: told }: GrantTold,
  { model, holes }: Replayed,
): bigint | 'dark' | undefined {
  const states = model.versions(READY);
  const open = states.filter(({ zxid, node }, at) => {
    const until = states[at + 1]?.zxid;
    return node !== undefined && zxid <= told && (until === undefined || until > fence);
  });
  const last = open.at(-1)?.node;
  if (last !== undefined) return last.stat.czxid;
  return holes.some(({ after, until }) => until > fence && after < told) ? 'dark' : undefined;
}
