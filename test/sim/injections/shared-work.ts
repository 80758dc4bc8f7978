/** Bugs of recipes that share something other than a lock: work, a start, partitions, a number. */
import { type Injection, uses } from './injection.ts';

const TAKER = 'lib/recipes/queue-taker.ts';
const CLAIM = 'lib/recipes/queue-claim.ts';
const ROUNDS = 'lib/recipes/double-barrier-rounds.ts';
const ADDITIONS = 'lib/recipes/additions.ts';

const QUEUE = { expects: ['S38'], ...uses('queue') } as const;
const BARRIER = { expects: ['S39'], ...uses('barrier') } as const;
const DOUBLE_BARRIER = { expects: ['S39'], ...uses('rounds') } as const;
const PARTITIONS = { expects: ['S33'], ...uses('partitions') } as const;
const NUMBERS = { expects: ['S40'], ...uses('tally') } as const;

export const SHARED_WORK: readonly Injection[] = [
  {
    id: 'items-claimed-as-they-were-seen',
    origin: 'S38: one has it',
    title: 'who claims items does not look whether others have claimed since',
    patches: [
      {
        file: TAKER,
        find: 'const ops = [{ set: folder, data: noData(), version }, create] as const;',
        replace: 'const ops = [{ set: folder, data: noData() }, create] as const;',
      },
    ],
    ...QUEUE,
  },
  {
    id: 'items-of-the-dead-are-done',
    origin: 'S38: at least once; kazoo Queue',
    title: 'an item is gone with the process that has taken it',
    patches: [
      {
        file: TAKER,
        find: "await left.giveBack('again');",
        replace: "await left.giveBack('done');",
      },
    ],
    ...QUEUE,
  },
  {
    id: 'items-of-the-dead-stay-theirs',
    origin: 'S38: served after the heal',
    title: 'nobody gives back what was taken by a process that is gone',
    patches: [
      {
        file: TAKER,
        find: 'for (const orphan of this.#seen.orphans()) {',
        replace: 'for (const orphan of this.#seen.orphans().slice(0, 0)) {',
      },
    ],
    ...QUEUE,
  },
  {
    id: 'poison-goes-round',
    origin: 'S38: put aside',
    title: 'what is never acknowledged is taken again and again',
    patches: [
      {
        file: CLAIM,
        find: "const isDead = verdict === 'dead' || attemptOf(name) >= this.#maxAttempts;",
        replace: "const isDead = verdict === 'dead';",
      },
    ],
    ...QUEUE,
  },
  {
    id: 'acknowledged-by-who-has-lost-it',
    origin: 'S38: told what became of it',
    title: 'an item is removed by whoever once had it, whether it still has',
    patches: [
      {
        file: CLAIM,
        find: 'if (ops.length > 0) await view.multi(ops, WITHOUT_END);',
        replace: 'if (ops.length > 0) await this.#session.multi(ops, WITHOUT_END);',
      },
    ],
    ...QUEUE,
  },
  {
    id: 'barrier-opens-one-too-soon',
    origin: 'S39: the threshold',
    title: 'a barrier opens when one is still missing',
    patches: [
      {
        file: 'lib/recipes/threshold.ts',
        find: 'if (look.arrivals.length >= this.#size) {',
        replace: 'if (look.arrivals.length >= this.#size - 1) {',
      },
    ],
    ...BARRIER,
  },
  {
    id: 'gate-seen-by-a-late-peer',
    origin: 'S39: closed is closed',
    title: 'who comes to a gate believes what its own peer has heard so far',
    patches: [
      {
        file: 'lib/recipes/gate.ts',
        find: 'await session.sync(wait.left);',
        replace: '',
      },
    ],
    ...BARRIER,
  },
  {
    id: 'round-opened-for-those-who-were-there',
    origin: 'S39: at the same time; CURATOR DistributedDoubleBarrier',
    title: 'a round begins by who was seen a moment ago',
    patches: [
      {
        file: ROUNDS,
        find: 'await session.multi([...present, { create: this.#ready }], wait.left);',
        replace: 'await session.multi([{ create: this.#ready }], wait.left);',
      },
    ],
    ...DOUBLE_BARRIER,
  },
  {
    id: 'left-before-the-others',
    origin: 'S39: all end together',
    title: 'who leaves a round waits for nobody',
    patches: [
      {
        file: ROUNDS,
        find: 'if (!isFirst) void own.remove();',
        replace: 'if (!isFirst) return true;',
      },
    ],
    ...DOUBLE_BARRIER,
  },
  {
    id: 'round-ended-over-a-newcomer',
    origin: 'S39: rounds do not mix',
    title: 'the last one ends the round, whoever has joined it meanwhile',
    patches: [
      {
        file: ROUNDS,
        find: '{ delete: this.#ready, version: ready.version },',
        replace: '{ delete: this.#ready },',
      },
    ],
    ...DOUBLE_BARRIER,
  },
  {
    id: 'given-on-before-the-work-has-settled',
    origin: 'S33: a late function overlaps nobody',
    title: 'a partition that is to move is given on while its owner is at work',
    patches: [
      {
        file: 'lib/recipes/serve.ts',
        find: 'const giveUp = () => held.giveUp();',
        replace: 'const giveUp = () => void held.release();',
      },
    ],
    ...PARTITIONS,
  },
  {
    id: 'shares-of-the-first-members',
    origin: 'S33: everything is owned after the heal',
    title: 'who leads shares out among those whom it saw first',
    patches: [
      {
        file: 'lib/recipes/partition-plan.ts',
        find: 'seen.members = members;',
        replace: 'seen.members ??= members;',
      },
    ],
    ...PARTITIONS,
  },
  {
    id: 'sum-written-over',
    origin: 'S40: lost update',
    title: 'an addition writes its sum over whatever is there by then',
    patches: [
      {
        file: ADDITIONS,
        find: 'await itself.set(this.#path, total, { ...WITHOUT_END, version: stat.version });',
        replace: 'await this.#client.set(this.#path, total, WITHOUT_END);',
      },
    ],
    ...NUMBERS,
  },
  {
    id: 'added-again-with-the-next-session',
    origin: 'S40: counted once',
    title: 'an addition of unknown fate is done again when its session has ended',
    patches: [
      {
        file: ADDITIONS,
        find: "if (!isPassing || error.outcome !== 'not-applied') return false;",
        replace: 'if (!isPassing) return false;',
      },
    ],
    ...NUMBERS,
  },
  {
    id: 'blocks-that-overlap',
    origin: 'S40: never the same id',
    title: 'a block of ids begins with the last one of the block before',
    patches: [
      {
        file: 'lib/recipes/unique-id.ts',
        find: 'this.#next = last - this.#block + 1;',
        replace: 'this.#next = last - this.#block;',
      },
    ],
    ...NUMBERS,
  },
];
