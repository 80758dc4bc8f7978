/** Every recipe, with each of its calls in turn going wrong in each way. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPeer, type Peer, QuorateError } from '../../lib/index.ts';
import { FAULTS, type Fault, Faulty } from './at-every-call.ts';
import { PLAYS, type Play, type Scene } from './plays.ts';
import { eventually, PATIENCE } from './support.ts';

/** No recipe makes so many calls: it would go round for ever. */
const CALLS_MAX = 100;

async function opened(): Promise<Peer> {
  const peer = await openPeer();
  await peer.ready({ timeout: PATIENCE });
  return peer;
}

/** How it ended: the error, or undefined. Throws if it does not end. */
async function ending(what: () => string, work: Promise<unknown>): Promise<unknown> {
  const late = new AbortController();
  const end = work.then(
    () => undefined,
    (error: unknown) => error,
  );
  const deadline = sleep(PATIENCE, undefined, { signal: late.signal }).then(
    () => assert.fail(`${what()}: it does not end`),
    () => undefined,
  );
  const error = await Promise.race([end, deadline]);
  late.abort();
  return error;
}

function sceneOf(client: Scene['client'], path: string, signal: AbortSignal): Scene {
  return { client, path, signal, wait: { signal, timeout: PATIENCE } };
}

/** @returns false: the recipe has made no such call */
async function attack(
  play: Play,
  point: ConstructorParameters<typeof Faulty>[0],
): Promise<boolean> {
  const { peer, fault, at, path, stop } = point;
  const faulty = new Faulty(point);
  const what = () => `${path}: ${fault} of call ${at}, ${faulty.struck}`;
  const error = await ending(what, play.run(sceneOf(faulty.client, path, stop.signal)));
  faulty.dispose();
  if (faulty.struck === undefined) {
    assert.equal(error, undefined, `${path}: it fails by itself`);
    return false;
  }
  await assertTold(what, error, play, point);
  await eventually(`${what()}: no listener is left`, () => {
    return getEventListeners(stop.signal, 'abort').length === 0;
  });
  if (fault.startsWith('close')) return true;
  const again = play.run(sceneOf(peer, path, new AbortController().signal));
  assert.equal(await ending(() => `${what()}, once more`, again), undefined, `${what()}: again`);
  return true;
}

/** Only what has happened. */
async function assertTold(
  what: () => string,
  error: unknown,
  play: Play,
  { peer, fault, path }: ConstructorParameters<typeof Faulty>[0],
): Promise<void> {
  if (error === undefined) return;
  const isPassedOver = play.isPatient === true && fault === 'overload';
  if (isPassedOver || !QuorateError.is(error, ...FAULTS[fault]))
    throw new Error(what(), { cause: error });
  if (fault.startsWith('close') || fault === 'deletion') return;
  const outcome = error.outcome === 'unknown' ? await error.settled : error.outcome;
  const isDone = await play.isDone?.(peer, path);
  if (isDone === undefined || outcome === 'unknown') return;
  assert.equal(outcome, isDone ? 'applied' : 'not-applied', what());
}

/** Nodes that would go with their session, and so keep others out until then. */
async function ephemerals(peer: Peer, path: string): Promise<string[]> {
  const stat = await peer.exists(path);
  if (stat === undefined) return [];
  const names = await peer.children(path).catch(() => []);
  const below = names.map((name) =>
    ephemerals(peer, path === '/' ? `/${name}` : `${path}/${name}`),
  );
  return [...(stat.ephemeralOwner === 0n ? [] : [path]), ...(await Promise.all(below)).flat()];
}

/** A third of all faults, each call by some of them; all with EVERY_FAULT=1, in a minute or two. */
const STEP = process.env.EVERY_FAULT === undefined ? 3 : 1;

function isFault(name: string): name is Fault {
  return name in FAULTS;
}

/** @returns how many calls went wrong */
async function attackAll(name: string, play: Play, fault: Fault): Promise<number> {
  if (play.isKeptForEver === true && fault === 'deletion') return 0;
  const first = 1 + (Object.keys(FAULTS).indexOf(fault) % STEP);
  let count = 0;
  let peer = await opened();
  try {
    for (let at = first; at <= CALLS_MAX; at += STEP) {
      const path = `/${name.replaceAll(/\W+/g, '-')}-${at}`;
      const point = { peer, fault, at, path, stop: new AbortController() };
      if (!(await attack(play, point))) {
        await eventually(`${name}, ${fault}: no node and no watch is left`, async () => {
          return peer.status.watches === 0 && (await ephemerals(peer, '/')).length === 0;
        });
        return count;
      }
      count += 1;
      if (fault.startsWith('close')) peer = await opened();
    }
    return assert.fail(`${name}, ${fault}: it does not come to an end`);
  } finally {
    await peer.close();
  }
}

for (const [name, play] of Object.entries(PLAYS)) {
  test(`${name}: whichever call fails, it ends, says what is true, and leaves nothing behind`, async (t) => {
    const timers = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const faults = Object.keys(FAULTS).filter(isFault);
    const ends = await Promise.allSettled(faults.map((fault) => attackAll(name, play, fault)));
    const counts = ends.map((end) => {
      if (end.status === 'rejected') throw end.reason;
      return end.value;
    });
    t.diagnostic(`${counts.reduce((sum, count) => sum + count, 0)} faults`);
    // One is that of the wait itself.
    await eventually('no timer is left', () => timers() <= before + 1);
  });
}
