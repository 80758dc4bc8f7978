/** A process that stood still goes on where it was: nobody is asked whether that is still so. */
import { type Injection, THREE } from './injection.ts';

/** Many stalls, a little longer than the others wait, under a steady load. */
const STALLS_OFTEN: Injection['bias'] = {
  fixed: { ...THREE, workInterval: 20, clientInterval: 50 },
  faults: [
    ['stall', 6],
    ['partition', 1],
  ],
};

export const STALLS: readonly Injection[] = [
  {
    id: 'stalled-leader-commits',
    origin: 'a leader that was frozen, etcd-io/etcd#20418',
    title: 'a leader that stood still commits what was acknowledged meanwhile, and asks nobody',
    patches: [
      {
        file: 'lib/zab/round.ts',
        find: 'leading.provenFrom = leading.nonce + 1;',
        replace: 'leading.provenFrom = 0;',
      },
    ],
    expects: ['S37'],
    machine: 'zab',
    bias: STALLS_OFTEN,
  },
  {
    id: 'stalled-leader-expires',
    origin: 'a leader that was frozen',
    title: 'a leader that stood still judges sessions by what it has heard before',
    patches: [
      {
        file: 'lib/replica/leader-duties.ts',
        find: 'if (this.#rounds.contact < this.#stalledAt || !this.#inFlight.hasRoom) return;',
        replace: 'if (!this.#inFlight.hasRoom) return;',
      },
      {
        file: 'lib/replica/leader-duties.ts',
        find: 'if (stall > 0) this.#expiry.extend(stall);',
        replace: '',
      },
    ],
    expects: ['S20', 'S21', 'S37'],
    machine: 'replica',
    bias: STALLS_OFTEN,
  },
  {
    id: 'stalled-leader-reads',
    origin: 'a leader that was frozen, etcd-io/etcd#20418',
    title: 'a leader that stood still answers reads from its own tree, and asks nobody',
    patches: [
      {
        file: 'lib/replica/replica.ts',
        find: 'this.#local.doubt(); this.#zab.doubt();',
        replace: 'this.#zab.doubt();',
      },
    ],
    expects: ['S37'],
    machine: 'replica',
    bias: STALLS_OFTEN,
  },
  {
    id: 'stalled-twice-asks-once',
    origin: 'a leader that was frozen twice, with a question under way',
    title: 'a peer that stood still again reads by an answer that was given before',
    patches: [
      {
        file: 'lib/replica/reads.ts',
        find: 'this.#proof = this.index.join();',
        replace: 'this.#proof ??= this.index.join();',
      },
    ],
    expects: ['S37'],
    machine: 'replica',
    directed: 'test/replica/doubt.test.ts',
  },
];
