/** Who may join is decided when a peer is opened, not when somebody has. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { test } from 'node:test';
import { checkOptions } from '../../lib/peer/options.ts';
import type { Grouped } from '../../lib/peer/settings.ts';
import { certificates } from '../transport/certificates.ts';

const SECRET = 'a secret of the group';
const { ca, a } = await certificates();

/** Peer 1 of a group with this URL and two others beside it. */
function group(url: string, change: object = {}): Grouped {
  const { protocol, hostname } = new URL(url);
  const others = { 2: `${protocol}//${hostname}:7702/`, 3: `${protocol}//${hostname}:7703/` };
  return { id: 1, peers: { 1: url, ...others }, dataDir: ':memory:', ...change };
}

const LOCAL = 'ws://127.0.0.1:7701';
const REMOTE = 'ws://10.0.0.1:7701';
const SECURE = 'wss://10.0.0.1:7701';
const server = createServer();
const secureServer = createSecureServer(a);

const ALLOWED: Readonly<Record<string, Grouped>> = {
  'loopback without anything': group(LOCAL),
  'a secret': group(REMOTE, { secret: SECRET }),
  'several secrets': group(REMOTE, { secret: [SECRET, 'the one before'] }),
  'certificates both ways': group(SECURE, { tls: { ca, ...a } }),
  'TLS one way, and a secret': group(SECURE, { tls: a, secret: SECRET }),
  'TLS one way, on loopback': group('wss://localhost:7701', { tls: a }),
  'everybody, said aloud': group(REMOTE, { insecure: true }),
  'a secret that is not set, on loopback': group(LOCAL, { secret: undefined }),
  'another interface, with a secret': group(REMOTE, {
    secret: SECRET,
    listen: { host: '0.0.0.0' },
  }),
  'a server with a secret': group(REMOTE, { secret: SECRET, listen: { server, path: '/q' } }),
  'a server that anybody reaches, said aloud': group(LOCAL, { insecure: true, listen: { server } }),
  'an https server with certificates': group(SECURE, {
    ...{ tls: { ca, ...a }, listen: { server: secureServer } },
  }),
  'a proxy that ends TLS before an http server': group(SECURE, {
    secret: SECRET,
    listen: { server },
  }),
  'by hand, with a secret': group(SECURE, { secret: SECRET, listen: 'manual' }),
};

for (const [name, options] of Object.entries(ALLOWED)) {
  test(`a peer may have ${name}`, () => {
    checkOptions(options);
  });
}

const REFUSED: readonly (readonly [string, Grouped, RegExp])[] = [
  ['nothing to show on a network', group(REMOTE), /10\.0\.0\.1 .*secret.*tls.*insecure/],
  ['a secret that is not set', group(REMOTE, { secret: undefined }), /loopback/],
  ['certificates that nobody checks', group(SECURE, { tls: a }), /loopback.*ca/],
  ['an empty list of authorities', group(SECURE, { tls: { ...a, ca: [] } }), /loopback/],
  ['an open interface', group(LOCAL, { listen: { host: '0.0.0.0' } }), /0\.0\.0\.0 .*secret/],
  ['a server that anybody reaches', group(LOCAL, { listen: { server } }), /server.*insecure/],
  ['a server that anybody reaches, by hand', group(LOCAL, { listen: 'manual' }), /insecure/],
  [
    'certificates that the server cannot see',
    group(SECURE, { tls: { ca, ...a }, listen: { server } }),
    /sees no certificates/,
  ],
  ['wss and no certificate', group(SECURE, { secret: SECRET }), /peers\[1\].*cert and key/],
  ['wss and half a certificate', group(SECURE, { secret: SECRET, tls: { ca } }), /cert and key/],
  ['tls for ws', group(REMOTE, { tls: { ca, ...a } }), /peers\[1\] is ws:/],
  ['a certificate that is none', group(SECURE, { tls: { cert: 'x', key: 'y' } }), /tls: /],
  ['tls that is no object', group(SECURE, { tls: true }), /tls must be an object/],
  ['a short secret', group(REMOTE, { secret: 'sesame' }), /at least 8 characters/],
  ['an empty secret', group(LOCAL, { secret: '' }), /at least 8/],
  ['no secrets', group(LOCAL, { secret: [] }), /empty array/],
  ['a secret that is no text', group(LOCAL, { secret: 12_345_678 }), /string/],
  ['insecure that is no boolean', group(REMOTE, { insecure: 'yes' }), /true or false/],
  ['a word to listen with', group(LOCAL, { listen: 'automatic' }), /'manual'/],
  ['a server that is none', group(LOCAL, { listen: { server: {} } }), /listen\.server/],
  ['a server that is not set', group(LOCAL, { listen: { server: undefined } }), /listen\.server/],
  ['a server and a port', group(LOCAL, { listen: { server, port: 1 } }), /leave them out/],
  ['a path without its slash', group(LOCAL, { listen: { path: 'quorate' } }), /listen\.path/],
  [
    'an unknown way to listen',
    group(LOCAL, { listen: { socket: '/x' } }),
    /unknown option 'socket'/,
  ],
];

for (const [name, options, expected] of REFUSED) {
  test(`a peer may not have ${name}`, () => {
    assert.throws(() => checkOptions(options), { name: 'TypeError', message: expected });
  });
}

test('what is wrong with a secret is said without it', () => {
  for (const secret of ['sesame', ['long enough', 'short']]) {
    assert.throws(
      () => checkOptions(group(REMOTE, { secret })),
      (error: Error) => !/sesame|short|long enough/.test(String(error.stack)),
    );
  }
});

test('a port is a port', () => {
  for (const port of [-1, 65_536, 1.5]) {
    assert.throws(() => checkOptions(group(LOCAL, { listen: { port } })), RangeError);
  }
});
