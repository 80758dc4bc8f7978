import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { programsOf } from './readme-programs.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'quorate-readme-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The programs of the README as files of their own that import this checkout. */
function writePrograms(): string[] {
  const entry = JSON.stringify(join(ROOT, 'lib', 'index.ts'));
  return programsOf(join(ROOT, 'README.md'), 'ts').map((source, index) => {
    const path = join(folder, `${index + 1}.mts`);
    writeFileSync(path, source.replaceAll(`'quorate'`, entry));
    return path;
  });
}

const programs = writePrograms();

test('the README has programs', () => {
  assert.equal(programs.length, 3);
});

test('what the README shows is right by its types', () => {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const program = ts.createProgram(programs, {
    ...options,
    typeRoots: [join(ROOT, 'node_modules', '@types')],
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
  });
  const wrong = programs.flatMap((path) => {
    const source = program.getSourceFile(path);
    return source === undefined ? [] : [...program.getSemanticDiagnostics(source)];
  });
  assert.deepEqual(
    wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    [],
  );
});

test('the first lines of the README run, and end by themselves', () => {
  const [first = ''] = programs;
  const output = execFileSync(process.execPath, ['--import', 'tsx', first], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.match(output, /db is postgres:\/\/db1\?pool=8/);
});
