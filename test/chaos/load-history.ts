/** Puts together what the processes of a run have written down. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../lib/index.ts';
import type { Claim, Feed, History, Operation, Told } from './history.ts';
import { type Line, readLine } from './recorder.ts';

type Invoked = Extract<Line, { t: 'invoke' }>;
type Replied = Extract<Line, { t: 'reply' }>;

/** What one process asked. */
export class ProcessHistory {
  peer = 0;
  readonly feeds: { readonly snapshot: Told; readonly transactions: Told[] }[] = [];
  readonly claims: Claim[] = [];
  readonly closed: { readonly session: bigint; readonly at: number }[] = [];
  readonly complaints: string[] = [];
  readonly #invoked: Invoked[] = [];
  readonly #replies = new Map<string, Replied>();
  readonly #settled = new Map<string, Outcome>();

  add(line: Line): void {
    switch (line.t) {
      case 'peer':
        this.peer = line.peer;
        break;
      case 'invoke':
        this.#invoked.push(line);
        break;
      case 'reply':
        this.#replies.set(line.id, line);
        break;
      case 'settled':
        this.#settled.set(line.id, line.outcome);
        break;
      case 'snapshot':
        this.feeds.push({ snapshot: line, transactions: [] });
        break;
      case 'transaction':
        this.feeds.at(-1)?.transactions.push(line);
        break;
      case 'claim':
        this.claims.push(line);
        break;
      case 'closed':
        this.closed.push(line);
        break;
      case 'complaint':
        this.complaints.push(line.text);
        break;
    }
  }

  operations(): Operation[] {
    return this.#invoked.map(({ id, session, at, request }) => {
      const replied = this.#replies.get(id);
      const reply = replied?.reply;
      const told = reply?.type === 'failed' ? reply.outcome : 'applied';
      const first: Outcome = reply === undefined ? 'unknown' : told;
      const outcome = first === 'unknown' ? (this.#settled.get(id) ?? 'unknown') : first;
      // Who was told 'unknown' was not told when it took effect.
      const returned = first === 'unknown' ? Number.POSITIVE_INFINITY : (replied?.at ?? 0);
      return { id, peer: this.peer, session, request, invoked: at, returned, reply, outcome };
    });
  }
}

/** All files of a run. A line that the end of its process cut short is left out. */
export async function loadHistory(directory: string): Promise<History> {
  const operations: Operation[] = [];
  const feeds: Feed[] = [];
  const claims: Claim[] = [];
  const closed: { readonly session: bigint; readonly at: number }[] = [];
  const complaints: string[] = [];
  const transactions = new Map<string, Line>();
  for (const name of (await readdir(directory)).sort()) {
    const one = new ProcessHistory();
    const text = await readFile(join(directory, name), 'utf8');
    const lines = text.split('\n').slice(0, -1);
    for (const line of lines) one.add(read(line, transactions));
    for (const operation of one.operations()) operations.push(operation);
    for (const feed of one.feeds) feeds.push({ ...feed, peer: one.peer });
    claims.push(...one.claims);
    closed.push(...one.closed);
    complaints.push(...one.complaints.map((complaint) => `${name}: ${complaint}`));
  }
  return { operations, feeds, claims, closed, complaints };
}

/** What every watch tells alike is kept once. */
function read(text: string, transactions: Map<string, Line>): Line {
  if (!text.startsWith('{"t":"transaction"')) return readLine(text);
  const line = transactions.get(text) ?? readLine(text);
  transactions.set(text, line);
  return line;
}
