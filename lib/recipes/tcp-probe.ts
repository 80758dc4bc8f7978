import { connect } from 'node:net';
import type { Instance } from './instance.ts';

/** Whether somebody listens there. */
export function tcpProbe({ address, port }: Instance, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, signal });
    socket.on('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}
