import { parsePeerUrl } from '../transport/peer-url.ts';
import { messageOf } from './events.ts';
import { harmless } from './harmless-logger.ts';
import type { Grouped, Logger, PeerAddress, Settings, Solo } from './settings.ts';

/** One peer of the group, with every default filled in. */
export interface Address {
  readonly id: number;
  readonly url: string;
  readonly role: 'participant' | 'observer';
  readonly weight: number;
  readonly group: number;
}

/** Options that have been checked: nothing is missing and nothing is out of bounds. */
export interface CheckedOptions {
  readonly id: number;
  /** Ascending by id; this peer is among them. A group of one has one address, without a URL. */
  readonly addresses: readonly Address[];
  /** Undefined: in memory. */
  readonly dataDir: string | undefined;
  readonly sessionTimeout: number;
  readonly requestTimeout: number;
  readonly heartbeat: number;
  readonly syncTimeout: number;
  readonly initTimeout: number;
  readonly snapCount: number;
  readonly maxTreeBytes: number;
  readonly logger: Logger | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The word that stands for "no disk" in a group. */
export const IN_MEMORY = ':memory:';

interface Range {
  readonly least: number;
  readonly most: number;
  readonly byDefault: number;
}

/** Every number that may be given, with its bounds. A timer of Node holds 31 bits of milliseconds. */
const RANGES = {
  sessionTimeout: { least: 4_000, most: 60_000, byDefault: 6_000 },
  requestTimeout: { least: 1, most: 2_147_483_647, byDefault: 10_000 },
  heartbeat: { least: 10, most: 10_000, byDefault: 250 },
  syncTimeout: { least: 40, most: 600_000, byDefault: 2_000 },
  initTimeout: { least: 100, most: 3_600_000, byDefault: 15_000 },
  snapCount: { least: 10, most: 100_000_000, byDefault: 100_000 },
  maxTreeBytes: { least: 1_048_576, most: 2 ** 40, byDefault: 268_435_456 },
} as const satisfies Record<string, Range>;

type Numbers = { -readonly [K in keyof typeof RANGES]: number };

const OPTIONS: ReadonlySet<string> = new Set<keyof Solo | keyof Grouped>([
  'id',
  'peers',
  'dataDir',
  'sessionTimeout',
  'requestTimeout',
  'heartbeat',
  'syncTimeout',
  'initTimeout',
  'snapCount',
  'maxTreeBytes',
  'logger',
  'signal',
]);
/** Absent means something weaker than any value: `undefined` must not slip in from an unset variable. */
const NEVER_UNDEFINED = ['peers', 'dataDir', 'id'] as const;
const ADDRESS_FIELDS: ReadonlySet<string> = new Set<keyof PeerAddress>([
  'url',
  'role',
  'weight',
  'group',
]);
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Checks what `openPeer` was given.
 * @throws {TypeError} an unknown option, or a value of the wrong kind
 * @throws {RangeError} a number out of its bounds
 */
export function checkOptions(options: Solo | Grouped): CheckedOptions {
  if (!isObject(options)) throw new TypeError('openPeer: options must be an object');
  const given: Readonly<Record<string, unknown>> = { ...options };
  refuseUnknown('openPeer', given, OPTIONS);
  for (const name of NEVER_UNDEFINED) {
    if (name in given && given[name] === undefined) {
      throw new TypeError(`openPeer: ${name} is undefined; leave it out if that is what you mean`);
    }
  }
  const numbers = checkNumbers(given);
  const id = checkId('openPeer: id', given.id ?? 1);
  const dataDir = checkDirectory(given.dataDir);
  const rest = { ...numbers, ...checkCompany(options) };
  if (given.peers === undefined) {
    const alone: Address = { id, url: '', role: 'participant', weight: 1, group: 0 };
    return { id, addresses: [alone], dataDir: onDisk(dataDir), ...rest };
  }
  if (!('id' in given)) throw new TypeError('openPeer: peers needs an id: which of them is this?');
  if (dataDir === undefined) {
    throw new TypeError(
      `openPeer: peers needs a dataDir: a voter without a disk forgets its promises ('${IN_MEMORY}' is for tests)`,
    );
  }
  return { id, addresses: checkPeers(id, given.peers), dataDir: onDisk(dataDir), ...rest };
}

function checkNumbers(given: Readonly<Record<string, unknown>>): Numbers {
  const numbers: Numbers = {
    sessionTimeout: checkNumber('sessionTimeout', given.sessionTimeout),
    requestTimeout: checkNumber('requestTimeout', given.requestTimeout),
    heartbeat: checkNumber('heartbeat', given.heartbeat),
    syncTimeout: checkNumber('syncTimeout', given.syncTimeout),
    initTimeout: checkNumber('initTimeout', given.initTimeout),
    snapCount: checkNumber('snapCount', given.snapCount),
    maxTreeBytes: checkNumber('maxTreeBytes', given.maxTreeBytes),
  };
  if (numbers.syncTimeout < 4 * numbers.heartbeat) {
    throw new RangeError(
      `openPeer: syncTimeout must be at least four heartbeats (${4 * numbers.heartbeat} ms), not ${numbers.syncTimeout}`,
    );
  }
  return numbers;
}

function checkNumber(name: keyof typeof RANGES, value: unknown): number {
  const { least, most, byDefault } = RANGES[name];
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`openPeer: ${name} must be a number, not ${describe(value)}`);
  }
  if (value < least || value > most) {
    throw new RangeError(`openPeer: ${name} must be ${least} to ${most}, not ${value}`);
  }
  if (!Number.isInteger(value)) {
    throw new RangeError(`openPeer: ${name} must be a whole number, not ${value}`);
  }
  return value;
}

function checkCompany(options: Settings): Pick<CheckedOptions, 'logger' | 'signal'> {
  const { logger, signal } = options;
  if (logger !== undefined && LEVELS.some((level) => typeof logger?.[level] !== 'function')) {
    throw new TypeError('openPeer: logger must have the methods debug, info, warn and error');
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`openPeer: signal must be an AbortSignal, not ${describe(signal)}`);
  }
  return { logger: logger === undefined ? undefined : harmless(logger), signal };
}

function checkDirectory(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`openPeer: dataDir must be a path, not ${describe(value)}`);
  }
  if (value.includes('\0')) throw new TypeError('openPeer: dataDir must not contain a zero byte');
  return value;
}

function onDisk(dataDir: string | undefined): string | undefined {
  return dataDir === IN_MEMORY ? undefined : dataDir;
}

function checkId(name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  }
  if (!Number.isInteger(value) || value < 1 || value > 255) {
    throw new RangeError(`${name} must be a whole number of 1 to 255, not ${value}`);
  }
  return value;
}

function checkPeers(id: number, value: unknown): readonly Address[] {
  if (!isObject(value)) {
    throw new TypeError(`openPeer: peers must be an object, not ${describe(value)}`);
  }
  const addresses = Object.entries(value).map(([key, peer]: [string, unknown]) => {
    const peerId = checkId(`openPeer: peers: the id '${key}'`, Number(key));
    // '01' is 1, too: two spellings of one id would be two peers.
    if (key !== String(peerId)) throw new TypeError(`openPeer: peers: write '${key}' as ${peerId}`);
    return checkAddress(`openPeer: peers[${key}]`, peerId, peer);
  });
  addresses.sort((a, b) => a.id - b.id);
  if (!addresses.some((address) => address.id === id)) {
    throw new TypeError(`openPeer: peers must contain this peer, id ${id}`);
  }
  const owners = new Map<string, number>();
  for (const { id: peer, url } of addresses) {
    const other = owners.get(url);
    if (other !== undefined)
      throw new TypeError(`openPeer: peers ${other} and ${peer} share ${url}`);
    owners.set(url, peer);
  }
  if (!addresses.some(({ role, weight }) => role === 'participant' && weight > 0)) {
    throw new TypeError('openPeer: peers must contain a participant with a weight');
  }
  return addresses;
}

function checkAddress(name: string, id: number, peer: unknown): Address {
  if (typeof peer === 'string') {
    return { id, url: checkUrl(name, peer), role: 'participant', weight: 1, group: 0 };
  }
  if (!isObject(peer)) {
    throw new TypeError(`${name} must be a URL or an object with one, not ${describe(peer)}`);
  }
  const given: Readonly<Record<string, unknown>> = { ...peer };
  refuseUnknown(name, given, ADDRESS_FIELDS);
  const { url, role = 'participant' } = given;
  if (typeof url !== 'string') {
    throw new TypeError(`${name}.url must be a URL, not ${describe(url)}`);
  }
  if (role !== 'participant' && role !== 'observer') {
    throw new TypeError(`${name}.role must be 'participant' or 'observer', not ${describe(role)}`);
  }
  const weight = checkCount(`${name}.weight`, given.weight ?? 1);
  const group = checkCount(`${name}.group`, given.group ?? 0);
  return { id, url: checkUrl(`${name}.url`, url), role, weight, group };
}

function checkCount(name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > 1_000) {
    throw new RangeError(`${name} must be a whole number of 0 to 1000, not ${value}`);
  }
  return value;
}

function checkUrl(name: string, text: string): string {
  try {
    const url = parsePeerUrl(text);
    if (url.port === '') throw new TypeError(`${text}: a peer's URL names its port`);
    return url.href;
  } catch (error) {
    throw new TypeError(`${name}: ${messageOf(error)}`);
  }
}

function refuseUnknown(
  name: string,
  given: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
): void {
  for (const key of Object.keys(given)) {
    if (!known.has(key)) {
      throw new TypeError(`${name}: unknown option '${key}'; known are ${[...known].join(', ')}`);
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it may stand in a message: short, and never a secret's worth of text. */
function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? 'a long text' : `'${value}'`;
  if (value === null || typeof value !== 'object') return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}
