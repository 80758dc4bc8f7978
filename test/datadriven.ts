/**
 * Tests as readable text: comments, a command, `----`, and what it answered. With `--rewrite`
 * behind the test file, or REWRITE=1, the answers are written into the file instead of being compared, so
 * that a change of behaviour is read as a diff.
 *
 *     # prose that explains the next step
 *     command argument argument
 *     more lines of input, if the command takes any
 *     ----
 *     the answer
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';

const REWRITE = process.env.REWRITE !== undefined || process.argv.includes('--rewrite');

export interface Command {
  readonly name: string;
  readonly args: readonly string[];
  /** Lines between the command and the dashes. */
  readonly input: readonly string[];
}

interface Step {
  readonly prose: readonly string[];
  readonly command: Command;
  readonly expected: string;
  readonly line: number;
}

function parseStep(lines: readonly string[], from: number): { step: Step; next: number } {
  let at = from;
  const prose: string[] = [];
  while (at < lines.length && (lines[at] === '' || lines[at]?.startsWith('#'))) {
    prose.push(lines[at] ?? '');
    at += 1;
  }
  const line = at + 1;
  const [name = '', ...args] = (lines[at] ?? '').split(/\s+/).filter((word) => word !== '');
  at += 1;
  const input: string[] = [];
  while (at < lines.length && lines[at] !== '----') {
    input.push(lines[at] ?? '');
    at += 1;
  }
  assert(lines[at] === '----' || name === '', `line ${line}: a command needs ---- behind it`);
  at += 1;
  const answer: string[] = [];
  while (at < lines.length && lines[at] !== '') {
    answer.push(lines[at] ?? '');
    at += 1;
  }
  const step = { prose, command: { name, args, input }, expected: answer.join('\n'), line };
  return { step, next: at };
}

function parse(text: string): Step[] {
  const lines = text.replace(/\n+$/, '').split('\n');
  const steps: Step[] = [];
  for (let at = 0; at < lines.length; ) {
    const { step, next } = parseStep(lines, at);
    steps.push(step);
    at = next;
  }
  return steps;
}

function print({ prose, command }: Step, answer: string): string {
  const head = [command.name, ...command.args].join(' ').trim();
  if (head === '') return prose.join('\n');
  const body = [...prose, head, ...command.input, '----'];
  return [...body, ...(answer === '' ? [] : [answer])].join('\n');
}

/** Runs one file. Blank lines of an answer become `.`, since a blank line ends it. */
function runFile(path: string, run: (command: Command) => string): void {
  const steps = parse(readFileSync(path, 'utf8'));
  const printed: string[] = [];
  for (const step of steps) {
    if (step.command.name === '') {
      printed.push(print(step, ''));
      continue;
    }
    const answer = run(step.command)
      .split('\n')
      .map((row) => (row === '' ? '.' : row.trimEnd()))
      .join('\n');
    const shown = answer === '.' ? '' : answer;
    if (!REWRITE) {
      assert.equal(shown, step.expected, `${basename(path)}:${step.line}: ${step.command.name}`);
    }
    printed.push(print(step, shown));
  }
  if (REWRITE) writeFileSync(path, `${printed.join('\n')}\n`);
}

/** A test for every `*.txt` of a directory; `begin` gives each file a fresh interpreter. */
export function datadriven(directory: string, begin: () => (command: Command) => string): void {
  for (const file of readdirSync(directory).sort()) {
    if (!file.endsWith('.txt')) continue;
    test(file, () => runFile(join(directory, file), begin()));
  }
}
