/** A thread of an application that embeds a peer. It writes without a pause until it is ended. */
import { parentPort, workerData } from 'node:worker_threads';
import { openPeer } from '../../lib/index.ts';

try {
  const peer = await openPeer(workerData);
  await peer.ready({ timeout: 30_000 });
  for (;;) {
    const { path } = await peer.create('/n-', 'x', { sequential: true });
    parentPort?.postMessage({ path });
  }
} catch (error) {
  parentPort?.postMessage({ code: Reflect.get(Object(error), 'code'), message: String(error) });
}
