/** Bugs of sessions: what a closing one may still do, and who looks after those that came another way. */
import type { Injection } from './injection.ts';

export const SESSIONS: readonly Injection[] = [
  {
    id: 'create-after-close',
    origin: 'row 34, ZOOKEEPER-1208',
    title: 'requests of a session are taken after its close was proposed',
    patches: [
      {
        file: 'lib/tree/prep.ts',
        find: 'if (view?.closing) return',
        replace: 'if (view?.closing && request.cxid < 0) return',
      },
    ],
    expects: ['S18', 'S19', 'S34'],
    machine: 'replica',
    bias: {
      fixed: { writeLatency: 20, writeSpike: 0.05, clients: 6, clientInterval: 100 },
      faults: [
        ['stall', 4],
        ['clog', 3],
        ['disk-slow', 3],
        ['partition', 2],
      ],
    },
  },
  {
    id: 'session-never-tracked',
    origin: 'row 36, ZOOKEEPER-1367',
    title: 'a new leader keeps no clock over the sessions that are there already',
    patches: [
      {
        file: 'lib/replica/leader-duties.ts',
        find: 'const sessions = [...this.#parts.machine.sessions.values()];',
        replace:
          'const sessions = [...this.#parts.machine.sessions.values()].filter(({ id }) => id > this.#parts.zab.lastZxid);',
      },
    ],
    expects: ['S35'],
    machine: 'replica',
  },
  {
    id: 'watch-tells-of-the-unreadable',
    origin: 'READ is asked when an event fires',
    title: 'watches tell of nodes that their session may not read',
    patches: [
      {
        file: 'lib/tree/watch-table.ts',
        find: 'of met) { if (!mayRead(watcher, acl)) continue;',
        replace: 'of met) { if (zxid === 0n && !mayRead(watcher, acl)) continue;',
      },
    ],
    expects: ['S22', 'S23'],
    machine: 'replica',
  },
  {
    id: 'watched-node-of-another-time',
    origin: 'a node is handed over as its transaction left it',
    title:
      'a node that is told to who watches a subtree is told so for ever, whatever becomes of it',
    patches: [
      {
        file: 'lib/replica/watching.ts',
        find: 'const nodes = new Map<string, Left | undefined>();',
        replace: 'const nodes = this.#remembered;',
      },
      {
        file: 'lib/replica/watching.ts',
        find: 'readonly #table = new WatchTable<SessionHandle>();',
        replace:
          'readonly #table = new WatchTable<SessionHandle>(); readonly #remembered = new Map<string, Left | undefined>();',
      },
    ],
    expects: ['S23'],
    machine: 'replica',
  },
  {
    id: 'fate-never-told',
    origin: 'S48: told in the end',
    title: 'who had given a session up says nothing of its writes once others have decided of it',
    patches: [
      {
        file: 'lib/replica/departed.ts',
        find: 'for (const write of open.writes.values()) {',
        replace: 'for (const write of [...open.writes.values()].slice(0, 0)) {',
      },
    ],
    expects: ['S48'],
    machine: 'replica',
  },
  {
    id: 'fate-that-was-another',
    origin: 'S48: and it is true',
    title: 'a write in doubt that was refused is said to be applied in the end',
    patches: [
      {
        file: 'lib/replica/departed.ts',
        find: "const outcome = result.type === 'error' ? 'not-applied' : 'applied';",
        replace: "const outcome = 'applied' as const;",
      },
    ],
    expects: ['S48'],
    machine: 'replica',
  },
];
