/**
 * `npm run coverage`: branch coverage of the rooms that hold the protocol, under the tests and a short simulation.
 * The simulator alone reaches states that no test names, so its part counts. Exits non-zero below the floor.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ROOMS = ['zab', 'tree', 'session'] as const;
const FLOOR = 95;
/** Always the same schedules, so that the figures of two runs can be compared. */
const SIMULATION = ['--seed', '1', '--schedules', '100'] as const;

interface Summary {
  readonly branches: { readonly total: number; readonly covered: number };
}

function main(): void {
  const workspace = mkdtempSync(join(tmpdir(), 'quorate-coverage-'));
  try {
    const raw = join(workspace, 'raw');
    collect(raw, ['--test', '--test-concurrency=2', ...testFiles()]);
    collect(raw, [join('test', 'sim', 'main.ts'), ...SIMULATION]);
    const files = summarize(raw, join(workspace, 'report'));
    const poor = ROOMS.filter((room) => print(room, files) < FLOOR);
    if (poor.length > 0) {
      console.error(`below ${FLOOR} %: ${poor.join(', ')}`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

function testFiles(): string[] {
  const names = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
}

/** Runs one program; V8 writes what was executed into `raw`, for its child processes too. */
function collect(raw: string, program: readonly string[]): void {
  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', ...program], {
    cwd: ROOT,
    env: { ...process.env, NODE_V8_COVERAGE: raw },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return;
  const failed = stdout.split('\n').filter((line) => /^ *not ok |^seed /.test(line));
  throw new Error(`${program[0]} failed:\n${failed.join('\n')}`);
}

function summarize(raw: string, report: string): ReadonlyMap<string, Summary> {
  const include = ROOMS.flatMap((room) => ['--include', `lib/${room}/**`]);
  const options = ['--temp-directory', raw, '--reports-dir', report, '--reporter', 'json-summary'];
  const all = ['--all', '--exclude', 'none', '--exclude-after-remap', ...include];
  const { status } = spawnSync(join('node_modules', '.bin', 'c8'), ['report', ...options, ...all], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('c8 failed');
  const parsed: Record<string, Summary> = JSON.parse(
    readFileSync(join(report, 'coverage-summary.json'), 'utf8'),
  );
  return new Map(
    Object.entries(parsed).map(([path, summary]) => [
      relative(ROOT, path).split(sep).join('/'),
      summary,
    ]),
  );
}

/** A file of types is erased: nothing in it can be reached. */
function hasCode(path: string): boolean {
  const { outputText } = ts.transpileModule(readFileSync(join(ROOT, path), 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      removeComments: true,
      verbatimModuleSyntax: true,
    },
  });
  return outputText.replace(/export \{\};?/, '').trim() !== '';
}

/** Prints a room, its poorest files first, and returns its percentage. */
function print(room: string, files: ReadonlyMap<string, Summary>): number {
  const rows = [...files]
    .filter(([path]) => path.startsWith(`lib/${room}/`) && hasCode(path))
    .map(([path, { branches }]) => ({ path, ...branches }))
    .sort((a, b) => a.covered / (a.total || 1) - b.covered / (b.total || 1));
  const total = rows.reduce((sum, row) => sum + row.total, 0);
  const covered = rows.reduce((sum, row) => sum + row.covered, 0);
  const percentage = total === 0 ? 0 : (100 * covered) / total;
  console.log(`lib/${room}: ${percentage.toFixed(1)} % of ${total} branches`);
  for (const row of rows) {
    if (row.covered < row.total) console.log(`  ${row.path}: ${row.covered} of ${row.total}`);
  }
  return percentage;
}

main();
