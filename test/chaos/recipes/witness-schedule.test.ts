/** The witnesses of a schedule, of ids and of what several locks are for, against what is as it should be and against lies. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Deed, Feed, GrantTold } from '../history.ts';
import { Sample, statAt } from '../samples.ts';
import { placeOf } from './recipe-places.ts';
import { replay } from './replay.ts';
import { witnessGrants } from './witness-grants.ts';
import { witnessIds } from './witness-ids.ts';
import { witnessSchedule } from './witness-schedule.ts';

/** A schedule, and what the watches and those who run its ticks tell. */
class Cron {
  readonly #sample: Sample = new Sample();
  readonly #later: Feed[] = [];
  readonly #deeds: Deed[] = [];
  #record = { path: '', data: '', stat: statAt(0n) };
  readonly #grants: GrantTold[] = [];

  constructor() {
    this.#write('created', { tick: 0, state: 'waiting' });
  }

  /** A tick is taken. @returns the fence */
  take(tick: number): bigint {
    return this.#write('changed', { tick, state: 'running' });
  }

  /** Nobody tells of what comes next, until a watch begins anew and sees what there is then. */
  seeAgain(): void {
    const [first] = this.#sample.feed().snapshot.changes;
    const seen = { type: 'created', node: this.#record } as const;
    const changes = first === undefined ? [seen] : [first, seen];
    const zxid = this.#record.stat.mzxid + 10n;
    this.#later.push({ peer: 2, snapshot: { zxid, changes }, transactions: [] });
  }

  end(tick: number): void {
    this.#write('changed', { tick, state: 'done' });
  }

  /** Somebody is told to run one. */
  run(holder: string, tick: number, fence: bigint): void {
    const path = `${placeOf('schedule')}/runs/${holder}`;
    this.#grants.push({ holder, contested: 'schedule', weight: 1, path, fence, zxid: fence });
    this.runUngranted(holder, tick);
  }

  runUngranted(id: string, tick: number): void {
    this.#deeds.push({ deed: 'tick', id, step: 'asked', at: 1, value: BigInt(tick) });
  }

  violations(): string {
    const replayed = replay([this.#sample.feed(), ...this.#later]);
    return witnessSchedule(this.#deeds, this.#grants, replayed).violations.join('\n');
  }

  #write(type: 'created' | 'changed', { tick, state }: { tick: number; state: string }): bigint {
    const data = JSON.stringify({ tick: new Date(tick).toISOString(), state, owner: 'me' });
    return this.#sample.transaction((zxid) => {
      this.#record = { path: placeOf('schedule'), data, stat: statAt(zxid) };
      return { type, node: this.#record };
    });
  }
}

function cron(act: (cron: Cron) => void): string {
  const one = new Cron();
  act(one);
  return one.violations();
}

function given(...ids: readonly (readonly [string, bigint])[]): Deed[] {
  return ids.map(([id, value]) => ({ deed: 'name', id, step: 'done', at: 1, value }));
}

/** Two who hold these at the same time. */
function heldTogether(one: readonly string[], other: readonly string[]): string {
  const claims = [one, other].flatMap((locks, holder) => {
    return locks.map((lock) => ({ lock, holder: `h${holder}`, from: 1, to: 5 }));
  });
  const sample = new Sample();
  const history = sample.history({ claims });
  return witnessGrants(history, replay(history.feeds)).violations.join('\n');
}

test('what is as it should be is no violation', () => {
  const ticks = cron((one) => {
    one.run('a', 400, one.take(400));
    one.end(400);
    // One that nobody came to run, and some that were left out.
    one.take(800);
    one.run('b', 2_000, one.take(2_000));
    one.seeAgain();
  });
  assert.equal(ticks, '');
  assert.deepEqual(witnessIds(given(['a', 2n], ['b', 1n]), 9n), []);
  assert.equal(heldTogether(['left'], ['right']), '');
});

describe('is seen', () => {
  const lies: Readonly<Record<string, readonly [RegExp, () => string]>> = {
    'a tick that two run': [
      /b ran 400 under \d+, after a ran 400/,
      () =>
        cron((one) => {
          one.run('a', 400, one.take(400));
          one.run('b', 400, one.take(400));
        }),
    ],
    'two that run by the same transaction': [
      /b ran 400 under \d+, after a ran 400/,
      () =>
        cron((one) => {
          const fence = one.take(400);
          one.run('a', 400, fence);
          one.run('b', 400, fence);
        }),
    ],
    'a tick that is taken twice, though nobody tells that he has run it': [
      /me ran 400 under \d+, after me ran 400/,
      () =>
        cron((one) => {
          one.take(400);
          one.take(400);
        }),
    ],
    'a tick behind a later one': [
      /b ran 400 under \d+, after a ran 800/,
      () =>
        cron((one) => {
          one.run('a', 800, one.take(800));
          one.run('b', 400, one.take(400));
        }),
    ],
    'a tick that is not the one that was taken': [
      /a ran 800, and \d+ took 400/,
      () => cron((one) => one.run('a', 800, one.take(400))),
    ],
    'a tick that nobody has taken': [
      /a ran 400, and 99 took undefined/,
      () => cron((one) => one.run('a', 400, 99n)),
    ],
    'a run without a grant': [
      /a ran the tick 400 without a grant/,
      () => cron((one) => one.runUngranted('a', 400)),
    ],
    'an id that two are given': [
      /2 was given to a and to b/,
      () => witnessIds(given(['a', 2n], ['b', 2n]), 9n).join('\n'),
    ],
    'an id that was never taken': [
      /3 was given to a, and only 2 were taken/,
      () => witnessIds(given(['a', 3n]), 2n).join('\n'),
    ],
    'an id below all': [/0 was given to a/, () => witnessIds(given(['a', 0n]), 2n).join('\n')],
    'one that holds both, beside one that holds the second': [
      /right at the instant 1: 2 are held/,
      () => heldTogether(['left', 'right'], ['right']),
    ],
  };
  for (const [name, [pattern, lie]] of Object.entries(lies)) {
    test(name, () => assert.match(lie(), pattern));
  }
});
