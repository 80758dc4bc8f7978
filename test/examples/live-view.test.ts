/** `npm start` on a terminal: a pseudo terminal, made by util-linux' `script`, in which keys are pressed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const { stdout: version } = spawnSync('script', ['--version'], { encoding: 'utf8' });
const skip = String(version).includes('util-linux') ? false : 'needs `script` of util-linux';
const TIMEOUT = 120_000;
const COMMAND = `${JSON.stringify(process.execPath)} --import tsx examples/three-processes.ts`;

const SHOW_CURSOR = '\x1b[?25h';

/** What the terminal was sent, and a way to wait for what it will be. */
class Screen {
  #text = '';

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
    });
  }

  get text(): string {
    return this.#text;
  }

  /** Waits for something that was not there when the last one was found. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + TIMEOUT / 2;
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found !== null) {
        this.#text = this.#text.slice(found.index + found[0].length);
        return found;
      }
      assert.ok(performance.now() < deadline, `no ${pattern} in\n${this.#text.slice(-4_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test('on a terminal `npm start` stays, and obeys the keys', {
  skip,
  timeout: TIMEOUT,
}, async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  const child = spawn('script', ['-qefc', COMMAND, join(scratch, 'typescript')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: scratch },
  });
  const ended = once(child, 'close');
  const screen = new Screen(child);
  const press = (keys: string) => child.stdin.write(keys);
  try {
    await screen.shows(/nothing is lost/);
    await screen.shows(/q quit/);
    const [, leader = ''] = await screen.shows(/\n[> ] (\d) +\d+ +leading/);
    press(`${leader}k`);
    await screen.shows(new RegExp(`> ${leader} +- +gone, \\d+ s ago`));
    await screen.shows(/was killed: the next write after \d+ ms/);
    press('r');
    await screen.shows(new RegExp(`> ${leader} +\\d+ +following`));
    press('f');
    await screen.shows(new RegExp(`> ${leader} +\\d+ +frozen`));
    press('f');
    await screen.shows(new RegExp(`> ${leader} +\\d+ +following`));
    press('q');
    const [code] = await ended;
    assert.equal(code, 0);
    assert.match(screen.text, /closed/);
    assert.ok(screen.text.includes(SHOW_CURSOR), 'the cursor is back');
    assert.deepEqual(
      (await readdir(scratch)).filter((name) => name.startsWith('quorate-')),
      [],
    );
  } finally {
    child.stdin.end();
    child.kill();
    await rm(scratch, { recursive: true, force: true });
  }
});
