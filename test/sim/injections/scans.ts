/** Bugs of the coordinator of fires, and of the scanner of a registry. */
import { type Injection, uses } from './injection.ts';

const COORDINATOR = 'lib/recipes/run-coordinator.ts';
const SCANNER = 'lib/recipes/scanner.ts';
const VERDICTS = 'lib/recipes/verdicts.ts';

const OF_FIRES = { expects: ['S49'], ...uses('fires') } as const;
const OF_SCANNER = { expects: ['S50'], ...uses('scanner') } as const;

export const SCANS: readonly Injection[] = [
  {
    id: 'fire-looked-for-and-then-made',
    origin: 'S49: one is told to run it',
    title: 'who finds no node of a fire runs it, whether another one is making it',
    patches: [
      {
        file: COORDINATOR,
        find: 'await view.create(node, EMPTY, { ttl, parents: true });',
        replace: `if ((await view.exists(node)) !== undefined) return false;
          await view.create(node, EMPTY, { ttl, parents: true }).catch(() => {});`,
      },
    ],
    ...OF_FIRES,
  },
  {
    id: 'fire-in-doubt-run',
    origin: 'S49: rejects where nobody can tell',
    title: 'who gets no answer about a fire runs it',
    patches: [
      {
        file: COORDINATOR,
        find: "if (QuorateError.is(error, 'NODE_EXISTS')) return false;",
        replace: `if (QuorateError.is(error, 'NODE_EXISTS')) return false;
          if (QuorateError.is(error, 'TIMED_OUT', 'SESSION_EXPIRED')) return true;`,
      },
    ],
    ...OF_FIRES,
  },
  {
    id: 'fire-forgotten-at-once',
    origin: 'S49: remembered as long as was asked for',
    title: 'the node of a fire is cleaned up as soon as it can be',
    patches: [
      {
        file: COORDINATOR,
        find: 'const ttl = Math.max(1, Math.ceil(ttlMs));',
        replace: 'const ttl = Math.min(1, Math.ceil(ttlMs));',
      },
    ],
    ...OF_FIRES,
  },
  {
    id: 'status-of-who-has-lost-it',
    origin: 'S50: written by its grant',
    title: 'what a scanner has found is written whether it still is the scanner',
    patches: [
      {
        file: SCANNER,
        find: 'const client: StatusClient = this.#client.as(json<InstanceStatus>()).guardedBy(term);',
        replace: 'const client: StatusClient = this.#client.as(json<InstanceStatus>());',
      },
    ],
    ...OF_SCANNER,
  },
  {
    id: 'scans-beside-others',
    origin: 'S50: one scanner at a time',
    title: 'who stands to be the scanner scans at once',
    patches: [
      {
        file: 'lib/recipes/queue-rules.ts',
        find: "if (last === undefined) return { type: 'granted' };",
        replace:
          "if (last === undefined || folder.endsWith('/scanner')) return { type: 'granted' };",
      },
    ],
    ...OF_SCANNER,
  },
  {
    id: 'dead-and-still-up',
    origin: 'S50: told what is so',
    title: 'an instance that passes no more stays up',
    patches: [
      {
        file: VERDICTS,
        find: "if (series <= -fall) return 'down';",
        replace: "if (series <= -fall && before !== 'up') return 'down';",
      },
    ],
    ...OF_SCANNER,
  },
  {
    id: 'down-after-one-probe',
    origin: 'S50: so many in a row',
    title: 'an instance is down after the first probe that has failed',
    patches: [
      {
        file: VERDICTS,
        find: "if (series <= -fall) return 'down';",
        replace: "if (series < 0 && fall > 0) return 'down';",
      },
    ],
    ...OF_SCANNER,
  },
  {
    id: 'status-that-outlives-its-instance',
    origin: 'S50: nothing is told of who is gone',
    title: 'the status of an instance stays when that is gone',
    patches: [
      {
        file: SCANNER,
        find: 'if (leftBefore.has(path)) await this.#remove(path, term);',
        replace: 'if (leftBefore.has(path)) await Promise.resolve(path);',
      },
    ],
    ...OF_SCANNER,
  },
];
