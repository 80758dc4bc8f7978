/** quorate and its rivals, started and ended together. */
import { QuorateSystem, type QuorateVariant } from './quorate-system.ts';
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

function isWanted(name: string): boolean {
  const given = flag('systems', '');
  return given === '' || given.split(',').includes(name);
}

/** Those that are wanted and can run here: which versions, and what is skipped, is said. */
export async function rivalsHere(rivals: readonly Rival[]): Promise<readonly Rival[]> {
  const here: Rival[] = [];
  for (const rival of rivals.filter(({ name }) => isWanted(name))) {
    const missing = await rival.missing();
    if (missing === undefined) here.push(rival);
    console.log(
      missing === undefined ? await rival.version() : `skipped ${rival.name}: ${missing}`,
    );
  }
  return here;
}

/** quorate, if it is wanted, and so many others. */
export function systemsIn(
  directory: string,
  rivals: readonly Rival[],
  variants: readonly QuorateVariant[] = [],
): readonly System[] {
  const own = isWanted(OWN) ? [{}, ...variants] : [];
  return [
    ...own.map((variant) => new QuorateSystem(directory, variant)),
    ...rivals.map((rival) => new RivalSystem(rival, directory)),
  ];
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
