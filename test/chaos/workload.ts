/** What the clients of one process do, each without a pause worth the name: all kinds of operations, on few nodes. */
import { type Peer, QuorateError, type Session } from '../../lib/index.ts';
import type { Asking } from './asking.ts';
import type { Part, Reply, Request } from './history.ts';
import { BRIEF, HOME, KEEPER, KEPT, ROOT } from './places.ts';
import { instant, type Recorder } from './recorder.ts';

/** So long all clients use the same register, in µs; then there is a new one, so that histories stay short. */
const REGISTER_LIFE = 3_000_000;
const SHARED = 8;

function below(count: number): number {
  return Math.floor(Math.random() * count);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What a worker of a process needs. */
export interface Host {
  readonly peer: Peer;
  readonly asking: Asking;
  readonly recorder: Recorder;
  /** The node that only this process writes, to mark transactions that tell nothing of themselves. */
  readonly mark: string;
  readonly isOver: () => boolean;
}

type Work = (host: Host, session: Session) => Promise<void>;

const WORK: readonly Work[] = [
  ...[register, register, share, queue, hold, come, box],
  ...[linger, dwell, intrude],
];

/** Runs all of it until it is over. @param idle ms between two pieces of work, on the average */
export async function work(host: Host, idle: number): Promise<void> {
  const always = [visit(host, idle), keep(host, idle)];
  await Promise.all([...WORK.map((one) => repeat(host, idle, one)), ...always]);
}

async function repeat(host: Host, idle: number, one: Work): Promise<void> {
  while (!host.isOver()) {
    const { session } = host.peer;
    if (session.id !== 0n && !session.signal.aborted) await one(host, session);
    await pause(Math.random() * 2 * idle);
  }
}

function versionIn(reply: Reply): { readonly version?: number } {
  const node = reply.type === 'read' ? reply.node : undefined;
  return node === undefined ? {} : { version: node.stat.version };
}

/** A register that everybody reads and writes at once: what the search for an order is fed with. */
async function register({ asking }: Host, session: Session): Promise<void> {
  const path = `${ROOT}/reg/${Math.floor(instant() / REGISTER_LIFE)}`;
  const luck = Math.random();
  const found = await asking.ask(session, { kind: 'get', path, linearizable: true });
  if (luck < 0.3) return;
  if (luck < 0.55) await asking.ask(session, { kind: 'create', path });
  else if (luck < 0.65) await asking.ask(session, { kind: 'set', path });
  else if (luck < 0.9) await asking.ask(session, { kind: 'set', path, ...versionIn(found) });
  else await asking.ask(session, { kind: 'delete', path, ...versionIn(found) });
}

/** A few nodes, any operation, sometimes several without waiting. */
async function share({ asking }: Host, session: Session): Promise<void> {
  const path = (): string => `${ROOT}/shared/${below(SHARED)}`;
  const any = (): Request => {
    const luck = Math.random();
    if (luck < 0.25) return { kind: 'create', path: path() };
    if (luck < 0.45) return { kind: 'set', path: path() };
    if (luck < 0.5) return { kind: 'set', path: path(), version: below(3) };
    if (luck < 0.6) return { kind: 'delete', path: path() };
    if (luck < 0.7) return { kind: 'get', path: path(), linearizable: false };
    if (luck < 0.8) return { kind: 'exists', path: path(), linearizable: Math.random() < 0.5 };
    // No path twice: what a part finds is what was there before the multi.
    const paths = [...new Set([path(), path(), path()])];
    const parts = paths.map((one, at): Part => {
      if (at === 2) return { kind: 'check', path: one };
      return Math.random() < 0.3 ? { kind: 'create', path: one } : { kind: 'set', path: one };
    });
    return { kind: 'multi', parts };
  };
  const count = Math.random() < 0.2 ? 6 : 1;
  await Promise.all(Array.from({ length: count }, () => asking.ask(session, any())));
}

/** Numbered nodes; whoever comes takes the first. */
async function queue({ asking }: Host, session: Session): Promise<void> {
  const path = `${ROOT}/queue`;
  if (Math.random() < 0.5) {
    await asking.ask(session, { kind: 'create', path: `${path}/n-`, mode: 'sequential' });
    return;
  }
  const local = Math.random() < 0.7;
  const reply = await asking.ask(session, { kind: 'children', path, linearizable: !local });
  const [first] = reply.type === 'names' ? reply.names : [];
  if (first === undefined) return;
  const taken =
    reply.type === 'names' && reply.names.length > 4 ? reply.names.slice(0, 3) : [first];
  await Promise.all(
    taken.map((name) => asking.ask(session, { kind: 'delete', path: `${path}/${name}` })),
  );
}

/** A lock: an ephemeral that one can make. Says that it holds it only while its session is to be trusted. */
async function hold({ asking, recorder, mark, isOver }: Host, session: Session): Promise<void> {
  const path = `${ROOT}/lock/one`;
  const made = await asking.ask(session, { kind: 'create', path, mode: 'ephemeral' });
  if (made.type !== 'written') return;
  const from = instant();
  for (let turn = below(8); turn >= 0 && !isOver(); turn -= 1) {
    // The clock first: what is known after it was true at it.
    const to = instant();
    if (session.trustedFor <= 0) break;
    recorder.record({ t: 'claim', lock: path, holder: String(session.id), from, to });
    await pause(20);
  }
  const parts: Part[] = [
    { kind: 'delete', path },
    { kind: 'set', path: mark },
  ];
  // Else it waits for the session's end.
  if (Math.random() < 0.95) await asking.ask(session, { kind: 'multi', parts });
}

/** Ephemerals that come and go by themselves. */
async function come({ asking, mark }: Host, session: Session): Promise<void> {
  const path = `${ROOT}/live/${session.id}-${below(4)}`;
  const made = await asking.ask(session, { kind: 'create', path, mode: 'ephemeral' });
  if (made.type !== 'failed') return;
  const parts: Part[] = [
    { kind: 'delete', path },
    { kind: 'set', path: mark },
  ];
  await asking.ask(session, { kind: 'multi', parts });
}

/** A subtree, made at once and deleted at once. */
async function box({ asking, mark }: Host, session: Session): Promise<void> {
  const path = `${ROOT}/box/${mark.slice(mark.lastIndexOf('/') + 1)}`;
  const made = await asking.ask(session, { kind: 'create', path });
  if (made.type === 'written') {
    for (const name of ['a', 'b'])
      await asking.ask(session, { kind: 'create', path: `${path}/${name}` });
  }
  if (Math.random() < 0.5) await asking.ask(session, { kind: 'delete', path });
  else await asking.ask(session, { kind: 'delete-all', path });
}

/** Nodes with a time to live, some of which are kept alive for a while. */
async function linger({ asking }: Host, session: Session): Promise<void> {
  const path = `${BRIEF}/${below(4)}`;
  const luck = Math.random();
  if (luck < 0.4) await asking.ask(session, { kind: 'create', path, mode: 'ttl' });
  else if (luck < 0.7) await asking.ask(session, { kind: 'set', path });
  else await asking.ask(session, { kind: 'get', path, linearizable: luck < 0.8 });
}

/** Containers, which go when the last has left. */
async function dwell({ asking, mark }: Host, session: Session): Promise<void> {
  const path = `${HOME}/${below(3)}`;
  const room = `${path}/${session.id}`;
  await asking.ask(session, { kind: 'create', path, mode: 'container' });
  await asking.ask(session, { kind: 'create', path: room, mode: 'ephemeral' });
  if (Math.random() < 0.3) {
    await asking.ask(session, { kind: 'children', path, linearizable: Math.random() < 0.5 });
  }
  const parts: Part[] = [
    { kind: 'delete', path: room },
    { kind: 'set', path: mark },
  ];
  await asking.ask(session, { kind: 'multi', parts });
}

/** What is done to nodes that only keepers may change. */
function toKept(): Request {
  const path = `${KEPT}/${below(3)}`;
  const luck = Math.random();
  if (luck < 0.2) return { kind: 'create', path, mode: 'kept' };
  if (luck < 0.4) return { kind: 'set', path };
  if (luck < 0.6) return { kind: 'create', path: `${path}/a` };
  if (luck < 0.8) return { kind: 'delete', path: `${path}/a` };
  if (luck < 0.9) return { kind: 'get', path, linearizable: true };
  return { kind: 'delete', path };
}

/** Somebody who is no keeper tries what keepers do. */
async function intrude({ asking }: Host, session: Session): Promise<void> {
  await asking.ask(session, toKept());
}

/** Keepers, in sessions that have authenticated themselves. */
async function keep({ peer, asking, isOver }: Host, idle: number): Promise<void> {
  while (!isOver()) {
    await pause(Math.random() * 2 * idle);
    const session = await peer.openSession().catch(() => undefined);
    if (session === undefined) continue;
    const isIn = await session.addAuth(KEEPER.scheme, KEEPER.credentials).then(
      () => true,
      () => false,
    );
    if (isIn) asking.keepers.add(session.id);
    for (let turn = 0; isIn && turn < 20 && !session.signal.aborted && !isOver(); turn += 1) {
      await asking.ask(session, toKept());
      await pause(Math.random() * 2 * idle);
    }
    await session.close({ timeout: 5_000 });
  }
}

/** Sessions of their own, that are closed in good order. */
async function visit({ peer, asking, recorder, isOver }: Host, idle: number): Promise<void> {
  while (!isOver()) {
    await pause(Math.random() * 8 * idle);
    const session = await peer.openSession({ timeout: 4_000 }).catch(() => undefined);
    if (session === undefined) continue;
    const path = `${ROOT}/live/${session.id}-v`;
    await asking.ask(session, { kind: 'create', path, mode: 'ephemeral' });
    await session.close({ timeout: 5_000 });
    // What ended by itself, or with its peer, was not closed by the group for certain; nor was what is still being closed.
    const told = QuorateError.is(session.signal.reason, 'CLOSED') && !isOver();
    if (told) recorder.record({ t: 'closed', session: session.id, at: instant() });
  }
}
