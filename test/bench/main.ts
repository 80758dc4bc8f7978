/**
 * `npm run bench -- core reads watches tree wire cluster recipes`: those that are named, or all; flags go to each. Measures what is shipped: the
 * sources are compiled as for a release first, because what runs them as they are (tsx) adds a call to
 * every function that is made at run time.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cluster } from './cluster/main.ts';
import { core } from './core.ts';
import { machine } from './measure.ts';
import { reads } from './reads.ts';
import { recipes } from './recipes/main.ts';
import { tree } from './tree.ts';
import { watches } from './watches.ts';
import { wire } from './wire.ts';

const BENCHMARKS: Readonly<Record<string, () => void | Promise<void>>> = {
  core,
  reads,
  watches,
  tree,
  wire,
  cluster,
  recipes,
};

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const chosen = names.length > 0 ? names : Object.keys(BENCHMARKS);

function node(...args: readonly string[]): number {
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

/** Compiles this file and all it needs, and runs it again. */
async function runCompiled(): Promise<number> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
  try {
    const project = join(folder, 'tsconfig.json');
    const compilerOptions = {
      noEmit: false,
      declaration: false,
      isolatedDeclarations: false,
      rootDir: root,
      outDir: folder,
      typeRoots: [join(root, 'node_modules/@types')],
    };
    const files = ['main.ts', 'cluster/load-program.ts'].map((file) =>
      join(root, 'test/bench', file),
    );
    const extended = join(root, 'tsconfig.json');
    await writeFile(
      project,
      JSON.stringify({ extends: extended, compilerOptions, include: [], files }),
    );
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const compiled = node(join(root, 'node_modules/typescript/bin/tsc'), '-p', project);
    if (compiled !== 0) return compiled;
    // Each in a process of its own: what one leaves in memory must not count for the next.
    const compiledMain = join(folder, 'test/bench/main.js');
    return Math.max(...chosen.map((name) => node(compiledMain, name, ...flags)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(): Promise<number> {
  console.log(machine());
  for (const name of chosen) {
    const benchmark = BENCHMARKS[name];
    if (benchmark === undefined) {
      console.error(`no such benchmark: ${name}; there are ${Object.keys(BENCHMARKS).join(', ')}`);
      return 1;
    }
    console.log(`\n${name}`);
    await benchmark();
  }
  return 0;
}

process.exitCode = import.meta.url.endsWith('.ts') ? await runCompiled() : await run();
