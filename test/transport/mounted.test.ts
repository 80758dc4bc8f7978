/** A peer on a server that belongs to the application, and has other things to do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect } from 'node:net';
import { it, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { Trust } from '../../lib/transport/trust.ts';
import { certificates } from './certificates.ts';
import { dialling, portOf, SECRET, type Side, side } from './sides.ts';

const { ca, a, b, stranger } = await certificates();
const within = () => ({ signal: AbortSignal.timeout(60_000) });

/** A server of the application that answers `/hello`. */
async function application(t: TestContext, server: Server = createServer()): Promise<Server> {
  server.on('request', (asked: IncomingMessage, answer) => {
    answer.end(`hello, ${asked.method} ${asked.url}`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

/** Peer 2 at `/peer` of the server. */
async function mounted(
  t: TestContext,
  server: Server,
  change: Partial<Trust> = { secrets: [SECRET] },
): Promise<Side & { readonly url: string }> {
  const binding = { type: 'mounted', server, path: '/peer' } as const;
  const all = side(t, { id: 2, ...change }, { binding });
  const scheme = change.tls === undefined ? 'ws' : 'wss';
  const url = `${scheme}://127.0.0.1:${portOf(server)}/peer`;
  assert.equal(await all.transport.listen(url), url);
  return { ...all, url };
}

/** A WebSocket server of the application at a path, which leaves other requests alone. */
function chat(t: TestContext, server: Server, path: string): void {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
  });
  server.on('upgrade', (asked, socket, head) => {
    if (asked.url !== path) return;
    sockets.handleUpgrade(asked, socket, head, (one) => sockets.emit('connection', one, asked));
  });
}

async function assertEcho(url: string): Promise<void> {
  const socket = new WebSocket(url);
  await once(socket, 'open', within());
  const echo = once(socket, 'message', within());
  socket.send('is anybody there');
  assert.equal(String((await echo)[0]), 'is anybody there');
  socket.terminate();
}

async function assertLink(one: Side, two: Side & { readonly url: string }): Promise<void> {
  one.transport.dial(2, two.url);
  const { link } = await one.witness.get('opened');
  one.transport.send(link, Buffer.from('hello'));
  const { bytes } = await two.witness.get('frame');
  assert.equal(Buffer.from(bytes).toString(), 'hello');
}

async function hello(server: Server): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${portOf(server)}/hello`)).text();
}

it('beside requests and another WebSocket server, whichever came first', async (t) => {
  for (const isFirst of [true, false]) {
    const server = await application(t);
    if (isFirst) chat(t, server, '/chat');
    const two = await mounted(t, server);
    if (!isFirst) chat(t, server, '/chat');
    await assertLink(dialling(t), two);
    await assertEcho(`ws://127.0.0.1:${portOf(server)}/chat`);
    assert.equal(await hello(server), 'hello, GET /hello');
    assert.equal(two.transport.refused, 0);
  }
});

it('an upgrade for somebody else is not touched', async (t) => {
  const server = await application(t);
  await mounted(t, server);
  const seen: string[] = [];
  server.on('upgrade', (asked, socket) => {
    if (asked.url === '/peer') return;
    // Later, as a server that looks into its database first.
    setImmediate(() => {
      seen.push(`${asked.url} ${socket.listenerCount('error')} ${socket.writableLength}`);
      socket.end('HTTP/1.1 418 I am a teapot\r\n\r\n');
    });
  });
  const socket = connect(portOf(server), '127.0.0.1');
  socket.write(
    'GET /peers HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  const [answer] = await once(socket, 'data', within());
  assert.match(String(answer), /^HTTP\/1.1 418/);
  assert.deepEqual(seen, ['/peers 0 0']);
  socket.destroy();
});

it('an upgrade that nobody takes is answered as if no peer were there', async (t) => {
  const server = await application(t);
  await mounted(t, server);
  const { port } = new URL(`http://127.0.0.1:${portOf(server)}`);
  // As Java's HTTP client asks with every first request.
  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': '' };
  const asked = request({ port, host: '127.0.0.1', path: '/hello', headers });
  asked.end();
  const [answer] = await once(asked, 'response', within());
  assert.equal(answer.statusCode, 200);
  assert.equal((await answer.toArray()).join(''), 'hello, GET /hello');
  // A body cannot be given back.
  const post = request({ port, host: '127.0.0.1', path: '/hello', method: 'POST', headers });
  post.end('a body');
  assert.equal((await once(post, 'response', within()))[0].statusCode, 400);
});

it('on close only its own links end, and the server goes on', async (t) => {
  const server = await application(t);
  const two = await mounted(t, server);
  chat(t, server, '/chat');
  const one = dialling(t);
  await assertLink(one, two);
  const talk = new WebSocket(`ws://127.0.0.1:${portOf(server)}/chat`);
  await once(talk, 'open', within());
  await two.transport.close();
  await one.witness.get('closed');
  assert.equal(server.listenerCount('upgrade'), 1);
  assert.equal(server.listening, true);
  assert.equal(talk.readyState, WebSocket.OPEN);
  await assertEcho(`ws://127.0.0.1:${portOf(server)}/chat`);
  assert.equal(await hello(server), 'hello, GET /hello');
  talk.terminate();
});

it('the server closes once the peer has closed, and not before', async (t) => {
  const server = await application(t);
  const two = await mounted(t, server);
  await assertLink(dialling(t), two);
  let isClosed = false;
  const closed = new Promise<void>((resolve) =>
    server.close(() => {
      isClosed = true;
      resolve();
    }),
  );
  assert.equal(isClosed, false);
  await two.transport.close();
  await closed;
});

it('on an https server, with a secret', async (t) => {
  const server = await application(t, createSecureServer(a));
  const two = await mounted(t, server, { secrets: [SECRET], tls: { ca } });
  await assertLink(dialling(t, { tls: { ca } }), two);
});

it('on an https server, with certificates of the group and no others', async (t) => {
  // The application takes certificates of its own users, too.
  const options = { ...a, ca: [ca, stranger.ca], requestCert: true, rejectUnauthorized: false };
  const server = await application(t, createSecureServer(options));
  const two = await mounted(t, server, { tls: { ca, ...a } });
  await assertLink(side(t, { id: 1, tls: { ca, ...b } }), two);
  const { cert, key } = stranger;
  for (const tls of [{ ca, cert, key }, { ca }]) {
    const other = side(t, { id: 1, tls });
    other.transport.dial(2, two.url);
    assert.match((await other.witness.get('failed')).reason, /401 .*no certificate of the group/);
    await other.transport.close();
  }
  assert.equal(two.witness.count('opened'), 1);
});

it('nobody mounts a peer that would let everybody in', async (t) => {
  const server = await application(t);
  await assert.rejects(mounted(t, server, {}), /authenticated/);
  await mounted(t, server, { insecure: true });
});

it('by hand, beside another library on one server', async (t) => {
  const server = await application(t);
  const two = side(t, { id: 2, secrets: [SECRET] }, { binding: { type: 'manual' } });
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
  });
  server.on('upgrade', (asked, socket, head) => {
    if (two.transport.handleUpgrade(asked, socket, head)) return;
    sockets.handleUpgrade(asked, socket, head, (one) => sockets.emit('connection', one));
  });
  const url = `ws://127.0.0.1:${portOf(server)}/peer`;
  await assertEcho(url);
  await two.transport.listen(url);
  await assertLink(dialling(t), { ...two, url });
  await assertEcho(`ws://127.0.0.1:${portOf(server)}/anything`);
  await two.transport.close();
  await assertEcho(url);
});

it('an upgrade behind a request that is not answered yet ends its connection, and nothing else', async (t) => {
  const server = createServer();
  // Never answers.
  const asked = once(server, 'request', within());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const two = await mounted(t, server);
  const socket = connect(portOf(server), '127.0.0.1');
  const upgrade = 'GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
  socket.write(`GET /slow HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}`);
  await asked;
  await once(socket, 'close', within());
  await assertLink(dialling(t), two);
});

it('beside a WebSocket server that takes every request links are refused, and nothing else happens', async (t) => {
  const server = await application(t);
  const greedy = new WebSocketServer({ server });
  t.after(() => greedy.close());
  const two = await mounted(t, server);
  dialling(t).transport.dial(2, two.url);
  const { reason } = await two.witness.get('refused');
  assert.equal(reason, 'another WebSocket server has taken the same request');
  for (const socket of greedy.clients) socket.terminate();
});
