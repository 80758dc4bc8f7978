/** S45, S46 and S47 by hand-made histories: of ticks, tasks and migrations. */
import { test } from 'node:test';
import type { Zxid } from '../../lib/base/zxid.ts';
import type { RunningTask, ScheduledRun } from '../../lib/recipes/index.ts';
import { StandbyBook } from '../../lib/testing/applications/standby-book.ts';
import { StepBook } from '../../lib/testing/applications/step-book.ts';
import { TickBook } from '../../lib/testing/applications/tick-book.ts';
import type { Change } from '../../lib/tree/txn.ts';
import { checked, gone, grantOf, judge, made, type Play } from './play.ts';

// Ticks.

const SCHEDULE = '/cron/report';
const RULES = {
  period: 1_000,
  missed: 'skip',
  interrupted: 'skip',
  maxAttempts: 2,
  grace: 500,
} as const;

/** One who has a schedule. */
class Runner {
  readonly play: Play;
  readonly book: TickBook;
  readonly id: number;
  #count = 0;

  constructor(play: Play, book: TickBook, id: number) {
    this.play = play;
    this.book = book;
    this.id = id;
  }

  record(tick: number, attempt: number, state: string, error?: string): unknown {
    const owner = `${this.id}/1`;
    return { tick: new Date(tick).toISOString(), attempt, state, owner, error };
  }

  /** Says since when ticks count. */
  first(): void {
    this.play.by(this.id, made(SCHEDULE, this.record(0, 0, 'waiting')), made(`${SCHEDULE}/runs`));
  }

  look(now: number): void {
    this.book.looked(this.play.process(this.id), now);
  }

  take(tick: number, attempt = 1): ScheduledRun & { fence: Zxid } {
    const path = `${SCHEDULE}/runs/run-${this.id}-000000000${this.#count}`;
    this.#count += 1;
    const fence = this.play.by(
      this.id,
      this.play.set(SCHEDULE, this.record(tick, attempt, 'running')),
      made(path),
    );
    return { ...grantOf(path, fence), fence, tick: new Date(tick), attempt };
  }

  /** Takes a tick and calls its job, which settles. */
  run(tick: number, attempt = 1, how = 'done'): ScheduledRun {
    const run = this.take(tick, attempt);
    const holding = this.book.begun(this.play.process(this.id), run, run.fence);
    this.book.settled(holding, run, how === 'lost' ? undefined : how);
    return run;
  }

  finish(run: ScheduledRun, state = 'done', error?: string): void {
    const record = this.record(run.tick.getTime(), run.attempt, state, error);
    this.play.by(this.id, this.play.set(SCHEDULE, record), gone(run.path));
  }
}

function schedule(
  verdict: string,
  rules: Partial<ConstructorParameters<typeof TickBook>[2]>,
  act: (one: Runner, other: Runner) => void,
): void {
  const book = new TickBook(SCHEDULE, '/log/report', { ...RULES, ...rules });
  judge(verdict, book.predicate, ['/cron'], (play) => {
    const one = new Runner(play, book, 1);
    one.first();
    one.look(1_100);
    act(one, new Runner(play, book, 2));
  });
}

test('S45 holds for ticks that are run one after the other, and for what fails', () => {
  schedule('holds', {}, (one, other) => {
    one.finish(one.run(1_000));
    other.look(2_100);
    other.finish(other.run(2_000, 1, 'failed: broken'), 'failed', 'broken');
  });
});

test('S45 fires when a tick is taken again, or one before it', () => {
  for (const tick of [1_000, 0]) {
    schedule('S45', {}, (one) => {
      one.finish(one.run(1_000));
      one.look(tick + 100);
      one.take(tick);
    });
  }
});

test('S45 fires when a tick is taken while a job is at work', () => {
  schedule('S45', {}, (one, other) => {
    one.take(1_000);
    other.look(2_100);
    other.take(2_000);
  });
});

test('S45 fires for a tick before its time, one that was missed, and what is no tick', () => {
  for (const [now, tick] of [
    [1_900, 2_000],
    [3_600, 3_000],
    [3_100, 2_000],
    [2_600, 2_500],
  ] as const) {
    schedule('S45', {}, (one, other) => {
      one.finish(one.run(1_000));
      other.look(now);
      other.take(tick);
    });
  }
  schedule('holds', { missed: 'run' }, (one, other) => {
    one.finish(one.run(1_000));
    other.look(3_600);
    other.take(3_000);
  });
});

test('S45 lets an interrupted tick be run again where that is declared, and only so often', () => {
  const interrupted = (one: Runner): void => {
    const run = one.run(1_000, 1, 'lost');
    one.play.by(1, gone(run.path));
  };
  schedule('S45', {}, (one, other) => {
    interrupted(one);
    other.take(1_000, 2);
  });
  schedule('holds', { interrupted: 'retry' }, (one, other) => {
    interrupted(one);
    other.finish(other.run(1_000, 2));
  });
  schedule('S45', { interrupted: 'retry', maxAttempts: 1 }, (one, other) => {
    interrupted(one);
    other.take(1_000, 2);
  });
  schedule('S45', { interrupted: 'retry' }, (one, other) => {
    one.finish(one.run(1_000));
    other.take(1_000, 2);
  });
  schedule('S45', { interrupted: 'retry' }, (one) => {
    interrupted(one);
    one.look(2_100);
    one.take(2_000);
  });
});

test('S45 fires when the record of a run does not say what became of its job', () => {
  schedule('S45', {}, (one) => one.finish(one.run(1_000), 'failed', 'broken'));
  schedule('S45', {}, (one) => one.finish(one.run(1_000, 1, 'lost')));
  schedule('S45', {}, (one, other) => other.finish(one.run(1_000)));
});

test('S45 fires when a job is told of another tick, S33 when it is called twice', () => {
  schedule('S45', {}, (one) => {
    const run = one.take(1_000);
    one.book.begun(one.play.process(1), { ...run, tick: new Date(2_000) }, run.fence);
  });
  schedule('S33', {}, (one) => {
    const run = one.take(1_000);
    const holding = one.book.begun(one.play.process(1), run, run.fence);
    one.book.settled(holding, run, undefined);
    one.book.begun(one.play.process(1), run, run.fence);
  });
});

test('S45 and S46 fire when somebody is called for what is over', () => {
  schedule('S45', {}, (one) => {
    const run = one.take(1_000);
    const over = { ...run, ...grantOf(run.path, run.fence, true), fence: run.fence };
    one.book.begun(one.play.process(1), over, run.fence);
  });
  standby('S46', (play, book) => {
    const path = '/bus/a/_c_0-latch-0000000000';
    const fence = play.by(3, made(path, stands('three')));
    const seen = play.by(3, play.set(path, stands('three', 'RUNNING')));
    const over = { ...running(path, fence), ...grantOf(path, fence, true) };
    book.begun(play.process(3), over, 'three', seen);
  });
});

test('S45 fires when somebody who watches is told what is not so, or what was before', () => {
  const last = { attempt: 1, owner: '1/1' };
  const tell = (verdict: string, ...told: [number, 'running' | 'done' | 'interrupted'][]): void => {
    schedule(verdict, {}, (one) => {
      one.finish(one.run(1_000));
      one.look(2_100);
      one.take(2_000);
      const seen = { tick: 0, attempt: 0, isOver: false };
      for (const [tick, state] of told) {
        one.book.told(seen, { ...last, tick: new Date(tick), state });
      }
    });
  };
  tell('holds', [1_000, 'running'], [1_000, 'done'], [2_000, 'running']);
  tell('S45', [2_000, 'running'], [1_000, 'done']);
  tell('S45', [1_000, 'done'], [1_000, 'running']);
  tell('S45', [1_000, 'interrupted']);
  tell('S45', [2_000, 'done']);
  tell('S45', [3_000, 'running']);
});

// Tasks.

const ONE = '/bus/a/_c_1-latch-0000000001';
const TWO = '/bus/a/_c_2-latch-0000000002';

function stands(owner: string, state = 'STANDBY', failures = 0, error?: string): unknown {
  return { owner, state, failures, error };
}

function standby(verdict: string, act: (play: Play, book: StandbyBook) => void): void {
  const book = new StandbyBook('/bus');
  judge(verdict, book.predicate, ['/bus', '/bus/a'], (play) => {
    play.by(1, made(ONE, stands('one')));
    play.by(2, made(TWO, stands('two')));
    act(play, book);
  });
}

function running(path: string, fence: Zxid): RunningTask {
  return { ...grantOf(path, fence), task: 'a', data: '' };
}

test('S46 holds when the next in the line takes over from one that is gone', () => {
  standby('holds', (play) => {
    play.by(1, play.set(ONE, stands('one', 'RUNNING')));
    play.by(1, gone(ONE));
    play.by(2, play.set(TWO, stands('two', 'RUNNING')));
  });
});

test('late work of a task that was removed is none of the one that was added again; else S33 fires', () => {
  const late = (verdict: string, taken: (at: string) => Change[], given: Change[]): void => {
    standby(verdict, (play, book) => {
      const begins = (peer: number, path: string): void => {
        const owner = String(peer);
        const fence = play.by(peer, made(path, stands(owner)));
        const seen = play.by(peer, play.set(path, stands(owner, 'RUNNING')));
        book.asserted(book.begun(play.process(peer), running(path, fence), owner, seen));
      };
      const first = '/bus/a/_c_3-latch-0000000000';
      begins(3, first);
      play.by(1, ...taken(first));
      if (given.length > 0) play.by(1, ...given);
      begins(1, '/bus/a/_c_4-latch-0000000000');
    });
  };
  const all = (first: string): Change[] => [first, ONE, TWO, '/bus/a'].map(gone);
  late('holds', all, [made('/bus/a')]);
  late('S33', (first) => [gone(first)], []);
});

test('S46 fires when two are RUNNING, or one that is not the first', () => {
  standby('S46', (play) => {
    play.by(1, play.set(ONE, stands('one', 'RUNNING')));
    play.by(2, play.set(TWO, stands('two', 'RUNNING')));
  });
  standby('S46', (play) => {
    play.by(2, play.set(TWO, stands('two', 'RUNNING')));
  });
});

test('S46 fires when work is called by one that only stands by, or by the node of another one', () => {
  for (const [owner, state] of [
    ['three', 'STANDBY'],
    ['three', 'RUNNING'],
  ] as const) {
    standby('S46', (play, book) => {
      play.by(1, gone(ONE));
      play.by(2, gone(TWO));
      const path = '/bus/a/_c_3-latch-0000000003';
      const fence = play.by(3, made(path, stands('three')));
      if (state === 'RUNNING') play.by(3, play.set(path, stands('three', state)));
      const name = state === 'RUNNING' ? 'two' : owner;
      book.begun(play.process(3), running(path, fence), name, fence);
    });
  }
});

test('S46 fires when a failure is not counted, and when one is counted that was none', () => {
  const next = '/bus/a/_c_3-latch-0000000003';
  const fails = (verdict: string, failure: string | undefined, told: unknown): void => {
    standby(verdict, (play, book) => {
      const path = '/bus/a/_c_0-latch-0000000000';
      const fence = play.by(3, made(path, stands('three')));
      const seen = play.by(3, play.set(path, stands('three', 'RUNNING')));
      const held = book.begun(play.process(3), running(path, fence), 'three', seen);
      book.settled(held, 'a', 'three', failure);
      play.by(3, gone(path));
      play.by(3, made(next, told));
    });
  };
  fails('holds', 'broken', stands('three', 'STANDBY', 1, 'broken'));
  fails('holds', undefined, stands('three'));
  fails('S46', 'broken', stands('three'));
  fails('S46', 'broken', stands('three', 'STANDBY', 1, 'it resigned'));
  fails('S46', undefined, stands('three', 'STANDBY', 1, 'no answer'));
  fails('S46', undefined, stands('three', 'RUNNING'));
});

test('S46 holds when what is late has failed at a task that is another one by then', () => {
  standby('holds', (play, book) => {
    const first = '/bus/a/_c_3-latch-0000000000';
    const fence = play.by(3, made(first, stands('three')));
    const seen = play.by(3, play.set(first, stands('three', 'RUNNING')));
    const held = book.begun(play.process(3), running(first, fence), 'three', seen);
    play.by(1, ...[first, ONE, TWO, '/bus/a'].map(gone));
    play.by(1, made('/bus/a'));
    book.settled(held, 'a', 'three', 'broken');
    play.by(3, made('/bus/a/_c_3-latch-0000000001', stands('three')));
  });
});

// Migrations.

const LOCK = '/m/m1/lock/_c_1-lock-0000000001';
const OTHER = '/m/m1/lock/_c_2-lock-0000000002';

interface Doer {
  readonly play: Play;
  readonly book: StepBook;
  /** Calls a step, which settles. */
  does(step: string, isDone?: boolean): void;
  /** Makes its record, by a grant. */
  records(step: string, guard?: string): Zxid;
}

function migration(verdict: string, act: (one: Doer) => void): void {
  const book = new StepBook('/m', ['a', 'b', 'c']);
  const folders = ['/m', '/m/m1', '/m/m1/done', '/m/m1/lock'];
  judge(verdict, book.predicate, folders, (play) => {
    const fence = play.by(1, made(LOCK));
    const grant = grantOf(LOCK, fence);
    const done = '/m/m1/done';
    let since = fence;
    const does = (step: string, isDone = true): void => {
      const holding = book.begun(play.process(1), 'm1', step, grant, since);
      book.settled(holding, 'm1', step, isDone);
    };
    const records = (step: string, guard: string | undefined = LOCK): Zxid => {
      since = play.by(1, checked(guard), made(`${done}/${step}`));
      return since;
    };
    act({ play, book, does, records });
  });
}

test('S47 holds for steps that are done and recorded one after the other', () => {
  migration('holds', ({ play, book, does, records }) => {
    does('a');
    records('a');
    does('b', false);
    does('b');
    const told = records('b');
    book.finished(play.process(1), 'm1', ['a', 'b'], ['a', 'b'], told);
    book.finished(play.process(2), 'm1', ['a', 'b'], [], told);
    book.listed('m1', ['a', 'b']);
  });
});

test('S47 fires when a step is done before another one, or again', () => {
  migration('S47', ({ does }) => does('b'));
  migration('S47', ({ does, records }) => {
    does('a');
    records('a');
    does('a');
  });
});

test('S47 fires when a step is recorded out of order, before it is done, or by another one', () => {
  migration('S47', ({ does, records }) => {
    does('a');
    records('b');
  });
  migration('S47', ({ records }) => {
    records('a');
  });
  migration('S47', ({ does, records }) => {
    does('a', false);
    records('a');
  });
  migration('S47', ({ play, does, records }) => {
    does('a');
    play.by(2, made(OTHER));
    records('a', OTHER);
  });
});

test('S47 fires when a record vanishes', () => {
  migration('S47', ({ play, does, records }) => {
    does('a');
    records('a');
    play.by(2, gone('/m/m1/done/a'));
  });
});

test('S47 fires when somebody is told that it is done, and it is not, or was done by another one', () => {
  const tell = (peer: number, all: readonly string[], ran: readonly string[]): void => {
    migration('S47', ({ play, book, does, records }) => {
      does('a');
      book.finished(play.process(peer), 'm1', all, ran, records('a'));
    });
  };
  tell(1, ['a', 'b'], ['a']);
  tell(2, ['a'], ['a']);
  migration('S47', ({ book, does, records }) => {
    does('a');
    records('a');
    book.listed('m1', ['b']);
  });
});

test('S33 fires when two are at a migration at once', () => {
  migration('S33', ({ play, book, does }) => {
    does('a', false);
    const fence = play.by(2, made(OTHER));
    book.begun(play.process(2), 'm1', 'a', grantOf(OTHER, fence), fence);
  });
});
