import { ZAB_PREDICATES } from '../../lib/testing/predicates/all.ts';
import { runSchedule } from '../../lib/testing/schedule.ts';
import { wireCodec, PLAIN_CODEC } from '../../lib/testing/sim-codec.ts';
import { zabFactory } from '../../lib/testing/zab-machine.ts';

const [from = '1', count = '1', mode = ''] = process.argv.slice(2);
const total = new Map<string, number>();
const started = performance.now();
let simulated = 0;
const fails = new Map<string, number[]>();
for (let seed = Number(from); seed < Number(from) + Number(count); seed += 1) {
  const t0 = performance.now();
  const outcome = runSchedule({
    seed,
    factory: zabFactory,
    codec: mode.includes('w') ? wireCodec() : PLAIN_CODEC,
    predicates: ZAB_PREDICATES,
    ...(mode.includes('t') && { print: (line: string) => console.log(line) }),
  });
  simulated += outcome.simulated;
  for (const [what, n] of outcome.counts) total.set(what, (total.get(what) ?? 0) + n);
  if (outcome.violation) {
    const detail = outcome.violation.detail.split('\n').slice(0, mode.includes('v') ? 8 : 1).join('\n');
    fails.set(outcome.violation.predicate, [...(fails.get(outcome.violation.predicate) ?? []), seed]);
    if (!mode.includes('q')) console.log(`seed ${seed} at ${outcome.simulated.toFixed(1)}: ${detail.slice(0, mode.includes('v') ? 2000 : 160)}`);
  }
  if (mode.includes('s')) console.log(seed, (performance.now() - t0).toFixed(0), 'ms', outcome.traceHash, outcome.swarm.voters.length);
}
const real = performance.now() - started;
for (const [p, seeds] of fails) console.log(p, seeds.length, seeds.slice(0, 20).join(' '));
if (mode.includes('c')) console.log(total);
console.log(`simulated ${(simulated / 1000).toFixed(0)} s in ${(real / 1000).toFixed(1)} s: ${(simulated / real).toFixed(0)}x`);
