/**
 * What it costs to tell of a change: a peer by itself, in memory, so that nothing but one write and the
 * deliveries is paid for. What the write and its turns cost without any watch is taken off.
 */
import { openPeer, type Peer } from '../../lib/index.ts';
import { cpuSeconds, report } from './measure.ts';

const WATCHES = 333;
const CHANGES = 500;
/** A process is asked to tell of a change long before its code is compiled. */
const COLD = 10;

type Sessions = 'one' | 'each';

/** CPU seconds of a change, awaited by all who are told of it. */
async function changed(
  peer: Peer,
  path: string,
  times: number,
  told: () => Promise<void>,
): Promise<number> {
  const begun = cpuSeconds();
  for (let time = 0; time < times; time += 1) {
    const all = told();
    await peer.set(path, 'x'.repeat(100));
    await all;
  }
  return (cpuSeconds() - begun) / times;
}

/** Resolves when all were told again. */
async function watched(peer: Peer, sessions: Sessions): Promise<() => Promise<void>> {
  let left = WATCHES;
  let done = (): void => {};
  const told = (): Promise<void> => {
    left = WATCHES;
    return new Promise((resolve) => {
      done = resolve;
    });
  };
  const first = told();
  for (let at = 0; at < WATCHES; at += 1) {
    const client = sessions === 'one' ? peer : await peer.openSession();
    client.watch('/shared').subscribe(() => {
      left -= 1;
      if (left === 0) done();
    });
  }
  await first;
  return told;
}

async function deliveries(sessions: Sessions): Promise<void> {
  await using peer = await openPeer();
  for (const path of ['/shared', '/unwatched']) await peer.create(path);
  const told = await watched(peer, sessions);
  const nobody = async (): Promise<void> => {};
  const bare = (): Promise<number> => changed(peer, '/unwatched', CHANGES, nobody);
  /** Microseconds. */
  const each = (seconds: number, alone: number): number => (1e6 * (seconds - alone)) / WATCHES;
  await bare();
  const cold = each(await changed(peer, '/shared', COLD, told), await bare());
  const rounds: number[] = [];
  for (let round = -1; round < 7; round += 1) {
    const cost = each(await changed(peer, '/shared', CHANGES, told), await bare());
    if (round >= 0) rounds.push(cost);
  }
  const who = sessions === 'one' ? `${WATCHES} watches of a session` : `${WATCHES} sessions`;
  report({ name: `${who}: a delivery`, unit: 'us', rounds });
  report({ name: `  in the first ${COLD} changes`, unit: 'us', rounds: [cold] });
}

export async function watches(): Promise<void> {
  await deliveries('one');
  await deliveries('each');
}
