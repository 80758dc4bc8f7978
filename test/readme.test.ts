/** What the README and the guides show is right by its types, runs, and says what the sources say. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../examples/support/peer-process.ts';
import { RANGES } from '../lib/peer/numbers.ts';
import { IGNORED, KEPT, NUMBERED, TAKEN } from '../lib/peer/zoo-cfg-keys.ts';
import { examplesIn, GUIDES, programsOf, typeErrors, writeProgram } from './programs.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TIMEOUT = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'quorate-readme-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, source: string): string {
  return writeProgram(folder, name, source);
}

function programsIn(guide: string): string[] {
  return programsOf(join(ROOT, guide), 'ts');
}

function run(path: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', path], {
    cwd: ROOT,
    // A test among the programs is not one of this run.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
  });
}

/** What a program prints that ends by itself, without an error. */
async function outputOf(path: string): Promise<string> {
  const child = run(path);
  assert.ok(child.stdout);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 0, output);
  return output;
}

/** The rows of the table below a heading, split into cells. */
function tableBelow(heading: string, first: string): string[][] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const table = section.slice(section.indexOf(`| ${first} `)).split('\n\n')[0] ?? '';
  const rows = table.split('\n').slice(2);
  return rows.map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('`', '')));
}

describe('what the README and the guides show', () => {
  test('is right by its types, in comments too', () => {
    const programs = GUIDES.flatMap((guide) => {
      const sources = programsIn(guide);
      assert.ok(sources.length > 0, `${guide} has no programs`);
      return sources.map((source, at) => write(`${guide.replaceAll('/', '-')}-${at}`, source));
    });
    const examples = examplesIn(join(ROOT, 'lib'));
    assert.ok(examples.length > 1, 'the examples were not found');
    for (const [at, { file, source }] of examples.entries())
      programs.push(write(`${file.replaceAll(/\W/g, '-')}-${at}`, source));
    assert.deepEqual(typeErrors(programs), []);
  });

  test('the first lines run, and end by themselves', async () => {
    const [first = ''] = programsIn('README.md');
    assert.match(await outputOf(write('first', first)), /db is postgres:\/\/db1\?pool=8/);
  });

  test('the locks and the term are had, and end by themselves', async () => {
    const [, , source = ''] = programsIn('README.md');
    assert.match(source, /Mutex/);
    assert.match(await outputOf(write('locks', source)), /^the leader is http/m);
  });

  test('three processes with the second program are a group', async () => {
    const [, source = ''] = programsIn('README.md');
    assert.match(source, /id: 1,.*\n.*7701.*7702.*7703.*\n *dataDir: '.\/data\/1'/);
    const ports = await freePorts(3);
    const own = ports.reduce((all, port, at) => all.replace(`:${7701 + at}`, `:${port}`), source);
    const children = [1, 2, 3].map((id) => {
      const dataDir = JSON.stringify(join(folder, `data-${id}`));
      const program = own.replace('id: 1,', `id: ${id},`).replace(`'./data/1'`, dataDir);
      return run(write(`group-${id}`, program));
    });
    try {
      const lines = await Promise.all(children.map(firstLine));
      const digits = lines.map((line) => /^registered as \/services\/a-(\d{10})$/.exec(line)?.[1]);
      assert.equal(new Set(digits).size, 3, `three names, each its own: ${lines.join(', ')}`);
      assert.ok(!digits.includes(undefined), lines.join(', '));
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  });

  test('the peer on a server of the application serves, and ends on SIGTERM', async () => {
    const [source = ''] = programsIn('lib/peer/deployment.md');
    const [port = 0] = await freePorts(1);
    const child = run(write('mounted', source.replace('8080', String(port))), {
      QUORATE_ID: '1',
      QUORATE_PEERS: `1=ws://127.0.0.1:${port}/quorate`,
      QUORATE_DATA_DIR: join(folder, 'mounted'),
      QUORATE_SECRET: 'thirty-two random bytes, as it were',
    });
    const ended = once(child, 'exit');
    try {
      await answers(`http://127.0.0.1:${port}/readyz`, 200);
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  for (const [at, source] of programsIn('lib/client/guide.md').entries())
    test(`program ${at + 1} of the guide to the tree runs, and ends by itself`, async () => {
      assert.notEqual(await outputOf(write(`tree-${at}`, source)), '');
    });

  test('the example of a test passes', async () => {
    const [source = ''] = programsIn('lib/testing/guide.md');
    // The sign differs between versions of Node: '# pass 1', 'ℹ pass 1'.
    assert.match(await outputOf(write('testing', source)), /^\S+ pass 1$/m);
  });
});

describe('the tables of the README', () => {
  test('name the default and the limits of every number', () => {
    const rows = new Map(tableBelow('Options', 'option').map((cells) => [cells[1], cells]));
    for (const [name, { least, most, byDefault }] of Object.entries(RANGES)) {
      const [, , shown, limits = ''] = rows.get(name) ?? [];
      assert.equal(shown, byDefault.toLocaleString('en-US'), `the default of ${name}`);
      if (name === 'sessionTimeout') continue;
      const bounds = `${least.toLocaleString('en-US')} to ${most.toLocaleString('en-US')}`;
      assert.ok(limits.startsWith(bounds), `the limits of ${name}: ${bounds}, not ${limits}`);
    }
  });

  test('have a line for every key of zoo.cfg', () => {
    const rows = tableBelow('From ZooKeeper', 'key').map(([, key]) => key);
    const numbered = NUMBERED.map((key) => `${key}.N`);
    assert.deepEqual(new Set(rows), new Set([...TAKEN, ...KEPT, ...IGNORED, ...numbered]));
  });
});

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) return line;
  return 'it ended without a word';
}

/** Waits until a server answers so. */
async function answers(url: string, status: number): Promise<void> {
  const deadline = performance.now() + TIMEOUT / 2;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === status) return;
    assert.ok(performance.now() < deadline, `${url} does not answer ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
