/** A barrier: it opens when so many stand there, and nobody passes while it is closed. */
import type { Deed } from '../history.ts';
import { ARRIVALS, placeOf } from './recipe-places.ts';
import type { Replayed } from './replay.ts';

const READY = `${placeOf('barrier')}/ready`;
const ARRIVAL = `${placeOf('barrier')}/_c_`;

/** What was found, and how often somebody passed. */
export interface BarrierTestimony {
  readonly violations: readonly string[];
  readonly openings: number;
  readonly passages: number;
}

/** Judges all passages. */
export function witnessBarrier(deeds: readonly Deed[], replayed: Replayed): BarrierTestimony {
  const { model, transactions, holes } = replayed;
  const violations: string[] = [];
  let openings = 0;
  for (const { zxid, changes } of transactions) {
    if (!changes.some((one) => one.type === 'created' && one.node.path === READY)) continue;
    openings += 1;
    const gone = changes.filter((one) => one.type === 'deleted' && one.path.startsWith(ARRIVAL));
    if (gone.length < ARRIVALS) violations.push(`${zxid} opened it for ${gone.length}`);
  }
  const states = model.versions(READY);
  const asked = new Map<string, bigint>();
  let passages = 0;
  for (const { deed, id, step, value } of deeds) {
    if (deed !== 'pass' || value === undefined) continue;
    if (step === 'asked') asked.set(id, value);
    if (step !== 'done') continue;
    passages += 1;
    const from = asked.get(id) ?? 0n;
    // Open at some moment between: a state that began before the end, and the next one not before the beginning.
    const wasOpen = states.some(({ zxid, node }, at) => {
      const until = states[at + 1]?.zxid;
      return node !== undefined && zxid <= value && (until === undefined || until > from);
    });
    if (wasOpen || holes.some(({ after, until }) => until > from && after < value)) continue;
    violations.push(`${id} passed between ${from} and ${value}, while it was closed`);
  }
  return { violations, openings, passages };
}
