import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type Peer, QuorateError } from '../../lib/index.ts';
import { type Grant, HotStandby, type StandbyMember } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { byId, eventually, followerAndOther, PATIENCE, untilNodes } from './support.ts';

const WAIT = { timeout: PATIENCE };

function standbyOf(peer: Peer): HotStandby {
  return new HotStandby(peer, '/bus', { owner: String(peer.id), failurePause: 20 });
}

/** Waits until the members of a task are so: owners with their states, the first one first. */
function untilLine(standby: HotStandby, task: string, expected: string): Promise<unknown> {
  const text = (members: readonly StandbyMember[] = []) =>
    members.map(({ owner, state }) => `${owner} ${state}`).join(', ');
  return standby.watch().until((tasks) => text(tasks.get(task)) === expected, WAIT);
}

test('one runs each task, the next in the line takes over when it is killed, fails or resigns', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const [first, second] = group.peers.filter((peer) => peer !== leader);
  assert.ok(first && second);
  await standbyOf(first).add('orders', 'db1');
  const working = new Set<Grant>();
  const fences: bigint[] = [];
  const stop = new AbortController();
  const errors: unknown[] = [];
  second.on('error', (error) => errors.push(error));
  const runs: Promise<void>[] = [];
  let told = () => {};
  let what: 'throw' | 'return' | undefined;
  const start = (peer: Peer) => {
    const run = standbyOf(peer).run(
      async (running) => {
        assert.deepEqual([running.task, running.data], ['orders', 'db1']);
        assert.equal(working.size, 0, 'nobody else works');
        working.add(running);
        fences.push(running.fence);
        void running.ended.then(() => working.delete(running));
        const asked = new Promise<void>((resolve) => {
          told = resolve;
        });
        await Promise.race([running.ended, asked]);
        working.delete(running);
        if (what === 'throw') throw new Error('it is broken');
      },
      { signal: stop.signal },
    );
    runs.push(run);
  };
  const seen = standbyOf(second);
  start(first);
  await untilLine(seen, 'orders', `${first.id} RUNNING`);
  start(second);
  await untilLine(seen, 'orders', `${first.id} RUNNING, ${second.id} STANDBY`);
  start(leader);
  await untilLine(
    seen,
    'orders',
    `${first.id} RUNNING, ${second.id} STANDBY, ${leader.id} STANDBY`,
  );
  await group.kill(first.id);
  await untilLine(seen, 'orders', `${second.id} RUNNING, ${leader.id} STANDBY`);
  await eventually('it works', () => fences.length === 2);
  what = 'throw';
  told();
  await untilLine(seen, 'orders', `${leader.id} RUNNING, ${second.id} STANDBY`);
  assert.deepEqual(errors.map(String), ['Error: it is broken']);
  const tasks = await seen.watch().until(() => true);
  const failed = tasks.get('orders')?.[1];
  assert.deepEqual([failed?.failures, failed?.error], [1, 'it is broken']);
  await eventually('it works', () => fences.length === 3);
  what = 'return';
  told();
  await untilLine(seen, 'orders', `${second.id} RUNNING, ${leader.id} STANDBY`);
  assert.deepEqual(
    fences,
    [...fences].sort((a, b) => (a < b ? -1 : 1)),
  );
  stop.abort();
  await Promise.all(runs);
  await untilNodes(second, '/bus/orders', 0);
});

test('tasks that are added are run, those that are removed are not, and do not come back', async () => {
  await using group = await createTestGroup(3);
  const running = new Map<string, Grant>();
  const stop = new AbortController();
  const runs = group.peers.map((peer) =>
    standbyOf(peer).run(
      async (task) => {
        running.set(task.task, task);
        await task.ended;
        running.delete(task.task);
      },
      { signal: stop.signal },
    ),
  );
  const standby = standbyOf(byId(group.peers, 1));
  await standby.add('a', '1');
  await standby.add('b', '2');
  await eventually('both are run', () => running.size === 2);
  await assert.rejects(standby.add('a', '3'), failsWith('NODE_EXISTS'));
  // Others stand there at every moment: in one of a few attempts nobody has just come.
  for (let isRemoved = false; !isRemoved; ) {
    isRemoved = await standby.remove('a').then(
      () => true,
      (error: unknown) => !failsWith('NOT_EMPTY')(error),
    );
  }
  await eventually('it is run no longer', () => !running.has('a'));
  await standby.watch().until((tasks) => tasks.size === 1, WAIT);
  assert.deepEqual([...running.keys()], ['b']);
  await assert.rejects(standby.remove('a'), failsWith('NO_NODE'));
  stop.abort();
  await Promise.all(runs);
  assert.equal(running.size, 0);
  assert.equal(await byId(group.peers, 1).exists('/bus/a'), undefined);
});

test('a session that expires costs the place; the leader of the group may be killed', async () => {
  await using group = await createTestGroup(3);
  const leader = await group.leader();
  const others = group.peers.filter((peer) => peer !== leader);
  const [first, second] = others;
  assert.ok(first && second);
  await standbyOf(first).add('a', '');
  for (const [at, peer] of others.entries()) {
    void standbyOf(peer).run((running) => running.ended);
    const line = others.slice(0, at + 1).map(({ id }, place) => {
      return `${id} ${place === 0 ? 'RUNNING' : 'STANDBY'}`;
    });
    await untilLine(standbyOf(second), 'a', line.join(', '));
  }
  await group.expireSession(first.id);
  await untilLine(standbyOf(second), 'a', `${second.id} RUNNING, ${first.id} STANDBY`);
  await group.kill(leader.id);
  await group.leader();
  await group.restart(leader.id);
  await group.expireSession(second.id);
  await untilLine(standbyOf(second), 'a', `${first.id} RUNNING, ${second.id} STANDBY`);
});

/** A client whose guarded writes of data are cut short so often. */
function unheard<C extends Client>(client: C, cuts: { left: number }): C {
  const wrap = <V extends object>(view: V, isGuarded: boolean): V => {
    return new Proxy(view, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]) => {
          if (isGuarded && name === 'set' && cuts.left > 0) {
            cuts.left -= 1;
            return Promise.reject(QuorateError.make('TIMED_OUT'));
          }
          const result: unknown = Reflect.apply(value, target, args);
          if (name === 'as') return wrap(result as object, isGuarded);
          return name === 'guardedBy' ? wrap(result as object, true) : result;
        };
      },
    });
  };
  return wrap(client, false);
}

test('a take-over that nobody answers is no failure of the work, and is made again', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => void errors.push(error));
  const cuts = { left: 2 };
  const seen = new HotStandby(peer, '/bus');
  await seen.add('a', 'b');
  const stop = new AbortController();
  const standby = new HotStandby(unheard(peer, cuts), '/bus', { owner: 'me' });
  const run = standby.run(({ ended }) => ended, { signal: stop.signal });
  await untilLine(seen, 'a', 'me RUNNING');
  const [member] = (await seen.watch().until(() => true)).get('a') ?? [];
  assert.deepEqual([member?.failures, cuts.left, errors], [0, 0, []]);
  stop.abort();
  await run;
});

test('a task that is removed and added again waits, in this process, until its former work has settled', async (t) => {
  const peer = await solo(t);
  const standby = standbyOf(peer);
  await standby.add('a', '1');
  const stop = new AbortController();
  const begun: string[] = [];
  let working = 0;
  let most = 0;
  let settle = () => {};
  const gate = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const run = standby.run(
    async (running) => {
      begun.push(running.data);
      working += 1;
      most = Math.max(most, working);
      // It takes no notice of what it has lost.
      if (begun.length === 1) await gate;
      else await running.ended;
      working -= 1;
    },
    { signal: stop.signal },
  );
  await eventually('it works', () => begun.length === 1);
  await peer.delete('/bus/a', { recursive: true });
  await untilNodes(peer, '/bus', 0);
  await standby.add('a', '2');
  await standby.watch().until((tasks) => tasks.has('a'), WAIT);
  await sleep(100);
  assert.deepEqual(begun, ['1']);
  settle();
  await eventually('it works again', () => begun.length === 2);
  stop.abort();
  await run;
  assert.deepEqual([begun, most], [['1', '2'], 1]);
});

test('late work of a task that was removed and added again has the lower fence, and cannot write', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  const terms: (Grant & { readonly data: string })[] = [];
  const stop = new AbortController();
  const run = (peer: Peer): Promise<void> => {
    return standbyOf(peer).run(
      async (running) => {
        terms.push(running);
        await running.ended;
      },
      { signal: stop.signal },
    );
  };
  await standbyOf(other).add('a', 'old');
  const first = run(cut);
  await eventually('it is run', () => terms.length === 1);
  const [former] = terms;
  assert.ok(former);
  await untilLine(standbyOf(other), 'a', `${cut.id} RUNNING`);
  const guarded = cut.guardedBy(former);
  group.partition([cut.id]);
  const late = assert.rejects(guarded.create('/late', 'x', { timeout: PATIENCE }), (error) =>
    QuorateError.is(error, 'GRANT_LOST', 'SESSION_EXPIRED'),
  );
  await standbyOf(other).remove('a', WAIT);
  await standbyOf(other).add('a', 'new', WAIT);
  const second = run(other);
  await eventually('the task of the same name is run', () => terms.length === 2);
  const [, present] = terms;
  assert.ok(present);
  assert.equal(present.data, 'new');
  assert.ok(present.fence > former.fence);
  // It learns by its own clock, as nobody else tells it.
  await former.ended;
  assert.throws(() => former.assertHeld(), failsWith('GRANT_LOST'));
  group.heal();
  await late;
  await other.sync(WAIT);
  assert.equal(await other.exists('/late'), undefined);
  present.assertHeld();
  await untilLine(standbyOf(other), 'a', `${other.id} RUNNING, ${cut.id} STANDBY`);
  stop.abort();
  await Promise.all([first, second]);
});

test('it ends with its client, and refuses what is wrong', async (t) => {
  const peer = await solo(t);
  const standby = standbyOf(peer);
  await assert.rejects(standby.add('a/b', ''), failsWith('BAD_ARGUMENTS'));
  await assert.rejects(standby.add('', ''), failsWith('BAD_ARGUMENTS'));
  assert.throws(() => new HotStandby(peer, '/s', { failurePause: -1 }), RangeError);
  await assert.rejects(standby.run('work' as never), TypeError);
  await standby.run(() => {}, { signal: AbortSignal.abort() });
  const running = standby.run(() => {});
  await standby.add('a', '');
  await peer.close();
  await running;
});

test('who releases a task has resigned: it pauses, and what it throws then is told', async (t) => {
  const peer = await solo(t);
  const errors: unknown[] = [];
  peer.on('error', (error) => errors.push(error));
  const standby = new HotStandby(peer, '/bus', { failurePause: 3_600_000 });
  await standby.add('orders', 'data');
  const stop = new AbortController();
  let count = 0;
  const running = standby.run(
    async (task) => {
      count += 1;
      await task.release();
      throw new Error('behind its release');
    },
    { signal: stop.signal },
  );
  await eventually('it is told', () => errors.length > 0);
  await peer.sync();
  stop.abort();
  await running;
  assert.equal(count, 1, 'it does not stand again before the pause is over');
  assert.deepEqual(errors.map(String), ['Error: behind its release']);
});

test('whatever the work throws, it stands again and tells the beginning of it', async (t) => {
  const peer = await solo(t);
  const standby = new HotStandby(peer, '/bus', { failurePause: 0 });
  await standby.add('orders', 'data');
  const stop = new AbortController();
  const thrown: unknown[] = [new Error('x'.repeat(2_000_000)), Object.create(null)];
  const running = standby.run(
    () => {
      if (thrown.length > 0) throw thrown.shift();
      stop.abort();
    },
    { signal: stop.signal },
  );
  const texts: (string | undefined)[] = [];
  const watching = standby.watch().subscribe((tasks) => {
    const [own] = tasks.get('orders') ?? [];
    if (own !== undefined && !texts.includes(own.error)) texts.push(own.error);
  });
  await running;
  watching[Symbol.dispose]();
  assert.deepEqual(texts, [undefined, 'x'.repeat(1_000), 'something without a text was thrown']);
});

test('of what others write into a task only members are shown, with what is text', async (t) => {
  const peer = await solo(t);
  await standbyOf(peer).add('orders', 'db1');
  const member = { owner: 'x', state: 'STANDBY', failures: 0 };
  const texts = [{ ...member, error: { at: 1 } }, { ...member, state: 'LOST' }, null, 'x'];
  for (const [at, text] of texts.entries()) {
    const name = `_c_8f14e45f-ceea-467f-a0e6-5d2f1c9b7a3${at}-latch-000000000${at}`;
    await peer.create(`/bus/orders/${name}`, JSON.stringify(text));
  }
  await peer.create('/bus/orders/readme', JSON.stringify(member));
  const tasks = await standbyOf(peer)
    .watch()
    .until(() => true, WAIT);
  const shown = tasks.get('orders')?.map(({ owner, error }) => ({ owner, error }));
  assert.deepEqual(shown, [{ owner: 'x', error: undefined }]);
});
