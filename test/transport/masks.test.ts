/** Whether what a dialler sends can be read on its way, by whoever sits between. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { dialWebSocket } from '../../lib/transport/web-socket-dial.ts';

const TEXT = 'GET /poisoned HTTP/1.1';

/** What one frame looks like on the wire if it was sent to that address. */
async function sentTo(t: { after(f: () => void): void }, address: string): Promise<string> {
  const server = new WebSocketServer({ host: '0.0.0.0', port: 0 });
  t.after(() => server.close());
  await once(server, 'listening');
  const bound = server.address();
  assert(typeof bound === 'object' && bound !== null);
  const arrived = new Promise<string>((resolve) => {
    server.on('connection', (socket, { socket: carrier }) => {
      // Before the WebSocket, which takes masks off in place.
      carrier.prependListener('data', (bytes: Buffer) => resolve(bytes.toString('latin1')));
      socket.on('error', () => {});
    });
  });
  const dial = {
    url: `ws://peer.example:${bound.port}`,
    addresses: [{ address, family: 4 }],
    frameBytes: 1024,
    upgradeTime: 10_000,
    hasSecret: false,
    tls: undefined,
  };
  const socket = dialWebSocket(dial, {
    opened: () => socket.send(TEXT),
    failed: (reason) => assert.fail(reason),
  });
  const seen = await arrived;
  socket.terminate();
  return seen;
}

test('what leaves the machine is masked', { skip: process.platform === 'win32' }, async (t) => {
  // Not a loopback address by its looks, and yet this machine.
  assert.ok(!(await sentTo(t, '0.0.0.0')).includes(TEXT));
});

test('what stays on the machine is not', async (t) => {
  assert.ok((await sentTo(t, '127.0.0.1')).includes(TEXT));
});
