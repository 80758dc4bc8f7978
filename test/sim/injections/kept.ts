/** Bugs of recipes that keep something: a node where it belongs, or the tree at hand. */
import type { SwarmOverrides } from '../../../lib/testing/swarm.ts';
import { type Injection, THREE, uses } from './injection.ts';

const KEPT = 'lib/recipes/kept-node.ts';
const FOLDED = 'lib/recipes/folded-watch.ts';
const TTL = 'lib/recipes/ttl-node.ts';
const CONFIG = 'lib/recipes/config.ts';
const DIRECTORY = 'lib/recipes/directory.ts';
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

const GROUP = { expects: ['S41'], ...uses('group', EXPIRE) } as const;
const KEPT_NODES = { expects: ['S42'], ...uses('kept', EXPIRE) } as const;
const REGISTRY = { expects: ['S43'], ...uses('registry', EXPIRE) } as const;
const VALUES = { expects: ['S44'], ...uses('values', EXPIRE) } as const;

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
  {
    id: 'ttl-node-that-stays-gone',
    origin: 'S42: comes back',
    title: 'a TTL node that was deleted is not made again',
    patches: [
      {
        file: TTL,
        find: "if (QuorateError.is(error, 'NO_NODE')) await this.#make(wait).catch(() => {});",
        replace: '',
      },
    ],
    ...KEPT_NODES,
  },
  {
    id: 'ttl-node-with-its-first-data',
    origin: 'S42: with what was set last',
    title: 'a TTL node is made again with what it was opened with',
    patches: [
      {
        file: TTL,
        find: 'const wish = this.#wishes.add(data);',
        replace: 'const wish = { data, at: 0, before: undefined, isRefused: false };',
      },
    ],
    ...KEPT_NODES,
  },
  {
    id: 'slot-never-looked-at-again',
    origin: 'S42: has what it waits for',
    title: 'whoever finds a node in its way waits for ever',
    patches: [
      {
        file: KEPT,
        find: '.until((node) => node?.stat.czxid !== stat.czxid, { signal });',
        replace: '.until((node) => node?.stat.czxid === 0n, { signal });',
      },
    ],
    ...KEPT_NODES,
  },
  {
    id: 'instance-listed-when-it-is-gone',
    origin: 'S43: a removal that was seen',
    title: 'an instance stays in the list when its node is deleted',
    patches: [
      {
        file: DIRECTORY,
        find: 'else entry.registered = data && instanceOf(data, name, id, this.#schema);',
        replace: 'else if (data) entry.registered = instanceOf(data, name, id, this.#schema);',
      },
    ],
    ...REGISTRY,
  },
  {
    id: 'provider-passes-over-gaps',
    origin: 'S43: chosen among those who are there',
    title: 'what a provider has missed it is not told later either',
    patches: [
      {
        file: 'lib/recipes/provider.ts',
        find: 'directory.take(update);',
        replace: "if (update.kind !== 'gap') directory.take(update);",
      },
    ],
    ...REGISTRY,
  },
  {
    id: 'slot-of-one-that-is-gone',
    origin: 'S43: a removal that was seen',
    title: 'a provider goes on to choose an instance that has gone',
    patches: [
      {
        file: 'lib/recipes/pool.ts',
        find: 'slot.level = UNFIT; this.#slots.delete(id); this.#isStale = true;',
        replace: 'this.#slots.delete(id);',
      },
    ],
    ...REGISTRY,
  },
  {
    id: 'word-of-the-operator-unheard',
    origin: 'S43: lists are the tree',
    title: 'the weight that an operator has set is passed over',
    patches: [
      {
        file: DIRECTORY,
        find: 'weight: control?.weight ?? registered.weight,',
        replace: 'weight: registered.weight,',
      },
    ],
    ...REGISTRY,
  },
  {
    id: 'value-written-over-a-newer-one',
    origin: 'S44: lost update',
    title: 'a value is written over whatever is there by then',
    patches: [
      {
        file: CONFIG,
        find: '{ set: this.#path, data: value, version: stat.version };',
        replace: '{ set: this.#path, data: value };',
      },
    ],
    ...VALUES,
  },
  {
    id: 'history-without-end',
    origin: 'S44: the history is what was set last',
    title: 'nothing is ever taken out of the history',
    patches: [
      {
        file: CONFIG,
        find: '...old.map((name) => ({ delete: joinPath(this.#folder, name) })),',
        replace: '...old.slice(0, 0).map((name) => ({ delete: joinPath(this.#folder, name) })),',
      },
    ],
    ...VALUES,
  },
  {
    id: 'live-value-as-it-was-first',
    origin: 'S44: live is the newest',
    title: 'a live value is made once',
    patches: [
      {
        file: 'lib/recipes/mapped-watch.ts',
        find: 'if (this.#made === undefined || !Object.is(this.#made.of, value)) {',
        replace: 'if (this.#made === undefined) {',
      },
    ],
    ...VALUES,
  },
  {
    id: 'cache-keeps-what-is-deleted',
    origin: 'S44: a cache is the tree',
    title: 'a tree cache keeps nodes that are deleted',
    patches: [
      {
        file: 'lib/recipes/tree-cache.ts',
        find: "if (change.type === 'deleted') this.#byPath.delete(change.path);",
        replace: "if (change.type === 'deleted') continue;",
      },
    ],
    ...VALUES,
  },
  {
    id: 'text-outlives-the-data',
    origin: 'S44: a value is made from the one before it',
    title: 'a node that is written is still read as the text that it was',
    patches: [
      {
        file: 'lib/tree/node-table.ts',
        find: 'setData(row: number, bytes: Uint8Array): void { this.#texts.forget(row);',
        replace: 'setData(row: number, bytes: Uint8Array): void {',
      },
    ],
    ...VALUES,
  },
];
