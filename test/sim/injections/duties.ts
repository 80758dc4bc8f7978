/** Bugs of recipes by which one of all does something: a tick, a task, a migration. */
import type { SwarmOverrides } from '../../../lib/testing/swarm.ts';
import { type Injection, THREE, uses } from './injection.ts';

const SCHEDULE = 'lib/recipes/schedule.ts';
const TICKS = 'lib/recipes/tick-record.ts';
const STANDBY = 'lib/recipes/hot-standby.ts';
const MIGRATIONS = 'lib/recipes/migrations.ts';

/** Processes that stand still, and answers that come late. */
const STALLS: SwarmOverrides = {
  fixed: THREE,
  faults: [
    ['partition', 6],
    ['crash', 2],
    ['clog', 3],
    ['stall', 8],
    ['break', 4],
  ],
};

const OF_SCHEDULE = { expects: ['S45', 'S33'], ...uses('schedule') } as const;
const OF_STANDBY = { expects: ['S46', 'S33'], ...uses('standby') } as const;
const OF_MIGRATIONS = { expects: ['S47', 'S33'], ...uses('migrations') } as const;

export const DUTIES: readonly Injection[] = [
  {
    id: 'tick-taken-as-it-was-seen',
    origin: 'S45: once',
    title: 'who takes a tick does not look whether somebody has taken it since',
    patches: [
      {
        file: SCHEDULE,
        find: 'checks: [{ set: this.#path, data: record, version }],',
        replace: 'checks: [{ set: this.#path, data: record }],',
      },
    ],
    ...OF_SCHEDULE,
  },
  {
    id: 'tick-taken-while-a-job-is-at-work',
    origin: 'S45: no two runs overlap',
    title: 'a run that goes on is taken for one that was interrupted',
    patches: [
      {
        file: TICKS,
        find: "if (isRunning) return { type: 'wait', until: undefined };",
        replace: '',
      },
    ],
    ...OF_SCHEDULE,
  },
  {
    id: 'run-again-without-end',
    origin: 'S45: as declared',
    title: 'a tick that was interrupted is run again as often as that happens',
    patches: [
      {
        file: TICKS,
        find: "rules.interrupted === 'retry' && attempt < rules.maxAttempts",
        replace: "rules.interrupted === 'retry'",
      },
    ],
    ...OF_SCHEDULE,
  },
  {
    id: 'interrupted-run-left-out',
    origin: 'S45: as declared',
    title: 'a tick that was interrupted is left out although it was to be run again',
    patches: [
      {
        file: TICKS,
        find: "if (isInterrupted && rules.interrupted === 'retry'",
        replace: "if (isInterrupted && now < last && rules.interrupted === 'retry'",
      },
    ],
    ...OF_SCHEDULE,
  },
  {
    id: 'job-of-a-run-that-is-over',
    origin: 'S45: a late answer begins nothing',
    title: 'a job is called although its run was lost before the answer came',
    patches: [
      {
        file: SCHEDULE,
        find: 'if (!run.stillHeld()) return; await whileHeld',
        replace: 'await whileHeld',
      },
      {
        file: SCHEDULE,
        find: 'await untilTrusted(claimed, answer);',
        replace: '',
      },
    ],
    ...OF_SCHEDULE,
    bias: { ...STALLS, applications: ['schedule'] },
  },
  {
    id: 'schedule-ends-without-a-quorum',
    origin: 'S45: after the heal it runs again',
    title: 'who gets no answer for a while takes part no more',
    patches: [
      {
        file: SCHEDULE,
        find: "const PASSING = ['TIMED_OUT', 'OVERLOADED', 'SESSION_EXPIRED', 'SESSION_MOVED'] as const;",
        replace: "const PASSING = ['OVERLOADED', 'SESSION_MOVED'] as const;",
      },
    ],
    ...OF_SCHEDULE,
  },
  {
    id: 'run-by-whoever-stands',
    origin: 'S46: one is RUNNING',
    title: 'who stands for a task runs it at once',
    patches: [
      {
        file: 'lib/recipes/queue-rules.ts',
        find: "if (last === undefined) return { type: 'granted' };",
        replace:
          "if (last === undefined || own.name.includes('-latch-')) return { type: 'granted' };",
      },
    ],
    ...OF_STANDBY,
  },
  {
    id: 'failed-and-still-first',
    origin: 'S46: the next one takes over',
    title: 'who has failed at a task keeps its place in the line',
    patches: [
      {
        file: STANDBY,
        find: 'offAbort(stop, giveUp); await term.release();',
        replace: 'offAbort(stop, giveUp); if (term.isReleased) await term.release();',
      },
    ],
    ...OF_STANDBY,
  },
  {
    id: 'stands-beside-its-former-work',
    origin: 'S46: its own work has settled',
    title:
      'who hears that a task was added again stands for it while it is still at work on the one that was removed',
    patches: [
      {
        file: STANDBY,
        find: 'const former = settled.get(task) ?? Promise.resolve();',
        replace: 'const former = Promise.resolve();',
      },
    ],
    ...OF_STANDBY,
  },
  {
    id: 'failures-that-nobody-counts',
    origin: 'S46: who throws or resigns has failed',
    title: 'a failure is not in the node of whoever stands again',
    patches: [
      {
        file: STANDBY,
        find: 'record = { ...record, failures: record.failures + 1, error: failure };',
        replace: 'record = { ...record, failures: record.failures };',
      },
    ],
    ...OF_STANDBY,
  },
  {
    id: 'take-over-that-counts-as-a-failure',
    origin: 'S46: nothing that the work has done',
    title: 'who gets no answer when it takes over has failed',
    patches: [
      {
        file: STANDBY,
        find: 'if (QuorateError.is(error, ...NOT_YET) && !hasBegun) throw error;',
        replace: '',
      },
      {
        file: STANDBY,
        find: 'const wait = { ...WITHOUT_END, signal: term.signal };',
        replace: 'const wait = { timeout: 200, signal: term.signal };',
      },
    ],
    ...OF_STANDBY,
    expects: ['S46', 'S34'],
  },
  {
    id: 'migrates-by-what-was-to-be-done-before',
    origin: 'S47: nobody begins what is done',
    title: 'who has waited for another one does what was to be done before that',
    patches: [
      {
        file: MIGRATIONS,
        find: 'return await mutex.run((grant) => this.#run(grant), wait.left);',
        replace: 'return await mutex.run((grant) => this.#run(grant, done), wait.left);',
      },
      {
        file: MIGRATIONS,
        find: 'async #run(grant: Grant): Promise<string[]> {',
        replace: 'async #run(grant: Grant, done: string[]): Promise<string[]> {',
      },
      {
        file: MIGRATIONS,
        find: `const done = await unlessLost(grant, () => {
          return this.#done({ consistency: 'linearizable', ...WITHOUT_END });
        });`,
        replace: '',
      },
    ],
    ...OF_MIGRATIONS,
  },
  {
    id: 'migrates-beside-others',
    origin: 'S47: never two at once',
    title: 'who migrates waits for nobody',
    patches: [
      {
        file: 'lib/recipes/queue-rules.ts',
        find: "if (last === undefined) return { type: 'granted' };",
        replace: "if (last === undefined || folder.endsWith('/lock')) return { type: 'granted' };",
      },
    ],
    ...OF_MIGRATIONS,
  },
  {
    id: 'recorded-by-who-has-lost-it',
    origin: 'S47: recorded by the one who has done it',
    title: 'a step is recorded by whoever once was at it, whether it still is',
    patches: [
      {
        file: MIGRATIONS,
        find: "await unlessLost(grant, () => guarded.create(record, '', WITHOUT_END));",
        replace: "await unlessLost(grant, () => this.#client.create(record, '', WITHOUT_END));",
      },
    ],
    ...OF_MIGRATIONS,
  },
  {
    id: 'migration-given-up-without-a-quorum',
    origin: 'S47: waits as long as its session lives',
    title: 'who gets no answer for a moment when a step is done gives the migration up',
    patches: [
      {
        file: MIGRATIONS,
        find: "await unlessLost(grant, () => guarded.create(record, '', WITHOUT_END));",
        replace: "await unlessLost(grant, () => guarded.create(record, '', { timeout: 300 }));",
      },
    ],
    ...OF_MIGRATIONS,
  },
  {
    id: 'recorded-before-it-is-done',
    origin: 'S47: each is recorded when it is done',
    title: 'a step is recorded, and then done',
    patches: [
      {
        file: MIGRATIONS,
        find: `await step.run(guarded, grant);
          const record = joinPath(this.#folder, step.name);
          await unlessLost(grant, () => guarded.create(record, '', WITHOUT_END));`,
        replace: `const record = joinPath(this.#folder, step.name);
          await unlessLost(grant, () => guarded.create(record, '', WITHOUT_END));
          await step.run(guarded, grant);`,
      },
    ],
    ...OF_MIGRATIONS,
  },
];
