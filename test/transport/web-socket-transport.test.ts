import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { WebSocket } from 'ws';
import { NO_TRUST, type Trust } from '../../lib/transport/trust.ts';
import { WebSocketTransport } from '../../lib/transport/web-socket-transport.ts';
import {
  loopbackContract,
  type TestNetwork,
  transportContract,
  Witness,
} from '../contracts/transport.ts';
import { certificates } from './certificates.ts';

const { ca, a: certified } = await certificates();

/** Networks whose peers show each other something, or nothing. */
function network(trust: Partial<Trust>, scheme: 'ws:' | 'wss:' = 'ws:'): () => TestNetwork {
  return () => ({
    scheme,
    transport: (id, limits = {}) =>
      new WebSocketTransport({ limits, trust: { ...NO_TRUST, id, ...trust } }),
  });
}

const secrets = ['a secret of the group'];
const tls = { ca, ...certified };
transportContract('a WebSocket transport', network({}));
transportContract('a WebSocket transport with a secret', network({ secrets }));
transportContract('a WebSocket transport with TLS', network({ tls }, 'wss:'));
transportContract('a WebSocket transport with TLS and a secret', network({ tls, secrets }, 'wss:'));
loopbackContract('a WebSocket transport', network({}));

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
  assert.match(String(error), /403/);
  assert.equal(witness.count('opened'), 0);
});

it('a link is opened at the URL’s path and nowhere else', async (t) => {
  const { url } = await listening(t);
  const stranger = new WebSocket(url.replace('/peer', '/other'));
  const [error] = await once(stranger, 'error');
  assert.match(String(error), /404/);
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
