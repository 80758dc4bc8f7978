/** All kinds of operations on few nodes, judged by the witness and by the search for an order. */
import { fileURLToPath } from 'node:url';
import { grouped } from './grouped.ts';
import type { Dump, History, Operation } from './history.ts';
import { judge, STATES_MAX } from './linearizable.ts';
import { feedOf, loadHistory } from './load-history.ts';
import type { Mission, Verdict } from './mission.ts';
import { ROOT } from './places.ts';
import { STYLE } from './plan.ts';
import { witness } from './witness.ts';

/** The load that knows every operation. */
export function loadMission(): Mission {
  return {
    program: fileURLToPath(new URL('./chaos-program.ts', import.meta.url)),
    sessionTimeout: 6_000,
    style: STYLE,
    resource: 0,
    aim: () => undefined,
    settle: async () => {},
    judge: judgeLoad,
    close: async () => {},
  };
}

async function judgeLoad(directory: string, dumps: readonly Dump[]): Promise<Verdict> {
  const history = await loadHistory(directory);
  const { operations, complaints } = history;
  const feeds = [...history.feeds, ...dumps.map(feedOf)];
  const testimony = witness({ ...history, feeds });
  const registers = judgeRegisters(history);
  const violations = [...complaints, ...testimony.violations, ...registers.violations];
  const acknowledged = operations.filter(({ outcome }) => outcome === 'applied').length;
  if (acknowledged === 0) violations.push('nothing was acknowledged: nothing was tried');
  const lines = [
    `operations: ${operations.length}, of which ${acknowledged} were acknowledged`,
    ...linesOf(operations),
    `witness: ${testimony.transactions} transactions from ${feeds.length} watches; ${testimony.dark} answers could not be judged`,
    registers.line,
  ];
  return { violations, operations: operations.length, acknowledged, lines };
}

function linesOf(operations: readonly Operation[]): string[] {
  return grouped(operations, ({ request }) => request.kind).map(([kind, list]) => {
    const parts = grouped(list, endOf).map(([code, { length }]) => `${code} ${length}`);
    return `${kind}: ${list.length}: ${parts.join(', ')}`;
  });
}

function judgeRegisters({ operations }: History): { line: string; violations: string[] } {
  const ofRegisters = operations.filter(({ request }) => {
    return 'path' in request && request.path.startsWith(`${ROOT}/reg/`);
  });
  const registers = grouped(ofRegisters, ({ request }) => ('path' in request ? request.path : ''));
  const counts = { linearizable: 0, impossible: 0, 'given up': 0 };
  const violations: string[] = [];
  for (const [path, list] of registers) {
    const judgement = judge(list);
    counts[judgement] += 1;
    if (judgement === 'impossible') violations.push(`${path} was not linearizable`);
  }
  if (counts.linearizable === 0) violations.push('no register was judged to the end');
  const longest = Math.max(0, ...registers.map(([, { length }]) => length));
  const givenUp = `given up after ${STATES_MAX} states ${counts['given up']}`;
  const decided = `linearizable ${counts.linearizable}, not ${counts.impossible}, ${givenUp}`;
  return { line: `registers: ${decided}; longest history ${longest}`, violations };
}

function endOf({ reply, outcome }: Operation): string {
  if (reply === undefined) return 'never answered';
  return reply.type === 'failed' ? `${reply.code} (${outcome})` : 'done';
}
