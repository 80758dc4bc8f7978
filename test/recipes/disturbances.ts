/** Faults in a row, as a seed decides them, while an application is watched. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Peer, QuorateError } from '../../lib/index.ts';
import type { TestGroup } from '../../lib/testing/index.ts';

/** What is disturbed, and who looks. */
export interface Disturbed {
  readonly group: TestGroup;
  readonly random: () => number;
  /** Peers that nothing is done to. */
  readonly spared?: readonly number[];
  /** A peer was killed, and is started again. */
  readonly restarted: (peer: Peer) => void;
  /** Called all the time: throws when something is wrong. */
  readonly check: () => void;
}

/** Numbers of 0 to 1 that the seed alone decides. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One fault, over when this resolves. */
export async function disturb(disturbed: Disturbed): Promise<void> {
  const { group, random, spared = [], restarted } = disturbed;
  const ids = group.peers.map(({ id }) => id).filter((id) => !spared.includes(id));
  const id = ids[Math.floor(random() * ids.length)] ?? 1;
  const kind = Math.floor(random() * 4);
  const milliseconds = 200 + random() * 2_500;
  if (kind === 0) {
    group.partition([id]);
    await watchFor(disturbed, milliseconds);
    group.heal();
  } else if (kind === 1) {
    group.stall(id, milliseconds);
    await watchFor(disturbed, milliseconds);
  } else if (kind === 2) {
    await group.kill(id);
    await watchFor(disturbed, milliseconds / 2);
    restarted(await group.restart(id));
  } else {
    await group.expireSession(id);
  }
  await watchFor(disturbed, 300);
}

async function watchFor({ check }: Disturbed, milliseconds: number): Promise<void> {
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    check();
    await sleep(5);
  }
}

/** What becomes of work on a peer that may be lost at any time. */
const EXPECTED = ['GRANT_LOST', 'CLOSED', 'TIMED_OUT', 'SESSION_EXPIRED', 'ABORTED'] as const;

/** What a fault may do to the work is no failure of a recipe. */
export async function tolerated(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!QuorateError.is(error, ...EXPECTED)) throw error;
    // A peer that is being closed refuses at once.
    await sleep(5);
  }
}
