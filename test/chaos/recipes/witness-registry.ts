/**
 * Services: who is registered is there, and is there again by its own name when its session has ended; who is gone
 * is chosen no more by whoever has seen that.
 */
import { grouped } from '../grouped.ts';
import type { Deed, Instant } from '../history.ts';
import { placeOf, SERVICE } from './recipe-places.ts';
import type { Replayed } from './replay.ts';

/** For how long one who has seen the end of an instance may still choose it, in microseconds: its next session may have to come first. */
const GRACE = 10_000_000;

/** How many others a process may register before one that went with a session of its own is back. */
const OTHERS = 5;

/** What was found, and how often somebody came back, and chose. */
export interface RegistryTestimony {
  readonly violations: readonly string[];
  readonly instances: number;
  readonly returns: number;
  readonly choices: number;
}

/** What a process had applied at an instant. */
interface Sight {
  readonly at: Instant;
  readonly zxid: bigint;
}

export function nodeOf(id: string): string {
  return `${placeOf('registry')}/services/${SERVICE}/${id}`;
}

export function witnessRegistry(deeds: readonly Deed[], replayed: Replayed): RegistryTestimony {
  const { model, holes } = replayed;
  const violations: string[] = [];
  const of = (deed: Deed['deed'], step: Deed['step']): readonly Deed[] => {
    return deeds.filter((one) => one.deed === deed && one.step === step);
  };
  const isDark = (zxid: bigint): boolean => {
    return holes.some(({ after, until }) => after < zxid && zxid <= until);
  };
  /** Whether something between the two was not seen. */
  const isHidden = (from: bigint, to: bigint): boolean => {
    return holes.some(({ after, until }) => after < to && until > from);
  };
  /** Whether it was there at some time up to then; what a hole hides may have been. */
  const wasThere = (id: string, zxid: bigint): boolean => {
    const versions = model.versions(nodeOf(id));
    return (
      versions.some((one) => one.zxid <= zxid && one.node !== undefined) ||
      holes.some(({ after }) => after < zxid)
    );
  };
  const served = of('serve', 'done');
  for (const { id, value = 0n } of served) {
    if (!wasThere(id, value)) violations.push(`${id} was registered by ${value}, and never was`);
  }
  const ends = new Map<string, Instant>();
  for (const { id, at } of of('end', 'done')) {
    ends.set(id, at);
    if (model.node(nodeOf(id)) !== undefined) violations.push(`${id} was closed, and is there`);
  }
  let returns = 0;
  for (const { id, by, at: since } of served) {
    const end = ends.get(id) ?? Number.POSITIVE_INFINITY;
    const others = served.filter((one) => one.by === by && one.at > since && one.at < end);
    const versions = model.versions(nodeOf(id));
    for (const [place, { zxid: gone, node }] of versions.entries()) {
      // The first is from before it came.
      if (node !== undefined || place === 0) continue;
      const back = versions[place + 1]?.zxid;
      if (back !== undefined) returns += 1;
      const meanwhile = others.filter(({ value = 0n }) => {
        return value > gone && (back === undefined || value < back) && !isHidden(gone, value);
      });
      if (meanwhile.length <= OTHERS) continue;
      violations.push(`${id} is gone since ${gone}, and ${by} goes on without it`);
    }
  }
  const choices = of('choose', 'done');
  for (const [process, own] of grouped(choices, ({ by = '' }) => by)) {
    const seen: Sight[] = own.map(({ at, value = 0n }) => ({ at, zxid: value }));
    for (const { id, at, value = 0n } of own) {
      if (!wasThere(id, value))
        violations.push(`${process} chose ${id} at ${value}, which never was`);
      const versions = model.versions(nodeOf(id)).filter(({ zxid }) => zxid <= value);
      const last = versions.at(-1);
      if (last === undefined || last.node !== undefined || isDark(last.zxid)) continue;
      const since = seen.find(({ zxid }) => zxid >= last.zxid)?.at ?? at;
      if (at - since <= GRACE || versions.length < 2) continue;
      violations.push(
        `${process} chose ${id} ${at - since} microseconds after it had seen its end at ${last.zxid}`,
      );
    }
  }
  return { violations, instances: served.length, returns, choices: choices.length };
}
