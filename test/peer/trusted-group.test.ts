/** A group whose peers know each other by a secret, and what the application is told of others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { freePorts } from '../../examples/support/peer-process.ts';
import { type Grouped, openPeer, type Peer, type QuorateError } from '../../lib/index.ts';

const SECRET = 'the secret of the group';
const TIMES = { heartbeat: 50, syncTimeout: 600, requestTimeout: 20_000 };
const PATIENCE = 30_000;

async function open(t: TestContext, options: Grouped): Promise<Peer> {
  const peer = await openPeer({ ...TIMES, ...options });
  t.after(() => peer.close());
  return peer;
}

/** A server of the application, whose requests for upgrades are passed on. */
async function application(t: TestContext): Promise<{ server: Server; url: string }> {
  const server = createServer((_request, response) => response.end('the application'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { server, url: `ws://127.0.0.1:${port}/quorate` };
}

async function assertAgree(peers: readonly Peer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.ready({ timeout: PATIENCE })));
  for (const peer of peers) await peer.create('/n-', 'x', { sequential: true });
  for (const peer of peers) {
    await peer.sync();
    assert.equal((await peer.children('/')).filter((name) => name.startsWith('n-')).length, 3);
  }
}

test('peers on a port, on a server and by hand form one group', async (t) => {
  const [port] = await freePorts(1);
  const [two, three] = [await application(t), await application(t)];
  const peers = { 1: `ws://127.0.0.1:${port}/`, 2: two.url, 3: three.url };
  const common = { peers, dataDir: ':memory:', secret: SECRET };
  const first = await open(t, { id: 1, ...common });
  const second = await open(t, { id: 2, ...common, listen: { server: two.server } });
  const third = await open(t, { id: 3, ...common, listen: 'manual' });
  const chat = new WebSocketServer({ noServer: true });
  three.server.on('upgrade', (request, socket, head) => {
    if (third.handleUpgrade(request, socket, head)) return;
    chat.handleUpgrade(request, socket, head, (talk) => talk.close(4_000, 'from the application'));
  });
  await assertAgree([first, second, third]);
  const talk = new WebSocket(three.url.replace('/quorate', '/chat'));
  const [code] = await once(talk, 'close');
  assert.equal(code, 4_000);
  for (const { url } of [two, three]) {
    const { origin } = new URL(url.replace('ws:', 'http:'));
    assert.equal(await (await fetch(origin)).text(), 'the application');
  }
  assert.deepEqual(
    [first, second, third].map(({ status }) => status.refused),
    [0, 0, 0],
  );
  // The peers before the servers: none of the latter can close while links stand on it.
  await Promise.all([first, second, third].map((peer) => peer.close()));
  await Promise.all(
    [two, three].map(({ server }) => new Promise((resolve) => server.close(resolve))),
  );
});

test('a peer with another secret stays outside, and both sides say why', async (t) => {
  const ports = await freePorts(3);
  const peers = Object.fromEntries(ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}/`]));
  const common = { peers, dataDir: ':memory:' };
  const insider = await open(t, { id: 1, ...common, secret: SECRET });
  const warnings: QuorateError[] = [];
  insider.on('warning', (warning) => {
    if (warning.code === 'REFUSED') warnings.push(warning);
  });
  const outsider = await open(t, { id: 2, ...common, secret: 'the secret of others' });
  const deadline = performance.now() + PATIENCE;
  const reasonAt = (peer: Peer, other: number) => peer.status.peers[other]?.error ?? '';
  const isTold = () =>
    insider.status.refused > 1 &&
    reasonAt(outsider, 1).includes('secrets differ') &&
    reasonAt(insider, 2).includes('secrets differ');
  while (!isTold() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(reasonAt(outsider, 1), /secrets differ/);
  assert.match(reasonAt(insider, 2), /secrets differ/);
  assert.match(outsider.status.reason ?? '', /1: refused: the secrets differ/);
  assert.ok(insider.status.refused > 1);
  assert.equal(warnings.length, 1);
  assert.match(String(warnings[0]?.message), /peer 1: refused 127\.0\.0\.1: the secrets differ/);
});
