/** Bugs of epochs and votes: promises that are not kept, not durable, or nobody's. */
import { type Injection, THREE } from './injection.ts';

const DISCOVERY = 'lib/zab/discovery.ts';
const QUORUM = 'lib/zab/quorum.ts';

const PENDING_TOO =
  'return before === undefined ? [pending] : [{ configuration: before, committed: true }, pending];';
const NEW_VOTERS_ALONE =
  'return before === undefined ? [pending] : [{ configuration: last, committed: true }];';

export const PROMISES: readonly Injection[] = [
  {
    id: 'leader-epoch-not-saved',
    origin: 'row 17, ZOOKEEPER-1291',
    title: 'the leader proposes an epoch that is not on its own disk yet',
    patches: [
      {
        file: DISCOVERY,
        find: "core.writes.whenDurable({ type: 'epoch-chosen' });",
        replace: 'epochChosen(core, leading);',
      },
    ],
    expects: ['S1', 'S2', 'S13'],
    machine: 'zab',
  },
  {
    id: 'accepted-from-ignored',
    origin: 'model',
    title: 'one epoch is promised to two leaders',
    patches: [
      {
        file: DISCOVERY,
        find: 'const counted = epoch > accepted || acceptedFrom === leader;',
        replace: 'const counted = true;',
      },
    ],
    expects: ['S1', 'S5', 'S6', 'S31'],
    machine: 'zab',
    bias: {
      fixed: { ...THREE, born: true, writeLatency: 20, writeSpike: 0.05, workInterval: 500 },
      faults: [['oracle', 1]],
    },
  },
  {
    id: 'discovery-by-committed-configuration',
    origin: 'model',
    title: 'discovery counts by the last committed configuration only',
    patches: [
      {
        file: DISCOVERY,
        find: "import { hasVote } from './quorum.ts';",
        replace: "import { hasVote, isActiveQuorum } from './quorum.ts';",
      },
      {
        file: DISCOVERY,
        find: 'if (!core.isQuorum(core.withSelf(voters.map(({ key }) => key)))) return;',
        replace:
          'if (!isActiveQuorum(core.history.activeAt(core.commit, core.commit), core.withSelf(voters.map(({ key }) => key)))) return;',
      },
      {
        file: DISCOVERY,
        find: "if (!core.isQuorum(core.withSelf(keys))) return; leading.stage = 'synchronization';",
        replace:
          "if (!isActiveQuorum(core.history.activeAt(core.commit, core.commit), core.withSelf(keys))) return; leading.stage = 'synchronization';",
      },
    ],
    expects: ['S1', 'S5', 'S6', 'S31'],
    machine: 'zab',
    bias: {
      fixed: THREE,
      faults: [
        ['other-disk', 3],
        ['crash', 8],
        ['disk-slow', 1],
      ],
    },
  },
  {
    id: 'amnesiac-votes',
    origin: 'row 33, amnesia',
    title: 'a voter is an id, whatever has become of its disk',
    patches: [
      {
        file: 'lib/zab/bootstrap.ts',
        find: 'return isVoter(genesis, id, store);',
        replace: 'return store !== "" && genesis.voters.some((voter) => voter.id === id);',
      },
      {
        file: QUORUM,
        find: 'return isMajority(configuration.voters, (voter) => keys.has(keyOf(voter)));',
        replace:
          "return isMajority(configuration.voters, (voter) => [...keys].some((key) => key.startsWith(voter.id + ':')));",
      },
      {
        file: QUORUM,
        find: 'voter.id === id && voter.store === store && voter.weight > 0',
        replace: 'voter.id === id && voter.weight > 0',
      },
    ],
    expects: ['S4', 'S5', 'S6', 'S8', 'S31'],
    machine: 'zab',
    bias: {
      faults: [
        ['wipe', 3],
        ['crash', 3],
        ['partition', 2],
        ['crash-all', 1],
      ],
    },
  },
  {
    id: 'lost-tail-trusted',
    origin: 'row 32, corruption taken for a torn tail',
    title: 'a store that comes back with less than it promised keeps its vote',
    patches: [
      {
        file: DISCOVERY,
        find: 'if (seen === undefined || !(info.voter || isVoter(core, learner))) return false;',
        replace: 'if (seen?.accepted !== -1) return false;',
      },
    ],
    expects: ['S5'],
    machine: 'zab',
    bias: {
      faults: [
        ['rollback', 3],
        ['crash', 2],
        ['partition', 1],
      ],
    },
  },
  {
    id: 'copy-taken-for-the-store',
    origin: 'section 4, a cloned machine',
    title: 'a copy of a store that does not know the start the log remembers keeps its vote',
    patches: [
      {
        file: 'lib/zab/record-starts.ts',
        find: 'return !starts.includes(voter.start);',
        replace: 'return starts.length < 0;',
      },
    ],
    expects: ['S5'],
    machine: 'zab',
    bias: {
      faults: [
        ['old-copy', 3],
        ['crash', 2],
        ['partition', 1],
      ],
    },
  },
  {
    id: 'pledge-by-word-taken-back',
    origin: 'section 4, first bootstrap',
    title: 'a voter that pledged a group without some voters pledges another one with them',
    patches: [
      {
        file: 'lib/zab/bootstrap.ts',
        find: "const pledged = own.state === 'pledged' ? own.voters : [];",
        replace: "const pledged = own.state === 'born' ? there : [];",
      },
    ],
    expects: ['S31'],
    machine: 'zab',
    directed: 'test/zab/door.test.ts',
  },
  {
    id: 'new-store-admits-itself',
    origin: 'model',
    title: 'replaceStore is committed by the voters as they will be, the new store among them',
    patches: [
      {
        file: 'lib/zab/history.ts',
        find: PENDING_TOO,
        replace: NEW_VOTERS_ALONE,
      },
    ],
    expects: ['S5', 'S6', 'S31'],
    machine: 'zab',
    bias: {
      faults: [
        ['wipe', 4],
        ['crash', 3],
        ['partition', 3],
        ['slow', 1],
        ['disk-slow', 1],
      ],
    },
  },
  {
    id: 'configuration-before-own-epoch',
    origin: "row 52, Raft's single-server change",
    title:
      'a leader changes the voters before its epoch has begun, and counts by the new ones alone',
    patches: [
      {
        file: 'lib/zab/turn.ts',
        find: 'if (isBroadcasting(core, leading)) core.outbox.configure',
        replace: 'if (leading.established) core.outbox.configure',
      },
      {
        file: 'lib/zab/zab.ts',
        find: "assert(kind === 'epoch-start' || this.broadcasting, 'EPOCH_START is committed first (G12)');",
        replace: '',
      },
      {
        file: 'lib/testing/zab-machine.ts',
        find: 'if (configure !== undefined && this.#zab.broadcasting) {',
        replace: 'if (configure !== undefined && this.#zab.proposing) {',
      },
      {
        file: 'lib/zab/history.ts',
        find: PENDING_TOO,
        replace: NEW_VOTERS_ALONE,
      },
    ],
    expects: ['S5', 'S6', 'S31'],
    machine: 'zab',
    bias: {
      faults: [
        ['wipe', 4],
        ['crash', 4],
        ['partition', 2],
        ['crash-all', 1],
      ],
    },
  },
];
