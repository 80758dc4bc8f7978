/** Bugs of recipes, as other coordination services had them: grants that are given too soon, too long or never. */
import type { SwarmOverrides } from '../../../lib/testing/swarm.ts';
import { type Injection, THREE } from './injection.ts';

const CLAIM = 'lib/recipes/claim.ts';
const HELD = 'lib/recipes/held-claim.ts';
const QUEUE = 'lib/recipes/queue-rules.ts';
const TURN = 'lib/recipes/turn.ts';

/** Runs in which nothing else is used. */
const GRANTS: readonly string[] = ['grants'];

/** Holders and waiters that are cut off, asleep, or gone. */
const CUT_OFF: SwarmOverrides = {
  applications: GRANTS,
  fixed: THREE,
  faults: [
    ['partition', 8],
    ['clog', 3],
    ['stall', 4],
    ['crash', 2],
    ['slow', 1],
  ],
};

/** Of sessions that cannot be relied on. In the simulator these harm too rarely to be waited for. */
const SUSPENDED = {
  expects: ['S33'],
  machine: 'recipes',
  directed: 'test/recipes/suspended.test.ts',
} as const;

const COMMON = { expects: ['S33'], machine: 'recipes', bias: CUT_OFF } as const;

export const RECIPES: readonly Injection[] = [
  {
    id: 'node-of-a-dying-session',
    origin: 'row 54, CURATOR-498',
    title: 'whoever queues again after an expiry goes on with its former node while that is there',
    patches: [
      {
        file: CLAIM,
        find: 'return stats.every((stat) => stat?.czxid === fence && stat.ephemeralOwner === session.id);',
        replace: 'return stats.every((stat) => stat?.czxid === fence);',
      },
      {
        file: TURN,
        find: 'claim = await rules.stand(session, options, wait, true);',
        replace: `const former = left.get(rules);
          left.delete(rules);
          const found = former && (await session.exists(former.paths[0], wait.left));
          claim = found?.czxid === former?.fence && found
            ? new former.constructor(session.as(bytes), former.id, [{ path: former.paths[0], stat: found }])
            : await rules.stand(session, options, wait, true);`,
      },
      {
        file: TURN,
        find: 'const told = await cutShort(error,',
        replace: `if (claim && QuorateError.is(error, 'SESSION_EXPIRED')) left.set(rules, claim);
          const told = await cutShort(error,`,
      },
      {
        file: TURN,
        find: 'const LOOK = 50;',
        replace: 'const LOOK = 50; const left = new WeakMap();',
      },
      {
        file: TURN,
        find: "import type { Claim } from './claim.ts';",
        replace:
          "import type { Claim } from './claim.ts'; import { bytes } from '../client/codec.ts';",
      },
    ],
    ...SUSPENDED,
  },
  {
    id: 'grant-outlives-its-session',
    origin: 'row 55, CURATOR-644, CURATOR-696',
    title: 'a holder relies on its node as it saw it last, whatever becomes of its session',
    patches: [
      {
        file: HELD,
        find: 'if (this.session.trustedFor > 0) return true;',
        replace: 'if (this.session.trustedFor >= 0) return true;',
      },
      {
        file: HELD,
        find: 'else onAbort(session.closing, this.#sessionEnds);',
        replace: '',
      },
    ],
    ...COMMON,
  },
  {
    id: 'no-signal-when-suspended',
    origin: 'row 56, CURATOR-206',
    title: 'the signal of a grant aborts when its session has ended, not when it is suspended',
    patches: [
      {
        file: HELD,
        find: 'this.#timer = setTimeout(this.#check, wait).unref();',
        replace: 'void wait;',
      },
    ],
    ...SUSPENDED,
  },
  {
    id: 'granted-what-has-expired',
    origin: 'row 56, etcd #11456',
    title: 'whoever slept through a disconnection is granted by what it sees when it wakes',
    patches: [
      {
        file: TURN,
        find: 'if (session.trustedFor > 0) return await claim.stands(wait);',
        replace: 'if (session.trustedFor >= 0) return true;',
      },
    ],
    ...SUSPENDED,
  },
  {
    id: 'contender-left-behind',
    origin: 'row 57, CURATOR-315, kazoo PR 760',
    title: 'nobody looks for the node of a create whose answer was not waited for',
    patches: [
      {
        file: CLAIM,
        find: 'void forget(session, new Set(wish.folders), id, error);',
        replace: '',
      },
    ],
    ...COMMON,
  },
  {
    id: 'released-once',
    origin: 'row 57, CURATOR-462',
    title: 'a node that could not be deleted at once stays',
    patches: [
      {
        file: 'lib/recipes/keep-trying.ts',
        find: 'await pause(wait, session.signal);',
        replace: 'return;',
      },
      {
        file: CLAIM,
        find: 'return session.delete(only, WITHOUT_END);',
        replace: 'return session.delete(only, { timeout: 1_000 });',
      },
    ],
    ...COMMON,
  },
  {
    id: 'leases-counted-before',
    origin: 'row 58, kazoo #213',
    title: 'who takes a lease without waiting does not count again after its own node is there',
    patches: [
      {
        file: TURN,
        find: "while ((await rules.standing(claim, options, wait)).type === 'granted') {",
        replace: 'for (;;) {',
      },
    ],
    ...COMMON,
    bias: { fixed: THREE, applications: GRANTS },
  },
  {
    id: 'watch-on-a-node-that-was-gone',
    origin: 'row 59, kazoo 0937c79',
    title: 'who comes to watch a node that is gone by then waits for it to come and go',
    patches: [
      {
        file: QUEUE,
        find: 'return node === undefined || node.stat.czxid !== first;',
        replace: 'return first !== undefined && (node === undefined || node.stat.czxid !== first);',
      },
    ],
    ...COMMON,
  },
  {
    id: 'all-watch-the-holder',
    origin: 'row 61, herd',
    title: 'every waiter watches the node of the holder',
    patches: [
      {
        file: QUEUE,
        find: 'return waitingFor(session, joinPath(folder, last.name), isForItself);',
        replace:
          'return waitingFor(session, joinPath(folder, aheadOf(lineOf(names), own)[0]?.name ?? last.name), isForItself);',
      },
    ],
    expects: ['S33'],
    machine: 'recipes',
    directed: 'test/recipes/mutex.test.ts',
  },
  {
    id: 'fence-of-the-session',
    origin: 'S33: fences rise',
    title: 'a fence tells sessions apart, not grants',
    patches: [
      { file: HELD, find: 'this.fence = claim.fence;', replace: 'this.fence = claim.session.id;' },
    ],
    ...COMMON,
  },
  {
    id: 'release-of-the-first',
    origin: 'S33: release removes exactly the own node',
    title: 'what is given up is the first place of the line, whoever stands there',
    patches: [
      {
        file: CLAIM,
        find: "import { type Kind, newNameOf, uniqueId } from './names.ts';",
        replace: "import { type Kind, lineOf, newNameOf, uniqueId } from './names.ts';",
      },
      {
        file: CLAIM,
        find: "import { joinPath } from '../base/path.ts';",
        replace: "import { joinPath, parentOf } from '../base/path.ts';",
      },
      {
        file: CLAIM,
        find: 'const left = await this.#left();',
        replace: `const folder = parentOf(this.paths[0]);
          const [first] = lineOf(await this.session.children(folder, WITHOUT_END));
          const left = first === undefined ? [] : [joinPath(folder, first.name)];`,
      },
    ],
    ...COMMON,
  },
  {
    id: 'session-closed-before-its-holders-know',
    origin: 'S33: told before the group may grant again',
    title: 'a session is closed, and who holds by it hears of it when it is',
    patches: [
      {
        file: 'lib/client/session-core.ts',
        find: 'close(): void { this.announceEnd();',
        replace: 'close(): void {',
      },
    ],
    ...COMMON,
    bias: { fixed: THREE, applications: GRANTS },
  },
  {
    id: 'readers-pass-writers',
    origin: 'S33: readers and writers',
    title: 'a reader waits for nobody',
    patches: [
      {
        file: 'lib/recipes/names.ts',
        find: '(place.isShared && own.isShared)',
        replace: 'own.isShared',
      },
    ],
    ...COMMON,
    bias: { fixed: THREE, applications: GRANTS },
  },
  {
    id: 'one-turn-for-several-locks',
    origin: 'S33: all or none',
    title: 'who wants several locks has them when it is its turn for the first',
    patches: [
      {
        file: QUEUE,
        find: 'const standings = await ofEach(claimed.paths, (path) =>',
        replace: 'const standings = await ofEach(claimed.paths.slice(0, 1), (path) =>',
      },
    ],
    ...COMMON,
    bias: { fixed: THREE, applications: GRANTS },
  },
];
