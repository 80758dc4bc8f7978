/** `npm run bench -- core | wire | tree [-- options]`; without a name all of them. */
import { core } from './core.ts';
import { machine } from './measure.ts';
import { tree } from './tree.ts';
import { wire } from './wire.ts';

const BENCHMARKS: Readonly<Record<string, () => void | Promise<void>>> = { core, tree, wire };

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
