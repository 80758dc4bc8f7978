/** Whoever reaches the port of a peer is refused, and cannot disturb the group. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { freePorts } from '../../examples/support/peer-process.ts';
import { openPeer, type Peer, type QuorateError } from '../../lib/index.ts';
import { encodeFrames } from '../../lib/wire/frames.ts';
import { MAX_FRAME_BYTES } from '../../lib/wire/limits.ts';
import type { Hello } from '../../lib/zab/messages.ts';
import { MESSAGES } from '../wire/samples.ts';

interface Group {
  readonly peers: readonly Peer[];
  readonly urls: readonly string[];
  /** What went to `error`. */
  readonly errors: readonly unknown[];
  /** What went to `warning`, of all peers. */
  readonly warnings: readonly QuorateError[];
}

async function group(t: TestContext, size: number): Promise<Group> {
  const ports = await freePorts(size);
  const urls = ports.map((port) => `ws://127.0.0.1:${port}/`);
  const addresses = Object.fromEntries(urls.map((url, at) => [at + 1, url]));
  const times = { heartbeat: 50, syncTimeout: 600, requestTimeout: 20_000 };
  const peers = await Promise.all(
    urls.map((_, at) => openPeer({ id: at + 1, peers: addresses, dataDir: ':memory:', ...times })),
  );
  const errors: unknown[] = [];
  const warnings: QuorateError[] = [];
  for (const peer of peers) {
    peer.on('warning', (warning) => warnings.push(warning));
    peer.on('error', (error) => errors.push(error));
    t.after(() => peer.close());
  }
  await Promise.all(peers.map((peer) => peer.ready({ timeout: 20_000 })));
  return { peers, urls, errors, warnings };
}

async function stranger(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

/** Resolves when the peer has ended it. */
async function refused(socket: WebSocket, ...frames: (Uint8Array | string)[]): Promise<void> {
  const end = once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  for (const frame of frames) socket.send(frame);
  await end;
}

/** Noise that is the same in every run. */
function noise(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

async function serves({ peers, errors }: Group): Promise<void> {
  for (const peer of peers) {
    const { stat } = await peer.create('/n-', 'x', { sequential: true });
    assert.ok(stat.czxid > 0n);
    assert.equal(peer.status.serving, true);
  }
  assert.deepEqual(errors, []);
}

test('garbage, endless and oversized frames end their link and nothing else', async (t) => {
  const all = await group(t, 3);
  const { epoch } = all.peers[0]?.status ?? { epoch: 0 };
  const noises = Array.from({ length: 50 }, (_, at) => noise(at, 1 + at * 7));
  for (const url of all.urls) {
    await Promise.all(noises.map(async (frame) => refused(await stranger(url), frame)));
    await refused(await stranger(url), new Uint8Array(MAX_FRAME_BYTES + 1));
    await refused(await stranger(url), new Uint8Array(0));
    await refused(await stranger(url), 'a text');
    await refused(await stranger(url));
  }
  await serves(all);
  assert.equal(all.peers[0]?.status.epoch, epoch, 'no leader has fallen');
});

test('whoever sends frames that nobody can read, over and over, is told of once', async (t) => {
  const all = await group(t, 1);
  const [url = ''] = all.urls;
  for (let at = 0; at < 50; at += 1) await refused(await stranger(url), noise(at, 40));
  const told = all.warnings.filter(({ message }) => message.includes('was closed'));
  assert.deepEqual([told.length, told[0]?.code], [1, 'REFUSED']);
  await serves(all);
});

test('every message of the protocol, from nobody in particular, is refused', async (t) => {
  const all = await group(t, 3);
  const { epoch } = all.peers[0]?.status ?? { epoch: 0 };
  const frames = Object.values(MESSAGES).flatMap((message) => encodeFrames([message]));
  const hellos: Hello[] = [1, 2, 3, 4, 255].flatMap((id) => [
    { ...MESSAGES.HELLO, id },
    { ...MESSAGES.HELLO, id, cluster: '', birth: { state: 'unborn' } },
    { ...MESSAGES.HELLO, id, protocol: { min: 1_000, max: 1_000 } },
  ]);
  for (const url of all.urls) {
    await Promise.all(frames.map(async (frame) => refused(await stranger(url), frame)));
    for (const hello of hellos) {
      const opening = encodeFrames([hello]);
      await refused(await stranger(url), ...opening, ...frames);
    }
  }
  await serves(all);
  assert.equal(all.peers[0]?.status.epoch, epoch, 'no leader has fallen');
});

test('connections that say nothing, half of something, or reset, cost nothing', async (t) => {
  const all = await group(t, 1);
  const url = new URL(all.urls[0] ?? '');
  const open = async (text: string): Promise<Socket> => {
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
  const texts = ['', '\0\0\0', 'GET / HT', `${upgrade}\r\n`, upgrade, `${upgrade}${key}\xff\xff`];
  const sockets = await Promise.all([...texts, ...texts].map(open));
  for (const socket of sockets.slice(texts.length)) socket.resetAndDestroy();
  await serves(all);
  const begun = performance.now();
  await all.peers[0]?.close();
  assert.ok(performance.now() - begun < 5_000, 'the rest does not hold up the end');
  for (const socket of sockets) socket.destroy();
});
