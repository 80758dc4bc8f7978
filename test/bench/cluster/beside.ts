/** quorate and its rivals, started and ended together. */
import { QuorateSystem } from './quorate-system.ts';
import { type Rival, RivalSystem } from './rival-system.ts';
import type { System } from './system.ts';
import { KEYS } from './throughput.ts';

/** Whose ratio to the others is printed. */
export const OWN = 'quorate';

/** The value of `--name=value`. */
export function flag(name: string, byDefault: string): string {
  const prefix = `--${name}=`;
  const given = process.argv.find((argument) => argument.startsWith(prefix));
  return given?.slice(prefix.length) ?? byDefault;
}

/** Those that are wanted and can run here; what is skipped is said. */
export async function systemsIn(
  directory: string,
  rivals: readonly Rival[],
): Promise<readonly System[]> {
  const wanted = flag('systems', [OWN, ...rivals.map(({ name }) => name)].join()).split(',');
  const systems: System[] = [];
  if (wanted.includes(OWN)) systems.push(new QuorateSystem(directory));
  for (const rival of rivals) {
    if (!wanted.includes(rival.name)) continue;
    const missing = await rival.missing();
    if (missing === undefined) systems.push(new RivalSystem(rival, directory));
    else console.log(`skipped ${rival.name}: ${missing}`);
  }
  return systems;
}

/** Starts the systems, does the work, ends every process again. */
export async function withSystems<T>(
  systems: readonly System[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    for (const system of systems) await system.start();
    for (const { loads } of systems) {
      await Promise.all([...loads.values()].map((load) => load.ask('prepare', KEYS)));
    }
    return await work();
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
  }
}
