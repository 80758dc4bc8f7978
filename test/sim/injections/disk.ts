/** Bugs of writing: what is written late, never, or not as it is remembered. */
import type { Injection } from './injection.ts';

const QUEUE = 'lib/zab/write-queue.ts';
const ZAB = 'lib/zab/zab.ts';

/** The store refused a write, and the peer goes on as if it had not. */
const IN_FLIGHT = {
  file: QUEUE,
  find: 'get empty(): boolean {',
  replace: 'get refused(): InFlight | undefined { return this.#inFlight; } get empty(): boolean {',
} as const;

export const DISK: readonly Injection[] = [
  {
    id: 'late-flush-after-role-change',
    origin: 'row 8, ZOOKEEPER-4712, 4541',
    title: 'what was queued for a role is written after it has ended',
    patches: [
      {
        file: QUEUE,
        find: 'this.#sealed = []; this.#sealedBytes = 0; this.#pending = undefined;',
        replace: '',
      },
    ],
    expects: ['S3', 'S5', 'S8', 'S10', 'S13', 'S14', 'S15', 'S34'],
    machine: 'zab',
  },
  {
    id: 'leader-goes-on-after-refused-write',
    origin: 'row 10, ZOOKEEPER-4882',
    title: 'a leader whose disk refuses a write goes on with the acknowledgements of others',
    patches: [
      IN_FLIGHT,
      {
        file: ZAB,
        find: 'failed(reason: string): void { this.#role.failed(reason);',
        replace: `failed(reason: string): void {
          const { refused } = this.#core.writes;
          if (refused !== undefined && this.established) this.persisted(refused.id);
          else this.#role.failed(reason);`,
      },
    ],
    expects: ['S5', 'S8', 'S13', 'S14', 'S31', 'S34'],
    machine: 'zab',
    bias: {
      faults: [
        ['disk-error', 4],
        ['crash', 2],
        ['partition', 1],
      ],
    },
  },
  {
    id: 'refused-truncation-ignored',
    origin: 'row 19, ZOOKEEPER-3701',
    title: 'a peer whose disk refuses to cut the log goes on with the log uncut',
    patches: [
      IN_FLIGHT,
      {
        file: ZAB,
        find: 'failed(reason: string): void { this.#role.failed(reason);',
        replace: `failed(reason: string): void {
          const { refused } = this.#core.writes;
          if (refused?.draft.truncate !== undefined) this.persisted(refused.id);
          else this.#role.failed(reason);`,
      },
    ],
    expects: ['S4', 'S5', 'S7', 'S8', 'S13', 'S14', 'S15', 'S35'],
    machine: 'zab',
    bias: {
      faults: [
        ['disk-error', 6],
        ['crash', 4],
        ['partition', 4],
        ['kill-room', 2],
      ],
    },
  },
  {
    id: 'applied-mark-ahead',
    origin: 'row 28, etcd #13766',
    title: 'the mark of what is applied is saved without what was applied',
    patches: [
      {
        file: 'lib/storage/store-state.ts',
        find: 'assert(meta.checkpoint.zxid <= zxid && zxid <= last,',
        replace: 'assert(zxid <= last,',
      },
      {
        file: 'lib/storage/store-state.ts',
        find: 'this.#changeMeta({ base, checkpoint: { generation, chunks, zxid }, older });',
        replace:
          'this.#changeMeta({ base, checkpoint: { generation, chunks, zxid: last }, older });',
      },
    ],
    expects: ['S14', 'S15', 'S16', 'S17', 'S34'],
    machine: 'replica',
  },
];
