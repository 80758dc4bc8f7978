/** The witness of grants against holders that are as they should be, and against every kind of excess. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Claim, GrantTold, History } from '../history.ts';
import { Sample, statAt } from '../samples.ts';
import { type Contested, logOf, placeOf } from './recipe-places.ts';
import { replay } from './replay.ts';
import { witnessGrants } from './witness-grants.ts';

/** Holders, and what the watches tell of their nodes. */
class Contest {
  readonly sample: Sample = new Sample();
  readonly grants: GrantTold[] = [];
  readonly claims: Claim[] = [];
  readonly #contested: Contested;

  constructor(contested: Contested) {
    this.#contested = contested;
    const paths = ['/c/log', logOf(contested), placeOf(contested)];
    for (const path of paths) this.#create(path);
  }

  /** Somebody comes; the zxid of their node. */
  come(holder: string): bigint {
    return this.#create(this.#node(holder));
  }

  /** And is told that it is their turn. @param fence when they came */
  hold(holder: string, fence: bigint, weight = 1): void {
    const [contested, path, zxid] = [this.#contested, this.#node(holder), this.sample.zxid];
    this.grants.push({ holder, contested, weight, path, fence, zxid });
  }

  go(holder: string): void {
    this.sample.transaction(() => ({ type: 'deleted', path: this.#node(holder) }));
  }

  write(holder: string): void {
    const path = logOf(this.#contested);
    this.sample.transaction((zxid) => {
      return { type: 'changed', node: { path, data: holder, stat: statAt(zxid) } };
    });
  }

  claim(holder: string, from: number, to: number): void {
    this.claims.push({ lock: this.#contested, holder, from, to });
  }

  /** What is wrong; the Stats of the sample are made up, so nothing is said of those. */
  violations(): string {
    const { grants, claims } = this;
    const history: History = this.sample.history({ grants, claims });
    const replayed = replay(history.feeds);
    const { violations } = witnessGrants(history, replayed);
    return violations.filter((one) => !/ is \d+ instead of /.test(one)).join('\n');
  }

  #node(holder: string): string {
    return `${placeOf(this.#contested)}/${holder}`;
  }

  #create(path: string): bigint {
    return this.sample.transaction((zxid) => {
      return { type: 'created', node: { path, data: 'x', stat: statAt(zxid) } };
    });
  }
}

test('one after the other: nothing is wrong', () => {
  const contest = new Contest('mutex');
  const [a, b] = [contest.come('a'), contest.come('b')];
  contest.hold('a', a);
  contest.claim('a', 1, 5);
  contest.write('a');
  contest.go('a');
  contest.hold('b', b);
  contest.claim('b', 5, 9);
  contest.write('b');
  assert.equal(contest.violations(), '');
});

test('readers share, and a semaphore is shared by as many as it has leases', () => {
  for (const contested of ['read-write', 'semaphore'] as const) {
    const contest = new Contest(contested);
    const fences = ['a', 'b', 'c'].map((name) => [name, contest.come(name)] as const);
    for (const [name, fence] of fences) contest.hold(name, fence);
    assert.equal(contest.violations(), '');
  }
});

describe('is seen', () => {
  const lies: Readonly<Record<string, readonly [RegExp, Contested, (contest: Contest) => void]>> = {
    'a holder whose predecessor is still there': [
      /mutex at \d+: 2 of 1 are held/,
      'mutex',
      (contest) => {
        const [a, b] = [contest.come('a'), contest.come('b')];
        contest.hold('a', a);
        contest.hold('b', b);
        contest.go('a');
      },
    ],
    'a writer beside a reader': [
      /1001 of 1000 are held/,
      'read-write',
      (contest) => {
        const [a, b] = [contest.come('a'), contest.come('b')];
        contest.hold('a', a);
        contest.hold('b', b, 1_000);
      },
    ],
    'one lease too many': [
      /4 of 3 are held/,
      'semaphore',
      (contest) => {
        const [a, b] = [contest.come('a'), contest.come('b')];
        contest.hold('a', a, 2);
        contest.hold('b', b, 2);
      },
    ],
    'a fence that does not rise': [
      /has the fence \d+ after/,
      'leader',
      (contest) => {
        const [a, b] = [contest.come('a'), contest.come('b')];
        contest.hold('b', b);
        contest.go('b');
        contest.hold('a', a);
      },
    ],
    'two that say at the same time that they hold it': [
      /mutex at the instant 4: 2 are held/,
      'mutex',
      (contest) => {
        contest.claim('a', 1, 5);
        contest.claim('b', 4, 9);
      },
    ],
    'a guarded write of one who holds no longer': [
      /was written by a, whose grant was over/,
      'mutex',
      (contest) => {
        contest.hold('a', contest.come('a'));
        contest.go('a');
        contest.write('a');
      },
    ],
    'a grant of a node that never was': [
      /b was granted .* which never was/,
      'mutex',
      (contest) => {
        contest.come('a');
        contest.hold('b', 3n);
      },
    ],
  };
  for (const [name, [pattern, contested, lie]] of Object.entries(lies)) {
    test(name, () => {
      const contest = new Contest(contested);
      lie(contest);
      assert.match(contest.violations(), pattern);
    });
  }
});
