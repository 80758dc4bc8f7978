/** Who may open links to this peer (`secret`, `tls`, `insecure`), and where (`listen`). */
import { createSecureContext, type SecureContextOptions, Server as TlsServer } from 'node:tls';
import { isLoopback } from '../transport/peer-url.ts';
import {
  asksForCertificates,
  type Binding,
  isAuthenticated,
  type Trust,
} from '../transport/trust.ts';
import type { Address } from './addresses.ts';
import { describe, isObject } from './checks.ts';
import { messageOf } from './events.ts';
import { checkListen } from './listening.ts';
import type { Settings } from './settings.ts';

export const SECURITY_NAMES: readonly (keyof Settings)[] = ['secret', 'tls', 'insecure', 'listen'];

/** A secret of fewer characters is guessed. */
const SECRET_CHARACTERS = 8;
const THREE_WAYS =
  'give all peers a secret, or tls with cert, key and ca for wss:// URLs, or say insecure: true if nobody else is on their network';

interface Security {
  readonly trust: Trust;
  readonly binding: Binding;
}

/**
 * @param addresses none: a group of one, which has no links.
 * @throws {TypeError | RangeError}
 */
export function checkSecurity(
  given: Readonly<Record<string, unknown>>,
  id: number,
  addresses: readonly Address[],
): Security {
  const { insecure = false } = given;
  if (typeof insecure !== 'boolean') {
    throw new TypeError(`openPeer: insecure must be true or false, not ${describe(insecure)}`);
  }
  const secrets = checkSecret(given.secret);
  const trust = { id, secrets, tls: checkTls(given.tls), insecure };
  const binding = checkListen(given.listen);
  const urls = addresses.map((address) => ({ id: address.id, url: new URL(address.url) }));
  if (urls.length > 0) {
    checkEncryption(trust, binding, urls);
    checkTrust(trust, binding, urls);
  }
  return { trust, binding };
}

interface Place {
  readonly id: number;
  readonly url: URL;
}

/** Whether TLS is where the URLs say it is. */
function checkEncryption(trust: Trust, binding: Binding, places: readonly Place[]): void {
  const plain = places.find(({ url }) => url.protocol === 'ws:');
  if (trust.tls !== undefined && plain !== undefined) {
    throw new TypeError(`openPeer: tls needs wss:// URLs, and peers[${plain.id}] is ws://`);
  }
  const own = places.find(({ id }) => id === trust.id);
  if (binding.type !== 'own' || own?.url.protocol !== 'wss:') return;
  const { cert, key, pfx } = trust.tls ?? {};
  if ((cert === undefined || key === undefined) && pfx === undefined) {
    throw new TypeError(
      `openPeer: peers[${own.id}] is wss:// and needs tls with cert and key; ` +
        'or listen on a server of the application where TLS ends',
    );
  }
}

/** Whether strangers are kept out, wherever they could come in. */
function checkTrust(trust: Trust, binding: Binding, places: readonly Place[]): void {
  const isPlainServer = binding.type === 'mounted' && !(binding.server instanceof TlsServer);
  if (isPlainServer && trust.secrets.length === 0 && asksForCertificates(trust)) {
    throw new TypeError(
      'openPeer: tls.ca without a secret: a server without TLS sees no certificates of who dials; give a secret',
    );
  }
  if (isAuthenticated(trust) || trust.insecure) return;
  if (binding.type !== 'own') {
    throw new TypeError(
      `openPeer: listen on a server of the application: everyone who reaches that could join; ${THREE_WAYS}`,
    );
  }
  const remote = places.find(({ url }) => !isLoopback(url.hostname));
  const host = remote?.url.hostname ?? binding.host;
  if (host === undefined || isLoopback(host)) return;
  throw new TypeError(
    `openPeer: ${host} is not a loopback address: everyone who reaches it could join; ${THREE_WAYS}`,
  );
}

/** What is wrong with a secret is said without it. */
function checkSecret(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const secrets: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (secrets.length === 0) throw new TypeError('openPeer: secret must not be an empty array');
  return secrets.map((secret) => {
    if (typeof secret !== 'string') {
      throw new TypeError('openPeer: secret must be a string or an array of strings');
    }
    if (secret.length < SECRET_CHARACTERS) {
      throw new TypeError(
        `openPeer: secret must have at least ${SECRET_CHARACTERS} characters; take 32 random bytes`,
      );
    }
    return secret;
  });
}

function checkTls(value: unknown): SecureContextOptions | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    throw new TypeError(`openPeer: tls must be an object, not ${describe(value)}`);
  }
  // A copy: what is checked here is what is used later.
  const options: SecureContextOptions = { ...value };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new TypeError(`openPeer: tls: ${messageOf(error)}`, { cause: error });
  }
  return options;
}
