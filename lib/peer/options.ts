/**
 * From what `openPeer` was given to options that are whole. Numbers have their bounds in
 * `numbers.ts`, the group is checked in `addresses.ts`; what belongs to one room is checked by one
 * function of its own and spread into the result.
 */
import type { Binding, Trust } from '../transport/trust.ts';
import { type Address, checkPeers } from './addresses.ts';
import { checkId, describe, isObject, refuseUnknown } from './checks.ts';
import { harmless } from './harmless-logger.ts';
import { checkNumbers, NUMBER_NAMES, type Numbers } from './numbers.ts';
import { checkSecurity, SECURITY_NAMES } from './security-options.ts';
import type { Grouped, Logger, Settings, Solo } from './settings.ts';

/** Options that have been checked: nothing is missing and nothing is out of bounds. */
export interface CheckedOptions extends Numbers {
  readonly id: number;
  /** Ascending by id; this peer is among them. A group of one has one address, without a URL. */
  readonly addresses: readonly Address[];
  /** Undefined: in memory. */
  readonly dataDir: string | undefined;
  /** Undefined: in `dataDir`. */
  readonly dataLogDir: string | undefined;
  readonly trust: Trust;
  readonly binding: Binding;
  /** A majority may found the group. */
  readonly bootstrap: boolean;
  readonly logger: Logger | undefined;
  readonly signal: AbortSignal | undefined;
  readonly superDigest: string | undefined;
}

/** The word that stands for "no disk" in a group. */
export const IN_MEMORY = ':memory:';

const OPTIONS: ReadonlySet<string> = new Set<string>([
  ...SECURITY_NAMES,
  ...([
    'id',
    'peers',
    'dataDir',
    'dataLogDir',
    'bootstrap',
    'logger',
    'signal',
    'superDigest',
  ] satisfies (keyof Solo | keyof Grouped)[]),
  ...NUMBER_NAMES,
]);
/** Absent means something weaker than any value: `undefined` must not slip in from an unset variable. */
const NEVER_UNDEFINED = ['peers', 'dataDir', 'dataLogDir', 'id'] as const;
/** A user, and base64 of 20 bytes. */
const SUPER_DIGEST = /^[^:]+:[A-Za-z0-9+/]{27}=$/;
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
  const directories = checkDirectories(given);
  const rest = { ...numbers, ...directories, ...checkCompany(options) };
  if (given.peers === undefined) {
    const alone: Address = { id, url: '', role: 'participant', weight: 1, group: 0 };
    const alike = checkSecurity(given, id, []);
    if (given.bootstrap !== undefined) throw new TypeError('openPeer: bootstrap needs peers');
    return { id, addresses: [alone], bootstrap: false, ...alike, ...rest };
  }
  if (!('id' in given)) throw new TypeError('openPeer: peers needs an id: which of them is this?');
  if (given.dataDir === undefined) {
    throw new TypeError(
      `openPeer: peers needs a dataDir: a voter without a disk forgets its promises ('${IN_MEMORY}' is for tests)`,
    );
  }
  const addresses = checkPeers(id, given.peers);
  const security = checkSecurity(given, id, addresses);
  const bootstrap = checkBootstrap(given.bootstrap);
  return { id, addresses, bootstrap, ...security, ...rest };
}

function checkBootstrap(value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new TypeError(`openPeer: bootstrap must be true or false, not ${describe(value)}`);
}

function checkCompany(
  options: Settings,
): Pick<CheckedOptions, 'logger' | 'signal' | 'superDigest'> {
  const { logger, signal, superDigest } = options;
  if (logger !== undefined && LEVELS.some((level) => typeof logger?.[level] !== 'function')) {
    throw new TypeError('openPeer: logger must have the methods debug, info, warn and error');
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`openPeer: signal must be an AbortSignal, not ${describe(signal)}`);
  }
  // It is as good as a password: never in a message.
  if (superDigest !== undefined && !SUPER_DIGEST.test(superDigest)) {
    throw new TypeError("openPeer: superDigest must be 'super:' and the base64 of a SHA-1");
  }
  return { logger: logger === undefined ? undefined : harmless(logger), signal, superDigest };
}

function checkDirectories(
  given: Readonly<Record<string, unknown>>,
): Pick<CheckedOptions, 'dataDir' | 'dataLogDir'> {
  const dataDir = onDisk(checkDirectory('dataDir', given.dataDir));
  const dataLogDir = checkDirectory('dataLogDir', given.dataLogDir);
  if (dataLogDir !== undefined && dataDir === undefined) {
    throw new TypeError(
      'openPeer: dataLogDir needs a dataDir on disk: that is where checkpoints go',
    );
  }
  return { dataDir, dataLogDir };
}

function checkDirectory(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') {
    throw new TypeError(`openPeer: ${name} must be a path, not ${describe(value)}`);
  }
  if (value.includes('\0')) throw new TypeError(`openPeer: ${name} must not contain a zero byte`);
  return value;
}

function onDisk(dataDir: string | undefined): string | undefined {
  return dataDir === IN_MEMORY ? undefined : dataDir;
}
