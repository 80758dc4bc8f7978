/** The option `listen`. */
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { type Binding, OWN_URL } from '../transport/trust.ts';
import { describe, isObject, refuseUnknown } from './checks.ts';
import type { ListenOptions } from './settings.ts';

const FIELDS: ReadonlySet<string> = new Set<keyof ListenOptions>([
  'server',
  'host',
  'port',
  'path',
]);
const PORT_MAX = 65_535;

/** @throws {TypeError | RangeError} */
export function checkListen(value: unknown): Binding {
  if (value === undefined) return OWN_URL;
  if (value === 'manual') return { type: 'manual' };
  if (!isObject(value)) {
    throw new TypeError(`openPeer: listen must be an object or 'manual', not ${describe(value)}`);
  }
  const given: Readonly<Record<string, unknown>> = { ...value };
  refuseUnknown('openPeer: listen', given, FIELDS);
  const { server } = given;
  const path = checkPath(given.path);
  const host = checkHost(given.host);
  const port = checkPort(given.port);
  if (!('server' in given)) return { type: 'own', host, port, path };
  if (!isServer(server)) {
    throw new TypeError('openPeer: listen.server must be a server of node:http or node:https');
  }
  if (host !== undefined || port !== undefined) {
    throw new TypeError('openPeer: listen: host and port are those of the server; leave them out');
  }
  return { type: 'mounted', server, path };
}

function checkHost(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new TypeError(`openPeer: listen.host must be a name or an address, not ${describe(value)}`);
}

function checkPort(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') {
    throw new TypeError(`openPeer: listen.port must be a number, not ${describe(value)}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > PORT_MAX) {
    throw new RangeError(`openPeer: listen.port must be 0 to ${PORT_MAX}, not ${value}`);
  }
  return value;
}

function checkPath(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\/[^\s?#]*$/.test(value)) return value;
  throw new TypeError(
    `openPeer: listen.path must be a path like '/quorate', not ${describe(value)}`,
  );
}

/** Of any copy of http, https, or http2 that speaks HTTP/1.1, too. */
function isServer(value: unknown): value is Server {
  return value instanceof EventEmitter && 'listening' in value;
}
