/** From a change of one node to the last of very many events. */
import type { System } from './system.ts';
import type { Row } from './table.ts';

const WATCHES = 333;
/** Rounds before those that count, on all systems alike: what runs once in a round is compiled late. */
const WARM_UP = 20;

export async function fanOut(
  systems: readonly System[],
  sessions: 'one' | 'each',
  rounds: number,
): Promise<Row> {
  const figures = new Map<string, number[]>();
  for (const system of systems) {
    const loads = [...system.loads.values()];
    const [toucher] = loads;
    if (toucher === undefined) continue;
    await Promise.all(loads.map((load) => load.ask('watch', WATCHES, sessions)));
    const found: number[] = [];
    for (let round = 1; round <= WARM_UP + rounds; round += 1) {
      const since = await toucher.ask('touch');
      const last = await Promise.all(loads.map((load) => load.ask('lastEvent', round)));
      if (round > WARM_UP) found.push(Math.max(...last) - since);
    }
    figures.set(system.name, found);
  }
  const what = sessions === 'one' ? '3 x 333 watches' : '999 watching sessions';
  const ratio = sessions === 'one' ? 0.2 : 0.1;
  return {
    what: `${what}, from the change to the last event`,
    unit: 'ms',
    rounds: figures,
    goals: [{ rival: 'zookeeper', ratio, better: 'less' }],
  };
}
