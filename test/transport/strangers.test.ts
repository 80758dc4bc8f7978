/** Whoever does not know the secret is refused, counted, and never heard. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { WebSocket, WebSocketServer } from 'ws';
import { Handshake } from '../../lib/transport/handshake.ts';
import { SECRET_PROTOCOL } from '../../lib/transport/upgrade-gate.ts';
import { between, dialling, listening, portOf, SECRET, type Side, side } from './sides.ts';

/** Nothing here takes longer, on however slow a machine. */
const within = () => ({ signal: AbortSignal.timeout(60_000) });

/** A WebSocket that says that it knows the secret; resolves with the listener's challenge. */
async function stranger(t: TestContext, url: string) {
  const socket = new WebSocket(url, [SECRET_PROTOCOL]);
  t.after(() => socket.terminate());
  socket.on('error', () => undefined);
  const [challenge] = await once(socket, 'message', within());
  return { socket, challenge: challenge as Buffer };
}

/** The code and the reason with which a socket is ended. */
async function ended(socket: WebSocket): Promise<string> {
  const [code, reason] = await once(socket, 'close', within());
  return `${code} ${reason}`;
}

/** Nothing but refusals was told. */
function assertUnheard({ transport, witness }: Side, refused: number): void {
  assert.equal(witness.count('opened') + witness.count('frame'), 0);
  assert.equal(transport.refused, refused);
}

/** A real peer still gets in. */
async function assertOpen(t: TestContext, { witness, url }: Side & { url: string }): Promise<void> {
  const opened = witness.count('opened');
  const peer = dialling(t);
  peer.transport.dial(2, url);
  const { link } = await peer.witness.get('opened');
  const to = (await witness.get('opened', opened + 1)).link;
  peer.transport.send(link, Buffer.from('hello'));
  const { bytes } = (await witness.until((told) => told.type === 'frame' && told.link === to)) as {
    bytes: Uint8Array;
  };
  assert.equal(Buffer.from(bytes).toString(), 'hello');
}

it('a peer with another secret is refused, on both sides, and told so', async (t) => {
  const two = await listening(t);
  const one = dialling(t, { secrets: ['the secret of others'] });
  one.transport.dial(2, two.url);
  assert.match((await one.witness.get('failed')).reason, /refused: the secrets differ/);
  const { address, reason } = await two.witness.get('refused');
  assert.deepEqual([address, reason], ['127.0.0.1', 'the secrets differ']);
  await one.witness.get('failed', 3);
  assert.equal(two.witness.count('refused'), 1, 'a minute has not passed');
  assert.ok(two.transport.refused >= 3);
  assertUnheard(two, two.transport.refused);
  await assertOpen(t, two);
});

it('a peer without a secret is refused by one that has it, and the other way round', async (t) => {
  const [guarded, open] = [await listening(t), await listening(t, { secrets: [] })];
  const [one, three] = [dialling(t, { secrets: [] }), dialling(t)];
  one.transport.dial(2, guarded.url);
  three.transport.dial(2, open.url);
  assert.match((await one.witness.get('failed')).reason, /401 .*a secret is asked for/);
  assert.match((await three.witness.get('failed')).reason, /401 .*no secret is known here/);
  for (const { witness } of [guarded, open]) assert.equal(witness.count('opened'), 0);
});

it('a peer that knows the next secret gets in while both are accepted', async (t) => {
  const two = await listening(t, { secrets: ['the old secret', 'the next secret'] });
  const one = dialling(t, { secrets: ['the next secret', 'the old secret'] });
  one.transport.dial(2, two.url);
  await one.witness.get('opened');
  await two.witness.get('opened');
});

it('a listener that does not know the secret is refused by who dials', async (t) => {
  const wrong = await listening(t, { secrets: [SECRET, 'the secret of others'].reverse() });
  const one = dialling(t);
  one.transport.dial(2, wrong.url);
  assert.match((await one.witness.get('failed')).reason, /secrets differ/);
  assert.equal((await one.witness.get('refused')).address, '127.0.0.1');
  assert.ok(one.transport.refused >= 1);
  assert.equal(one.witness.count('opened'), 0);
});

it('a peer of another group, and one at the wrong address, are refused', async (t) => {
  const two = await listening(t);
  const one = dialling(t);
  two.witness.group = 'b';
  one.witness.group = 'a';
  one.transport.dial(2, two.url);
  assert.match((await one.witness.get('failed')).reason, /another group/);
  const lost = dialling(t);
  lost.transport.dial(3, two.url);
  assert.match((await lost.witness.get('failed')).reason, /peer 2 is at that address/);
  assert.equal(two.witness.count('opened'), 0);
});

it('a handshake that was overheard opens nothing when it is said again', async (t) => {
  const two = await listening(t);
  const middle = await between(t, two.url);
  const one = dialling(t);
  one.transport.dial(2, middle.url);
  const { link } = await one.witness.get('opened');
  one.transport.send(link, Buffer.from('overheard'));
  await two.witness.get('frame');
  const { hostname, port } = new URL(two.url);
  const again = connect(Number(port), hostname);
  t.after(() => again.destroy());
  for (const chunk of middle.seen.out) again.write(chunk);
  again.resume();
  await once(again, 'close', within());
  assert.deepEqual((await two.witness.get('refused')).reason, 'the secrets differ');
  assert.equal(two.witness.count('opened'), 1);
  assert.equal(two.witness.count('frame'), 1);
});

it('the listener’s own challenge, sent back to it, opens nothing', async (t) => {
  const two = await listening(t);
  const [a, b] = [await stranger(t, two.url), await stranger(t, two.url)];
  a.socket.send(Buffer.concat([a.challenge, new Uint8Array(32)]));
  b.socket.send(b.challenge);
  const ends = await Promise.all([a, b].map(({ socket }) => ended(socket)));
  for (const end of ends) assert.match(end, /^1008 refused/);
  assertUnheard(two, 2);
});

it('a byte that changes on the way ends the link, and the frame is not heard', async (t) => {
  const two = await listening(t);
  const middle = await between(t, two.url);
  const one = dialling(t);
  one.transport.dial(2, middle.url);
  const { link } = await one.witness.get('opened');
  one.transport.send(link, Buffer.from('whole'));
  await two.witness.get('frame');
  // The last bytes of a chunk are the seal of a frame, and before them is what it says.
  middle.change = (chunk) => {
    const changed = Buffer.from(chunk);
    changed[changed.length - 20] = (changed[changed.length - 20] ?? 0) ^ 1;
    return changed;
  };
  one.transport.send(link, Buffer.from('a frame that is long enough for a change in its middle'));
  assert.match((await two.witness.get('closed')).reason, /not sealed/);
  await one.witness.get('closed');
  assert.equal(two.witness.count('frame'), 1);
  assert.ok(two.transport.refused >= 1);
  assert.match((await two.witness.get('refused')).reason, /sealed/);
});

it('a frame that is sent twice on the way ends the link', async (t) => {
  const two = await listening(t);
  const middle = await between(t, two.url);
  const one = dialling(t);
  one.transport.dial(2, middle.url);
  const { link } = await one.witness.get('opened');
  middle.change = (chunk) => Buffer.concat([chunk, chunk]);
  one.transport.send(link, Buffer.from('once'));
  assert.match((await two.witness.get('closed')).reason, /not sealed/);
  assert.equal(two.witness.count('frame'), 1);
});

it('frames before the handshake has ended are not heard', async (t) => {
  const two = await listening(t);
  const { socket } = await stranger(t, two.url);
  for (let at = 0; at < 10; at += 1) socket.send(Buffer.from(`frame ${at}`));
  assert.match(await ended(socket), /^1008 refused/);
  assertUnheard(two, 1);
});

it('a huge frame before the handshake has ended is cut off at its beginning', async (t) => {
  const two = await listening(t);
  const { hostname, port } = new URL(two.url);
  const raw = connect(Number(port), hostname);
  t.after(() => raw.destroy());
  raw.on('error', () => undefined);
  raw.resume();
  raw.write(
    'GET /peer HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Protocol: ${SECRET_PROTOCOL}\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  await once(raw, 'data', within());
  // A binary frame that says it is 16 MiB long, masked with zeros.
  const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  raw.write(head);
  const closed = once(raw, 'close', within());
  let sent = 0;
  const timer = setInterval(() => {
    if (raw.writable) raw.write(new Uint8Array(512), () => (sent += 512));
  }, 5);
  await closed;
  clearInterval(timer);
  assert.ok(sent < 1024 * 1024, `${sent} bytes were taken`);
  assert.match((await two.witness.get('refused')).reason, /more than a handshake/);
  assertUnheard(two, 1);
});

it('the thirty-third stranger at a time is turned away, and room comes back', async (t) => {
  const two = await listening(t, {}, { limits: { handshakeTime: 60_000 } });
  const strangers = await Promise.all(Array.from({ length: 32 }, () => stranger(t, two.url)));
  const extra = new WebSocket(two.url, [SECRET_PROTOCOL]);
  const [error] = await once(extra, 'error', within());
  assert.match(String(error), /503/);
  assert.match((await two.witness.get('refused')).reason, /too many strangers/);
  assertUnheard(two, 1);
  strangers[0]?.socket.close();
  await assertOpen(t, two);
});

it('links do not take the room of strangers', async (t) => {
  const two = await listening(t, {}, { limits: { strangers: 1 } });
  for (let at = 0; at < 4; at += 1) await assertOpen(t, two);
});

it('whoever introduces himself too slowly is ended, however far he came', async (t) => {
  const two = await listening(t, {}, { limits: { handshakeTime: 300 } });
  const { hostname, port } = new URL(two.url);
  const beginnings = ['', 'GET /peer HT', 'GET /peer HTTP/1.1\r\nHost: x\r\n'];
  const sockets = beginnings.map((text) => {
    const socket: Socket = connect(Number(port), hostname);
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(text);
    return once(socket, 'close', within());
  });
  const { socket } = await stranger(t, two.url);
  assert.match(await ended(socket), /no introduction within 300 ms/);
  await Promise.all(sockets);
  assertUnheard(two, 1);
  await assertOpen(t, two);
});

it('a stranger that drips a handshake byte by byte is ended in time', async (t) => {
  const two = await listening(t, {}, { limits: { handshakeTime: 300 } });
  const { socket } = await stranger(t, two.url);
  const timer = setInterval(() => socket.ping(), 20);
  assert.match(await ended(socket), /1008|1006/);
  clearInterval(timer);
  assertUnheard(two, 1);
});

it('noise instead of a handshake never gets through, and harms nothing', async (t) => {
  const two = await listening(t);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (noise, isText) => {
      const { socket } = await stranger(t, two.url);
      const end = ended(socket);
      socket.send(isText ? Buffer.from(noise).toString('latin1') : noise);
      assert.match(await end, /^1008 refused/);
      refused += 1;
    }),
    { numRuns: 60 },
  );
  assertUnheard(two, refused);
  await assertOpen(t, two);
});

it('noise on the socket itself never gets through, and harms nothing', async (t) => {
  const two = await listening(t, {}, { limits: { handshakeTime: 300 } });
  const { hostname, port } = new URL(two.url);
  const upgrade =
    'GET /peer HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    `Sec-WebSocket-Protocol: ${SECRET_PROTOCOL}\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
  const noises = fc.sample(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 3_000 })), 60);
  for (const [isUpgraded, noise] of noises) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect', within());
    if (isUpgraded) socket.write(upgrade);
    socket.end(noise);
    await once(socket, 'close', within());
  }
  assert.equal(two.witness.count('opened') + two.witness.count('frame'), 0);
  await assertOpen(t, two);
});

it('noise on a link that is trusted ends the link, and harms nothing', async (t) => {
  const two = await listening(t);
  const [first] = fc.sample(fc.uint8Array({ minLength: 1_000, maxLength: 1_000 }), 1);
  assert.ok(first);
  for (const cut of [1, 2, 7, 20, 50, 1_000]) {
    const middle = await between(t, two.url);
    const one = dialling(t);
    one.transport.dial(2, middle.url);
    const { link } = await one.witness.get('opened');
    const to = await two.witness.until(
      ({ type }) => type === 'opened',
      two.witness.count('closed') + 1,
    );
    assert.ok(to.type === 'opened');
    middle.change = (chunk) => Buffer.concat([first.subarray(0, cut), chunk]);
    // Long enough that even a length that was made up is reached.
    for (let at = 0; at < 20; at += 1) one.transport.send(link, new Uint8Array(70_000));
    await two.witness.until((told) => told.type === 'closed' && told.link === to.link);
    await one.transport.close();
  }
  assert.equal(two.witness.count('frame'), 0);
  await assertOpen(t, two);
});

it('who dials is as careful with whoever answers', async (t) => {
  const answers: ((socket: WebSocket) => void)[] = [
    (socket) => socket.send('a text'),
    (socket) => socket.send(new Uint8Array(0)),
    (socket) => socket.send(new Uint8Array(100_000)),
    (socket) => socket.send(new Uint8Array(16 * 1024 * 1024)),
    (socket) => {
      for (let at = 0; at < 100; at += 1) socket.ping(new Uint8Array(100));
    },
    (socket) => socket.close(4_000, 'not today'),
    () => undefined,
  ];
  let next = 0;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    answers[next % answers.length]?.(socket);
    next += 1;
  });
  const { port } = server.address() as AddressInfo;
  const one = side(t, { id: 1, secrets: [SECRET] }, { limits: { handshakeTime: 300 } });
  one.transport.dial(2, `ws://127.0.0.1:${port}`);
  await one.witness.get('failed', answers.length);
  assert.equal(one.witness.count('opened') + one.witness.count('frame'), 0);
  const reasons = one.witness.told.flatMap((told) => (told.type === 'failed' ? [told.reason] : []));
  assert.match(reasons[0] ?? '', /text frame/);
  assert.match(reasons[2] ?? '', /handshake/);
  assert.match(reasons[3] ?? '', /more than a handshake/);
  assert.match(reasons[5] ?? '', /not today/);
  assert.match(reasons[6] ?? '', /no introduction/);
});

it('a dial ends in time although the other side says something now and then', async (t) => {
  const sockets = new Set<Socket>();
  const dripping = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nX: ');
    const timer = setInterval(() => socket.write('x'), 50);
    socket.once('close', () => clearInterval(timer));
  });
  await once(dripping.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    dripping.close();
  });
  const one = side(t, { id: 1, secrets: [SECRET] }, { limits: { handshakeTime: 300 } });
  one.transport.dial(2, `ws://127.0.0.1:${portOf(dripping)}`);
  assert.match((await one.witness.get('failed')).reason, /no upgrade within 300 ms/);
});

it('a stall of the event loop is not taken for the slowness of others', async (t) => {
  const two = await listening(t, {}, { limits: { handshakeTime: 2_000 } });
  const { socket, challenge } = await stranger(t, two.url);
  const handshake = new Handshake(
    { id: 1, cluster: '', channel: new Uint8Array(0), secrets: [SECRET] },
    2,
  );
  const step = handshake.receive(challenge);
  assert.ok(step.type === 'answer');
  const sent = new Promise((resolve) => socket.send(step.bytes, resolve));
  await sent;
  // The proof waits in the socket while nothing runs.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
  await two.witness.get('opened');
  assert.equal(two.transport.refused, 0);
});
