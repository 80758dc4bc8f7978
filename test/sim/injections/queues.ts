/** Bounds that are left out: what waits then grows with time, and so does the wait. */
import { type Injection, THREE } from './injection.ts';

export const QUEUES: readonly Injection[] = [
  {
    id: 'held-without-end',
    origin: 'ZOOKEEPER-2201, one stuck peer',
    title:
      'a leader keeps proposals for a learner whose history its link does not take, without a bound',
    patches: [
      {
        file: 'lib/zab/deadlines.ts',
        find: '|| kept > heldMax(core, learner);',
        replace: '|| kept > Number.POSITIVE_INFINITY;',
      },
    ],
    expects: ['S34'],
    machine: 'zab',
    bias: {
      fixed: { ...THREE, heldBytesMax: 2_000, lagMax: 100_000, workInterval: 20 },
      faults: [
        ['clog', 4],
        ['slow', 3],
        ['crash', 3],
        ['break', 3],
      ],
    },
  },
  {
    id: 'leads-with-a-hung-disk',
    origin: 'disk that hangs without an error',
    title: 'a leader whose disk writes nothing any more leads for ever',
    patches: [
      {
        file: 'lib/zab/slow-disk.ts',
        find: 'if (hasQuorumWithout(core, leading)) resign(core, leading, false);',
        replace: 'if (hasQuorumWithout(core, leading)) return;',
      },
    ],
    expects: ['S35'],
    machine: 'zab',
    directed: 'test/zab/hung-disk.test.ts',
  },
];
