/** Workers of all processes contend for locks, leases and leadership, and are frozen while they hold them. */
import { fileURLToPath } from 'node:url';
import { eventually, type Group } from '../group.ts';
import { loadHistory } from '../load-history.ts';
import type { Mission, Verdict } from '../mission.ts';
import type { FaultKind, Weights } from '../plan.ts';
import { Resource } from './resource.ts';
import { witnessGrants } from './witness-grants.ts';

/** Holders are frozen and blocked more often than anything else is done. */
const WEIGHTS: Weights = [
  ['kill', 12],
  ['freeze', 30],
  ['block', 15],
  ['cut', 14],
  ['half-cut', 8],
  ['delay', 4],
  ['throttle', 3],
  ['wipe', 2],
  ['rollback', 2],
  ['damage', 1],
  ['disk', 2],
  ['full-disk', 1],
  ['deploy', 3],
  ['kill-all', 3],
];
/** In a run of a minute, holders are frozen several times. */
const DECK: readonly FaultKind[] = [
  ...(['freeze', 'freeze', 'freeze', 'freeze', 'kill', 'block', 'cut', 'half-cut'] as const),
  ...(['wipe', 'deploy', 'kill-all'] as const),
];
/** Ms. */
const SESSION_TIMEOUT = 4_000;
/** How often everybody must get a turn once all is healed. */
const TURNS = 2;

/** The load that holds things. */
export async function recipesMission(): Promise<Mission> {
  const resource = await Resource.open();
  return {
    program: fileURLToPath(new URL('./recipes-program.ts', import.meta.url)),
    sessionTimeout: SESSION_TIMEOUT,
    style: { weights: WEIGHTS, deck: DECK, freezesOutlast: SESSION_TIMEOUT },
    resource: resource.port,
    aim: () => resource.writer(200),
    settle: everybodyIsServed,
    judge: (directory) => judge(directory, resource),
    close: () => resource.close(),
  };
}

/** Nobody waits for ever: each worker of each process gets its turn again. */
async function everybodyIsServed(group: Group): Promise<void> {
  const before = new Map<number, Readonly<Record<string, number>>>();
  for (const id of group.ids) before.set(id, await group.ask(id, 'served'));
  let waits = 'nobody';
  await eventually(
    () => `a turn for everybody (${waits} waits)`,
    async () => {
      for (const id of group.ids) {
        const served = await group.ask(id, 'served');
        const names = Object.keys(served);
        if (names.length === 0) return false;
        const name = names.find((one) => {
          return (served[one] ?? 0) < (before.get(id)?.[one] ?? 0) + TURNS;
        });
        if (name === undefined) continue;
        waits = `${name} of peer ${id}`;
        return false;
      }
      return true;
    },
  );
}

async function judge(directory: string, resource: Resource): Promise<Verdict> {
  const history = await loadHistory(directory);
  const { grants, complaints, feeds } = history;
  const testimony = witnessGrants(history);
  const violations = [...complaints, ...testimony.violations, ...strayFences(resource, grants)];
  if (testimony.guarded === 0) violations.push('nothing was written: nothing was tried');
  const kinds = new Map<string, number>();
  for (const { contested, weight } of grants) {
    const kind = `${contested} (${weight})`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const accepted = [...resource.accepted.values()].flat().length;
  const lines = [
    `grants: ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    `witness: ${testimony.transactions} transactions from ${feeds.length} watches; ${testimony.guarded} guarded writes; ${testimony.dark} grants could not be judged`,
    `resource: ${accepted} writes accepted, ${resource.refused} stale ones refused`,
  ];
  return { violations, operations: grants.length, acknowledged: testimony.guarded, lines };
}

/** What the resource accepted came from grants, each after the one before. */
function strayFences(
  { accepted }: Resource,
  grants: readonly { readonly contested: string; readonly fence: bigint }[],
): string[] {
  return [...accepted].flatMap(([contested, fences]) => {
    const granted = new Set(
      grants.filter((one) => one.contested === contested).map(({ fence }) => fence),
    );
    return fences.flatMap((fence, at) => {
      const stale = (fences[at - 1] ?? 0n) > fence ? [`${contested} took the stale ${fence}`] : [];
      return granted.has(fence) ? stale : [...stale, `${fence} was never granted for ${contested}`];
    });
  });
}
