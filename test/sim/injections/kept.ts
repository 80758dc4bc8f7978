/** Bugs of recipes that keep something: a node where it belongs, or the tree at hand. */
import type { SwarmOverrides } from '../../../lib/testing/swarm.ts';
import { type Injection, THREE } from './injection.ts';

const KEPT = 'lib/recipes/kept-node.ts';
const FOLDED = 'lib/recipes/folded-watch.ts';
const MEMBERS = 'lib/recipes/members.ts';
const TREE = 'lib/client/tree-source.ts';

/** Sessions that end, and processes that do. */
const EXPIRE: SwarmOverrides = {
  fixed: THREE,
  faults: [
    ['partition', 8],
    ['crash', 3],
    ['clog', 3],
    ['stall', 3],
  ],
};

/** Runs in which nothing but that recipe is used. */
function uses(application: string): Pick<Injection, 'machine' | 'bias'> {
  return { machine: 'recipes', bias: { ...EXPIRE, applications: [application] } };
}

const GROUP = { expects: ['S41'], ...uses('group') } as const;

export const KEEPING: readonly Injection[] = [
  {
    id: 'member-until-the-first-expiry',
    origin: 'S41: whoever has joined comes back',
    title: 'a node is kept until its first session ends',
    patches: [
      {
        file: KEPT,
        find: 'await pause(wait, signal);',
        replace:
          "if (QuorateError.is(error, 'SESSION_EXPIRED')) return; await pause(wait, signal);",
      },
    ],
    ...GROUP,
  },
  {
    id: 'refused-data-takes-back-what-is-on-its-way',
    origin: 'S41: the data that was set last',
    title: 'whoever is refused some data goes back to what the tree has by then',
    patches: [
      {
        file: 'lib/recipes/wishes.ts',
        find: 'this.#newest = this.#newest.before; }',
        replace:
          'this.#newest = this.#newest.before; } while (this.#newest.before) this.#newest = this.#newest.before;',
      },
    ],
    ...GROUP,
  },
  {
    id: 'told-of-data-that-no-node-has',
    origin: 'S41: told when it is there',
    title: 'a set resolves when a node is made again, whatever data is in it',
    patches: [
      {
        file: KEPT,
        find: 'if (await this.#isNewest(this.#own)) this.#tell((waiter) => waiter.resolve());',
        replace: 'this.#tell((waiter) => waiter.resolve()); await this.#isNewest(this.#own);',
      },
    ],
    ...GROUP,
  },
  {
    id: 'member-that-has-left-is-there',
    origin: 'S41: nobody else is in it',
    title: 'whoever leaves does not remove its node',
    patches: [
      {
        file: KEPT,
        find: 'if (this.#own !== undefined) await remove(this.#own);',
        replace: '',
      },
    ],
    ...GROUP,
  },
  {
    id: 'map-remembers-who-has-gone',
    origin: 'S41: a map is the group as it was',
    title: 'who has gone stays in the live map',
    patches: [{ file: MEMBERS, find: 'members.delete(name);', replace: '' }],
    ...GROUP,
  },
  {
    id: 'live-map-of-the-first-session',
    origin: 'S41: maps converge',
    title: 'a subtree is watched until the first session ends',
    patches: [
      {
        file: TREE,
        find: 'if (this.#source.current.end === undefined) this.#enter();',
        replace: 'if (this.#source.current.end === undefined) return;',
      },
    ],
    ...GROUP,
  },
  {
    id: 'gap-between-two-sessions',
    origin: 'S41: maps converge; CURATOR TreeCache',
    title: 'what happens between two sessions is never asked for',
    patches: [{ file: TREE, find: "this.#backlog.lose('everything');", replace: '' }],
    ...GROUP,
  },
  {
    id: 'live-map-at-another-zxid',
    origin: 'S41: a map knows of which transaction it is',
    title: 'the zxid of a live map is that of its first state',
    patches: [{ file: FOLDED, find: 'this.#zxid = next.value.zxid;', replace: '' }],
    ...GROUP,
  },
];
