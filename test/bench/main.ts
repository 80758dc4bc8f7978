/** `npm run bench -- core reads tree wire`: those that are named, or all. */
import { core } from './core.ts';
import { machine } from './measure.ts';
import { reads } from './reads.ts';
import { tree } from './tree.ts';
import { wire } from './wire.ts';

const BENCHMARKS: Readonly<Record<string, () => void | Promise<void>>> = {
  core,
  reads,
  tree,
  wire,
};

const names = process.argv.slice(2).filter((name) => !name.startsWith('-'));
console.log(machine());
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) {
    console.error(`no such benchmark: ${name}; there are ${Object.keys(BENCHMARKS).join(', ')}`);
    process.exitCode = 1;
    break;
  }
  console.log(`\n${name}`);
  await benchmark();
}
