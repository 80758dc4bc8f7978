import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { WebSocket } from 'ws';
import { WebSocketTransport } from '../../lib/transport/web-socket-transport.ts';
import { transportContract, Witness } from '../contracts/transport.ts';

transportContract('a WebSocket transport', () => ({
  transport: (limits) => new WebSocketTransport(limits),
}));

async function listening(t: { after(f: () => Promise<void>): void }) {
  const transport = new WebSocketTransport();
  const witness = new Witness();
  transport.start(witness);
  t.after(() => transport.close());
  return { transport, witness, url: await transport.listen('ws://127.0.0.1:0/peer') };
}

it('a page in a browser cannot open a link', async (t) => {
  const { witness, url } = await listening(t);
  const page = new WebSocket(url, { origin: 'http://localhost:3000' });
  const [error] = await once(page, 'error');
  assert.match(String(error), /401/);
  assert.equal(witness.count('opened'), 0);
});

it('a link is opened at the URL’s path and nowhere else', async (t) => {
  const { url } = await listening(t);
  const stranger = new WebSocket(url.replace('/peer', '/other'));
  const [error] = await once(stranger, 'error');
  assert.match(String(error), /400/);
});

it('a text frame ends its link', async (t) => {
  const { witness, url } = await listening(t);
  const stranger = new WebSocket(url);
  await once(stranger, 'open');
  stranger.send('hello');
  assert.match((await witness.get('closed')).reason, /text/);
  assert.equal(witness.count('frame'), 0);
});

it('a request that is no WebSocket is told so', async (t) => {
  const { url } = await listening(t);
  const response = await fetch(url.replace('ws:', 'http:'));
  assert.equal(response.status, 426);
});

it('a transport closes in bounded time although the other side does not answer', async (t) => {
  const { transport, witness, url } = await listening(t);
  const stuck = new WebSocket(url);
  await once(stuck, 'open');
  await witness.get('opened');
  stuck.pause();
  const begun = performance.now();
  await transport.close();
  assert.ok(performance.now() - begun < 5_000);
  stuck.terminate();
});
