import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DirectoryOwner, OWNER_FILE } from '../../lib/storage/directory-owner.ts';
import { openLevel } from '../../lib/storage/level-database.ts';
import { LevelStorage } from '../../lib/storage/level-storage.ts';
import { startOfProcess } from '../../lib/storage/process-life.ts';
import { logBatch } from '../contracts/log-samples.ts';
import { copyOf, directory, refusedWith } from './directories.ts';

const QUICK = { beat: 20, watch: 400 };

const isLocked = refusedWith('DIRECTORY_LOCKED', /has it open/);

/** Another process that opens the store in a directory and keeps it. */
async function holder(t: TestContext, path: string): Promise<ReturnType<typeof spawn>> {
  const program = fileURLToPath(new URL('hold-directory.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  assert.equal(String(line), 'open\n');
  return child;
}

/** What the holder's record says, with some of it changed. */
async function forge(path: string, change: object): Promise<void> {
  await place(path, await forged(path, change));
}

async function forged(path: string, change: object): Promise<string> {
  const record: object = JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8'));
  return JSON.stringify({ ...record, ...change });
}

/** At once: half a record would be one that nobody can read. */
async function place(path: string, record: string): Promise<void> {
  const file = join(path, OWNER_FILE);
  await writeFile(`${file}-next`, record);
  await rename(`${file}-next`, file);
}

/** The record of a holder that is gone and did not say so. */
async function leftBehind(t: TestContext, change: object): Promise<string> {
  const path = await directory(t);
  const owner = await DirectoryOwner.claim(path);
  const left = await copyOf(t, path);
  await owner.release();
  const { ino } = await stat(left, { bigint: true });
  await forge(left, { directory: String(ino), ...change });
  return left;
}

async function claimAndRelease(path: string): Promise<void> {
  await (await DirectoryOwner.claim(path, QUICK)).release();
}

describe('a directory that is held is refused', () => {
  it('to another process, until the holder is killed', async (t) => {
    const path = await directory(t);
    const child = await holder(t, path);
    await assert.rejects(new LevelStorage(path, 1).open(), isLocked);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = new LevelStorage(path, 1);
    t.after(() => store.close());
    assert.equal((await store.open()).durable.boot, 2);
  });

  it('to another copy of this package in the same process', async (t) => {
    const path = await directory(t);
    const owner = await DirectoryOwner.claim(path);
    t.after(() => owner.release());
    const copy: typeof import('../../lib/storage/directory-owner.ts') = await import(
      `${new URL('../../lib/storage/directory-owner.ts', import.meta.url)}?copy`
    );
    assert.notEqual(copy.DirectoryOwner, DirectoryOwner);
    await assert.rejects(copy.DirectoryOwner.claim(path), isLocked);
    await owner.release();
    await (await copy.DirectoryOwner.claim(path)).release();
  });

  it('by another name, too', async (t) => {
    const path = await directory(t);
    const owner = await DirectoryOwner.claim(path);
    t.after(() => owner.release());
    const name = join(await directory(t), 'name');
    await symlink(path, name);
    await assert.rejects(DirectoryOwner.claim(name), isLocked);
  });

  it('by a living process of this machine that LevelDB’s lock says nothing of', async (t) => {
    const path = await leftBehind(t, {});
    await assert.rejects(DirectoryOwner.claim(path, QUICK), isLocked);
  });

  it('by another machine whose record goes on', async (t) => {
    const path = await leftBehind(t, { host: 'elsewhere' });
    let goesOn = true;
    const renewing = (async () => {
      for (let beat = 1; goesOn; beat += 1) {
        await forge(path, { beat });
        await pause(QUICK.beat);
      }
    })();
    try {
      await assert.rejects(DirectoryOwner.claim(path, QUICK), isLocked);
    } finally {
      goesOn = false;
      await renewing;
    }
  });
});

describe('a directory is taken over', () => {
  const left: Readonly<Record<string, object>> = {
    'from a process of this machine that is gone': { pid: 2 ** 22 + 1 },
    'from a process whose number was given to another one': { started: '1' },
    'from another machine whose record stands still': { host: 'elsewhere' },
    'from this machine before it was started again': { boot: 'before' },
    'from the directory that it is a copy of': { directory: '1' },
  };
  const skip = process.platform === 'linux' ? false : 'only Linux tells when a process began';
  for (const [what, change] of Object.entries(left)) {
    it(what, { skip }, async (t) => claimAndRelease(await leftBehind(t, change)));
  }

  it('from a record that nobody can read', async (t) => {
    const path = await directory(t);
    await writeFile(join(path, OWNER_FILE), '{"pid":');
    await claimAndRelease(path);
  });

  it('and whoever held it writes no more', async (t) => {
    const path = await directory(t);
    const store = new LevelStorage(path, 1, { ownerTiming: QUICK });
    t.after(() => store.close());
    await store.open();
    await store.write(logBatch({}));
    const theirs = await forged(path, { host: 'elsewhere', token: 'another' });
    const deadline = performance.now() + 20_000;
    const refused = await (async () => {
      while (performance.now() < deadline) {
        try {
          // Whoever has it renews it: the former holder may have looked before, and have written over it.
          await place(path, theirs);
          await store.write(logBatch({}));
        } catch (error) {
          return error;
        }
      }
      return undefined;
    })();
    assert.ok(refusedWith('QUARANTINED', /taken the directory over/)(refused));
  });
});

/** Waits until a file says what it should. */
async function reads(path: string, isRight: (text: string) => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isRight(await readFile(path, 'utf8'))) {
    assert.ok(performance.now() < deadline, `${path} does not say it`);
  }
}

/** Lets one process stand for several machines, which do not share its registry. */
function forgetOpenDirectories(): void {
  const open: unknown = Reflect.get(globalThis, Symbol.for('quorate.open-directories'));
  assert.ok(open instanceof Set);
  open.clear();
}

/** How two that begin at once come out. */
async function both(path: string): Promise<readonly string[]> {
  const claims: Promise<string>[] = [];
  for (const _ of ['one', 'two']) {
    const claim = DirectoryOwner.claim(path, QUICK);
    claims.push(
      claim.then(
        () => 'holds it',
        (error: unknown) => (isLocked(error) ? 'is refused' : 'fails'),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    forgetOpenDirectories();
  }
  return (await Promise.all(claims)).sort();
}

describe('of two that begin at once one gets the directory', () => {
  it('where there is no record', async (t) => {
    const path = await directory(t);
    assert.deepEqual(await both(path), ['holds it', 'is refused']);
  });

  it('where both have watched a stranger’s', async (t) => {
    const path = await leftBehind(t, { host: 'elsewhere' });
    assert.deepEqual(await both(path), ['holds it', 'is refused']);
  });
});

it('a start that LevelDB’s lock refuses costs the holder nothing', async (t) => {
  const path = await leftBehind(t, { pid: 2 ** 22 + 1 });
  const record = await readFile(join(path, OWNER_FILE), 'utf8');
  // A holder whose process cannot be seen from here, in another container of this machine.
  const level = await openLevel(path);
  t.after(() => level.close());
  await assert.rejects(new LevelStorage(path, 1).open(), isLocked);
  assert.equal(await readFile(join(path, OWNER_FILE), 'utf8'), record);
});

it('a holder that was frozen looks before it writes', async (t) => {
  const path = await directory(t);
  // It is not woken by its own timer before the write.
  const store = new LevelStorage(path, 1, { ownerTiming: { beat: 3_600_000, watch: 100 } });
  t.after(() => store.close());
  await store.open();
  await store.write(logBatch({}));
  await forge(path, { host: 'elsewhere', token: 'another' });
  await new Promise((resolve) => setTimeout(resolve, 60));
  await assert.rejects(
    store.write(logBatch({})),
    refusedWith('QUARANTINED', /taken the directory over/),
  );
});

/**
 * A record that cannot be read, as when no handle is left: a link to itself. There is one at every moment, for one
 * that is gone is lost. @returns what makes it readable again.
 */
async function hide(path: string): Promise<() => Promise<void>> {
  const file = join(path, OWNER_FILE);
  const [away, loop] = [`${file}-away`, `${file}-loop`];
  await link(file, away);
  await symlink(file, loop);
  await rename(loop, file);
  return () => rename(away, file);
}

it('a holder that cannot look does not write', async (t) => {
  const path = await directory(t);
  const store = new LevelStorage(path, 1, { ownerTiming: { beat: 3_600_000, watch: 100 } });
  t.after(() => store.close());
  await store.open();
  await hide(path);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await assert.rejects(store.write(logBatch({})), refusedWith('QUARANTINED', /cannot be read/));
});

it('a holder that could not look for a while writes when it can', async (t) => {
  const path = await directory(t);
  const store = new LevelStorage(path, 1, { ownerTiming: { beat: 3_600_000, watch: 2_000 } });
  t.after(() => store.close());
  await store.open();
  const show = await hide(path);
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  let isWritten = false;
  const writing = store.write(logBatch({})).then(() => {
    isWritten = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(isWritten, false);
  await show();
  await writing;
});

it('a record is renewed while the store is being opened', async (t) => {
  const path = await directory(t);
  const owner = await DirectoryOwner.claim(path, QUICK);
  t.after(() => owner.release());
  const record = join(path, OWNER_FILE);
  const first = await readFile(record, 'utf8');
  await reads(record, (text) => text !== first);
});

it('a directory that was taken over while the store was being opened is not written', async (t) => {
  const path = await directory(t);
  // That one is watched for long enough.
  const logDirectory = await leftBehind(t, { host: 'elsewhere' });
  const store = new LevelStorage(path, 1, { logDirectory, ownerTiming: QUICK });
  t.after(() => store.close());
  let isOpening = true;
  const opening = assert
    .rejects(store.open(), refusedWith('QUARANTINED', /taken the directory over/))
    .finally(() => {
      isOpening = false;
    });
  const deadline = performance.now() + 20_000;
  while (!(await readdir(path)).includes(OWNER_FILE)) assert.ok(performance.now() < deadline);
  await reads(join(path, OWNER_FILE), (text) => text.endsWith('\n'));
  // More than once: a beat that looked before may be written over it.
  for (; isOpening; await pause(5)) await forge(path, { host: 'elsewhere', token: 'another' });
  await opening;
});

it('a process that was killed holds nothing, though nobody has asked how it ended', {
  skip: process.platform === 'linux' ? false : 'only Linux tells it from a living one',
}, async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: 'pipe' });
  t.after(() => parent.kill('SIGKILL'));
  const pid = Number(String((await once(parent.stdout, 'data'))[0]));
  // A shell would ask; what it becomes does not.
  await reads(`/proc/${parent.pid}/comm`, (text) => text === 'sleep\n');
  process.kill(pid, 'SIGKILL');
  await reads(`/proc/${pid}/stat`, (text) => text.includes(') Z '));
  const started = await startOfProcess(pid);
  assert.notEqual(started, '');
  await claimAndRelease(await leftBehind(t, { pid, started }));
});

it('a store goes on when its process goes to another directory', async (t) => {
  const path = await directory(t);
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(path);
  const store = new LevelStorage('a störe', 1, { ownerTiming: QUICK });
  t.after(() => store.close());
  await store.open();
  process.chdir(await directory(t));
  const record = join(path, 'a störe', OWNER_FILE);
  const first = await readFile(record, 'utf8');
  await reads(record, (text) => text !== first);
  await store.write(logBatch({}));
  await store.close();
  const again = new LevelStorage(join(path, 'a störe'), 1);
  t.after(() => again.close());
  assert.equal((await again.open()).durable.boot, 2);
});

it('a record ends with its holder', async (t) => {
  const path = await directory(t);
  const store = new LevelStorage(path, 1);
  await store.open();
  const { pid } = JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8'));
  assert.equal(pid, process.pid);
  await store.close();
  await assert.rejects(readFile(join(path, OWNER_FILE)), { code: 'ENOENT' });
});
