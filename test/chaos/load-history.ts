/** Puts together what the processes of a run have written down. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../lib/index.ts';
import type {
  Claim,
  Deed,
  Dump,
  Feed,
  GrantTold,
  History,
  Instant,
  Operation,
  Told,
} from './history.ts';
import { type Line, readLine } from './recorder.ts';

type Invoked = Extract<Line, { t: 'invoke' }>;
type Replied = Extract<Line, { t: 'reply' }>;

/** What all watches have told so far. */
interface Known {
  /** By their text, without the time. */
  readonly transactions: Map<string, Line>;
  readonly told: Map<bigint, Instant>;
}

/** What one process asked. */
export class ProcessHistory {
  peer = 0;
  readonly feeds: { readonly snapshot: Told; readonly transactions: Told[] }[] = [];
  readonly claims: Claim[] = [];
  readonly grants: GrantTold[] = [];
  readonly deeds: Deed[] = [];
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
      case 'grant':
        this.grants.push(line);
        break;
      case 'deed':
        this.deeds.push(line);
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
    return this.#invoked.map(({ id, session, isKeeper, at, request }) => {
      const replied = this.#replies.get(id);
      const reply = replied?.reply;
      const told = reply?.type === 'failed' ? reply.outcome : 'applied';
      const first: Outcome = reply === undefined ? 'unknown' : told;
      const outcome = first === 'unknown' ? (this.#settled.get(id) ?? 'unknown') : first;
      // Who was told 'unknown' was not told when it took effect.
      const returned = first === 'unknown' ? Number.POSITIVE_INFINITY : (replied?.at ?? 0);
      const asked = { id, peer: this.peer, session, isKeeper, request, invoked: at };
      return { ...asked, returned, reply, outcome };
    });
  }
}

/** All files of a run. A line that the end of its process cut short is left out. */
export async function loadHistory(directory: string): Promise<History> {
  const operations: Operation[] = [];
  const feeds: Feed[] = [];
  const claims: Claim[] = [];
  const grants: GrantTold[] = [];
  const deeds: Deed[] = [];
  const closed: { readonly session: bigint; readonly at: number }[] = [];
  const complaints: string[] = [];
  const known: Known = { transactions: new Map(), told: new Map() };
  for (const [name, files] of filesByProcess(await readdir(directory))) {
    const one = new ProcessHistory();
    const parts = await Promise.all(files.map((file) => readFile(join(directory, file))));
    const lines = Buffer.concat(parts).toString().split('\n').slice(0, -1);
    for (const line of lines) one.add(read(line, known));
    for (const operation of one.operations()) operations.push(operation);
    for (const feed of one.feeds) feeds.push({ ...feed, peer: one.peer });
    for (const claim of one.claims) claims.push(claim);
    for (const grant of one.grants) grants.push(grant);
    for (const deed of one.deeds) deeds.push(deed);
    closed.push(...one.closed);
    complaints.push(...one.complaints.map((complaint) => `${name}: ${complaint}`));
  }
  return { operations, feeds, told: known.told, claims, grants, deeds, closed, complaints };
}

/** The files of each process, in the order in which it wrote them. */
function filesByProcess(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const byProcess = new Map<string, string[]>();
  for (const file of [...files].sort()) {
    const name = file.slice(0, file.indexOf('.jsonl'));
    byProcess.set(name, [...(byProcess.get(name) ?? []), file]);
  }
  return byProcess;
}

/** What every watch tells alike is kept once; when the first did so is kept too. */
function read(text: string, known: Known): Line {
  if (!text.startsWith('{"t":"transaction"')) return readLine(text);
  const end = text.lastIndexOf(',"at":');
  const same = text.slice(0, end);
  const line = known.transactions.get(same) ?? readLine(text);
  known.transactions.set(same, line);
  if (line.t !== 'transaction') return line;
  const at = Number(text.slice(end + 6, -1));
  known.told.set(line.zxid, Math.min(at, known.told.get(line.zxid) ?? at));
  return line;
}

/** A tree that was read path by path, as a watch would have told it. */
export function feedOf({ peer, zxid, nodes }: Dump): Feed {
  const changes = nodes.map((node) => ({ type: 'created', node }) as const);
  return { peer, snapshot: { zxid, changes }, transactions: [] };
}
