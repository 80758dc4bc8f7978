/** Links over TLS of the peer's own server. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { it, type TestContext } from 'node:test';
import type { Trust } from '../../lib/transport/trust.ts';
import { certificates } from './certificates.ts';
import { SECRET, type Side, side } from './sides.ts';

const { ca, a, b, stranger } = await certificates();
const ANYWHERE = 'wss://127.0.0.1:0/peer';

async function listening(
  t: TestContext,
  trust: Partial<Trust>,
): Promise<Side & { readonly url: string }> {
  const two = side(t, { id: 2, ...trust });
  return { ...two, url: await two.transport.listen(ANYWHERE) };
}

function dial(t: TestContext, url: string, trust: Partial<Trust>): Side {
  const one = side(t, { id: 1, ...trust });
  one.transport.dial(2, url);
  return one;
}

it('a certificate of another authority is refused, and so is none', async (t) => {
  const two = await listening(t, { tls: { ca, ...a } });
  const { cert, key } = stranger;
  for (const tls of [{ ca, cert, key }, { ca }]) {
    const one = dial(t, two.url, { tls });
    const { reason } = await one.witness.get('failed');
    assert.match(reason, /may not accept the certificate|alert/);
    await one.transport.close();
  }
  assert.equal(two.witness.count('opened'), 0);
  assert.ok(two.transport.refused >= 2);
  const { reason } = await two.witness.get('refused');
  assert.match(reason, /^TLS: /);
  await dial(t, two.url, { tls: { ca, ...b } }).witness.get('opened');
});

it('a listener with a certificate of another authority is told by what is wrong with it', async (t) => {
  const { cert, key } = stranger;
  const two = await listening(t, { tls: { ca, cert, key } });
  const one = dial(t, two.url, { tls: { ca, ...a } });
  assert.match((await one.witness.get('failed')).reason, /certificate/);
  assert.equal(two.witness.count('opened'), 0);
});

it('a certificate for another host is refused', async (t) => {
  const two = await listening(t, { tls: { ca, ...a } });
  // 127.0.0.2 is this machine, too, but it is not in the certificate.
  const { port } = new URL(two.url);
  const elsewhere = side(t, { id: 3, tls: { ca, ...a } });
  const url = await elsewhere.transport.listen(`wss://127.0.0.2:${port}/peer`);
  const one = dial(t, url, { tls: { ca, ...b } });
  assert.match((await one.witness.get('failed')).reason, /127\.0\.0\.2|altnames/);
});

it('a secret is asked for behind TLS, too', async (t) => {
  const two = await listening(t, { tls: { ca, ...a }, secrets: [SECRET] });
  const others = { tls: { ca, ...b }, secrets: ['the secret of others'] };
  const one = dial(t, two.url, others);
  assert.match((await one.witness.get('failed')).reason, /secrets differ/);
  await dial(t, two.url, { ...others, secrets: [SECRET] }).witness.get('opened');
});

it('who speaks no TLS is refused', async (t) => {
  const two = await listening(t, { tls: { ca, ...a } });
  const plain = dial(t, two.url.replace('wss:', 'ws:'), { insecure: true });
  await plain.witness.get('failed');
  assert.equal(two.witness.count('opened'), 0);
});

it('a transport closes at once while somebody is half way through TLS', async (t) => {
  const two = await listening(t, { tls: { ca, ...a } });
  const socket = connect(Number(new URL(two.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const accepted = new Promise((resolve) => socket.once('connect', resolve));
  await accepted;
  // One that came later is linked: so the one before is known to the listener.
  await dial(t, two.url, { tls: { ca, ...b } }).witness.get('opened');
  const begun = performance.now();
  await two.transport.close();
  assert.ok(performance.now() - begun < 2_500);
  socket.destroy();
});
