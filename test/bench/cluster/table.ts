/** Medians of several systems beside each other, and how they relate. */

/** What is wanted of a row: quorate's figure over the rival's. */
export interface Goal {
  readonly rival: string;
  /** Absent: how they relate is only reported. */
  readonly ratio?: number;
  readonly better: 'more' | 'less';
}

/** One line: by system, the figures of all rounds. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly rounds: ReadonlyMap<string, readonly number[]>;
  readonly goals: readonly Goal[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function short(value: number): string {
  if (Number.isNaN(value)) return '-';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function cell(values: readonly number[] | undefined): string {
  if (values === undefined || values.length === 0) return '-';
  if (values.length === 1) return short(values[0] ?? Number.NaN);
  return `${short(median(values))} (${short(Math.min(...values))}-${short(Math.max(...values))})`;
}

function verdict(row: Row, own: string): string {
  const verdicts = row.goals.flatMap(({ rival, ratio, better }) => {
    const mine = row.rounds.get(own);
    const theirs = row.rounds.get(rival);
    if (mine === undefined || theirs === undefined) return [];
    const found = median(mine) / median(theirs);
    if (ratio === undefined) return [`${short(found)}x ${rival}`];
    const met = better === 'more' ? found >= ratio : found <= ratio;
    const sign = better === 'more' ? '>=' : '<=';
    return [`${short(found)}x ${rival} (${sign} ${ratio}x: ${met ? 'met' : 'NOT met'})`];
  });
  return verdicts.join(', ');
}

/** A table in Markdown. */
export function table(rows: readonly Row[], systems: readonly string[], own: string): string {
  const head = ['what', ...systems, 'ratio'];
  const lines = rows.map((row) => [
    `${row.what}, ${row.unit}`,
    ...systems.map((system) => cell(row.rounds.get(system))),
    verdict(row, own),
  ]);
  return [head, head.map(() => '---'), ...lines]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
}
