/** What npm would publish, in an empty project: as it is packed, imported, run and type-checked. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { programsOf } from './programs.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** What packing needs of the checkout. It is copied, so that no other run is disturbed. */
const SOURCES = ['package.json', 'README.md', 'LICENSE', 'tsconfig.json', 'tsconfig.build.json'];
/** A busy machine takes its time. */
const TIMEOUT = 300_000;

/** What the README's first program needs besides, and whoever writes TypeScript has. */
const OF_THE_USER = ['@types/node', 'tsx'];

/** A strict consumer that touches what a declaration file could get wrong. */
const CONSUMER = `
import {
  type Client, json, openPeer, type Peer, type PeerStatus, QuorateError, type Settings, type TreeUpdate,
} from 'quorate';
import { type Grant, Mutex } from 'quorate/recipes';
import { createTestGroup, simulate, type TestGroup } from 'quorate/testing';

interface Config { readonly pool: number }
const settings: Settings = { sessionTimeout: 10_000, signal: AbortSignal.timeout(1_000) };
const peer: Peer = await openPeer(settings);
const configs: Client<Config> = peer.as(json<Config>());
const { stat } = await configs.create('/config', { pool: 8 });
const version: number = stat.version;
const results = await peer.multi([{ check: '/config', version }, { create: '/log', data: 'info' }]);
const made: string = results[1].path;
peer.on('status', (now: PeerStatus) => now.reason?.length);
peer.watchTree('/').subscribe((update: TreeUpdate<string>) => void update.changes.length);
const held: Grant = await new Mutex(peer, '/lock').acquire({ timeout: 1_000 });
const fence: bigint = held.fence;
const group: TestGroup = await createTestGroup(3);
if (QuorateError.is(made, 'NO_NODE')) await made.settled;
await simulate(1);
// @ts-expect-error: a group needs a directory
await openPeer({ id: 1, peers: { 1: 'ws://127.0.0.1:7701' } });
// @ts-expect-error: no such operation
await peer.multi([{ creat: '/x' }]);
export { fence, group };
`;

const run = promisify(execFile);

describe('the package, packed and installed in an empty project', () => {
  let folder = '';
  let app = '';

  before(
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'quorate-package-'));
      app = join(folder, 'app');
      await install(await pack(join(folder, 'checkout')), app);
    },
    { timeout: TIMEOUT },
  );

  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs one file of the project. @returns what it printed */
  async function runFile(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [...args], { cwd: app, timeout: TIMEOUT });
    return stdout;
  }

  test('it holds what it says, and nothing that is only ours', async () => {
    const home = join(app, 'node_modules', 'quorate');
    const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
    const files = await readdir(home, { recursive: true });
    for (const { types, default: code } of Object.values<Record<string, string>>(manifest.exports))
      for (const file of [types, code]) assert.ok(files.includes(join(file ?? '')), file);
    assert.deepEqual(Object.keys(manifest.dependencies), ['cbor-x', 'classic-level', 'ws']);
    assert.ok(files.includes('LICENSE') && files.includes('README.md'));
    assert.ok(files.includes(join('lib', 'errors.md')), 'guides go with it');
    assert.deepEqual(
      files.filter((file) => /\.test\.|^test|^examples|node_modules/.test(file)),
      [],
    );
  });

  test('the first program of the README runs as written, in TypeScript', async () => {
    const [source = ''] = programsOf(join(ROOT, 'README.md'), 'ts');
    await writeFile(join(app, 'first.ts'), source);
    const output = await runFile(join('node_modules', 'tsx', 'dist', 'cli.mjs'), 'first.ts');
    assert.match(output, /db is postgres:\/\/db1\?pool=8/);
  });

  test('its plain form runs without anything but Node', async () => {
    const [source = ''] = programsOf(join(ROOT, 'README.md'), 'js');
    await writeFile(join(app, 'plain.js'), source);
    assert.match(await runFile('plain.js'), /db is postgres:\/\/db1\?pool=8/);
  });

  test('a group of three is there for the tests of an application', async () => {
    await writeFile(
      join(app, 'group.js'),
      `import { createTestGroup } from 'quorate/testing';
      const group = await createTestGroup(3);
      try { await group.peers[0].create('/a', 'one'); await group.converged();
        console.log((await group.peers[2].get('/a')).data);
      } finally { await group[Symbol.asyncDispose](); }`,
    );
    assert.equal(await runFile('group.js'), 'one\n');
  });

  test('what is not exported cannot be reached', async () => {
    await writeFile(join(app, 'deep.js'), `import 'quorate/dist/zab/zab.js';`);
    await assert.rejects(runFile('deep.js'), /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  test('a strict consumer compiles, and so do the declarations themselves', async () => {
    const file = join(app, 'consumer.ts');
    await writeFile(file, CONSUMER);
    assert.deepEqual(diagnose(file, app), []);
  });
});

/** @returns the tarball that `npm publish` would send. */
async function pack(checkout: string): Promise<string> {
  await mkdir(checkout);
  for (const name of SOURCES) await cp(join(ROOT, name), join(checkout, name));
  await cp(join(ROOT, 'lib'), join(checkout, 'lib'), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  await leaveChecksAway(join(checkout, 'tsconfig.build.json'));
  await run('npm', ['pack', '--silent', '--offline'], { cwd: checkout, timeout: TIMEOUT });
  const tarball = (await readdir(checkout)).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball, 'nothing was packed');
  return join(checkout, tarball);
}

/** The types of the sources are checked elsewhere; what is emitted is the same, sooner. */
async function leaveChecksAway(file: string): Promise<void> {
  const config = JSON.parse(await readFile(file, 'utf8'));
  config.compilerOptions.noCheck = true;
  await writeFile(file, JSON.stringify(config));
}

/** As `npm install` would, without a registry: its dependencies are those of this checkout. */
async function install(tarball: string, app: string): Promise<void> {
  const modules = join(app, 'node_modules');
  const home = join(modules, 'quorate');
  await mkdir(home, { recursive: true });
  await mkdir(join(modules, '@types'));
  await run('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
  await writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(manifest.dependencies), ...OF_THE_USER])
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
}

/** Whatever is wrong with `skipLibCheck` is wrong without it, too. */
function diagnose(file: string, app: string): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    typeRoots: [join(app, 'node_modules', '@types')],
    noEmit: true,
    skipLibCheck: false,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      (one) => `${one.file?.fileName}: ${ts.flattenDiagnosticMessageText(one.messageText, '\n')}`,
    );
}
