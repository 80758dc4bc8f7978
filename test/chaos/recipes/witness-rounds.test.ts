/** The witnesses of a double barrier and of services, against what is as it should be and against lies. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change, Claim, Deed, GrantTold } from '../history.ts';
import { Sample, statAt } from '../samples.ts';
import { placeOf, SERVICE } from './recipe-places.ts';
import { replay } from './replay.ts';
import { nodeOf, type RegistryTestimony, witnessRegistry } from './witness-registry.ts';
import { witnessRounds } from './witness-rounds.ts';

const FOLDER = placeOf('rounds');
const READY = `${FOLDER}/ready`;

/** A tree, and what those who use it tell. */
class Tale {
  readonly #sample: Sample = new Sample();
  readonly deeds: Deed[] = [];
  readonly grants: GrantTold[] = [];
  readonly claims: Claim[] = [];

  create(path: string): bigint {
    return this.#sample.transaction((zxid): Change => {
      return { type: 'created', node: { path, data: '', stat: statAt(zxid) } };
    });
  }

  delete(...paths: string[]): bigint {
    return this.#sample.transaction(() => paths.map((path) => ({ type: 'deleted', path })));
  }

  replayed() {
    return replay([this.#sample.feed()]);
  }
}

/** A double barrier and two who stand there. */
class Meeting extends Tale {
  readonly fences: Readonly<Record<'a' | 'b', bigint>>;

  constructor() {
    super();
    this.create(FOLDER);
    this.fences = { a: this.create(`${FOLDER}/a`), b: this.create(`${FOLDER}/b`) };
  }

  letIn(name: 'a' | 'b', zxid: bigint): void {
    const grant = { contested: 'rounds', weight: 1, path: `${FOLDER}/${name}` };
    this.grants.push({ ...grant, holder: name, fence: this.fences[name], zxid });
  }

  says(holder: 'a' | 'b', to: number): void {
    this.claims.push({ lock: 'rounds', holder, from: 1, to });
  }

  left(id: 'a' | 'b', at: number): void {
    this.deeds.push({ deed: 'leave', id, step: 'done', at });
  }
}

function meeting(act: (meeting: Meeting) => void): string {
  const one = new Meeting();
  act(one);
  return witnessRounds(one, one.replayed()).violations.join('\n');
}

/** A service with the instance `i`. */
class Service extends Tale {
  readonly made: bigint;

  constructor() {
    super();
    const root = placeOf('registry');
    for (const path of [root, `${root}/services`, `${root}/services/${SERVICE}`]) this.create(path);
    this.made = this.create(nodeOf('i'));
  }

  /** So many more of the same process. */
  register(count: number, at = 1): void {
    for (let turn = 0; turn < count; turn += 1) {
      const id = `${at}.${turn}`;
      this.tell('serve', id, this.create(nodeOf(id)), at);
    }
  }

  tell(deed: Deed['deed'], id: string, value: bigint, at = 0): void {
    this.deeds.push({ deed, id, step: 'done', at, value, by: 'p' });
  }
}

function service(act: (service: Service) => void): RegistryTestimony {
  const one = new Service();
  act(one);
  return witnessRegistry(one.deeds, one.replayed());
}

function toldOf(act: (service: Service) => void): string {
  return service(act).violations.join('\n');
}

const LONG = 11_000_000;

test('what is as it should be is no violation', () => {
  const round = meeting((one) => {
    const open = one.create(READY);
    one.letIn('a', open);
    one.letIn('b', open + 1n);
    one.says('a', 4);
    one.says('b', 5);
    one.delete(`${FOLDER}/a`);
    one.delete(READY, `${FOLDER}/b`);
    one.left('a', 6);
    one.left('b', 6);
  });
  assert.equal(round, '');
  const served = service((one) => {
    one.tell('serve', 'i', one.made);
    one.tell('choose', 'i', one.made);
    // Its session has ended, and it is back before others come.
    one.delete(nodeOf('i'));
    one.create(nodeOf('i'));
    one.register(10);
    const gone = one.delete(nodeOf('i'));
    one.tell('end', 'i', gone, 2);
    one.register(10, 3);
    // It has not seen that yet; then it has, a moment ago.
    one.tell('choose', 'i', gone - 1n, LONG);
    one.tell('choose', 'i', gone, LONG + 1);
  });
  assert.deepEqual([served.violations, served.returns], [[], 1]);
});

describe('is seen', () => {
  const lies: Readonly<Record<string, readonly [RegExp, () => string]>> = {
    'a round of one': [
      /began a round of 1/,
      () =>
        meeting((one) => {
          one.delete(`${FOLDER}/b`);
          one.create(READY);
        }),
    ],
    'one who is let in before the round begins': [
      /a was let in, and no round was open/,
      () =>
        meeting((one) => {
          one.letIn('a', one.fences.b);
          one.create(READY);
        }),
    ],
    'a round that ends while somebody is in it': [
      /ended a round with b in it/,
      () =>
        meeting((one) => {
          one.create(READY);
          one.delete(READY, `${FOLDER}/a`);
        }),
    ],
    'one who says that it is in when another one was told that all have left': [
      /a was told that all have left, and b was in/,
      () =>
        meeting((one) => {
          const open = one.create(READY);
          one.letIn('a', open);
          one.letIn('b', open);
          one.says('b', 7);
          one.left('a', 6);
        }),
    ],
    'an instance that is registered and never was there': [
      /j was registered by \d+, and never was/,
      () => toldOf((one) => one.tell('serve', 'j', one.made)),
    ],
    'an instance that is closed and still there': [
      /i was closed, and is there/,
      () => toldOf((one) => one.tell('end', 'i', one.made)),
    ],
    'an instance that does not come back, although its process goes on': [
      /i is gone since \d+, and p goes on without it/,
      () =>
        toldOf((one) => {
          one.tell('serve', 'i', one.made);
          one.delete(nodeOf('i'));
          one.create(nodeOf('i-again'));
          one.register(10);
        }),
    ],
    'an instance that comes back late': [
      /i is gone since \d+, and p goes on without it/,
      () =>
        toldOf((one) => {
          one.tell('serve', 'i', one.made);
          one.delete(nodeOf('i'));
          one.register(10);
          one.create(nodeOf('i'));
        }),
    ],
    'a choice of one who never was': [
      /p chose j at \d+, which never was/,
      () => toldOf((one) => one.tell('choose', 'j', one.made)),
    ],
    'a choice long after its end was seen': [
      /p chose i 11000000 microseconds after it had seen its end/,
      () =>
        toldOf((one) => {
          const gone = one.delete(nodeOf('i'));
          one.tell('choose', 'i', gone, 0);
          one.tell('choose', 'i', gone, LONG);
        }),
    ],
  };
  for (const [name, [what, lie]] of Object.entries(lies)) {
    test(name, () => assert.match(lie(), what));
  }
});
