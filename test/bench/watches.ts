/**
 * What it costs to tell of a change: a peer by itself, in memory, so that nothing but one write and the
 * deliveries is paid for. What the write and its turns cost without any watch is taken off.
 */
import { openPeer, type Peer } from '../../lib/index.ts';
import { cpuSeconds, report } from './measure.ts';

const WATCHES = 333;
const TOUCHES = 300;
/** A process is asked to tell of a change long before its code is compiled. */
const COLD = 10;

type Sessions = 'one' | 'each';

/** CPU seconds of so many changes, each awaited by all who watch. */
async function touched(peer: Peer, touches: number, told: () => Promise<void>): Promise<number> {
  const begun = cpuSeconds();
  for (let touch = 0; touch < touches; touch += 1) {
    const all = told();
    await peer.set('/shared', 'x'.repeat(100));
    await all;
  }
  return cpuSeconds() - begun;
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
  await peer.create('/shared');
  const bare = (await touched(peer, TOUCHES, async () => {})) / TOUCHES;
  const told = await watched(peer, sessions);
  const each = (seconds: number, touches: number): number =>
    (1e6 * (seconds / touches - bare)) / WATCHES;
  const cold = each(await touched(peer, COLD, told), COLD);
  const rounds: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    rounds.push(each(await touched(peer, TOUCHES, told), TOUCHES));
  }
  const who = sessions === 'one' ? `${WATCHES} watches of a session` : `${WATCHES} sessions`;
  report({ name: `${who}: a delivery`, unit: 'us', rounds });
  report({ name: `  among the first ${COLD} of each`, unit: 'us', rounds: [cold] });
}

export async function watches(): Promise<void> {
  await deliveries('one');
  await deliveries('each');
}
