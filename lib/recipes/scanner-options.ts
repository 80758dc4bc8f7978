import { checkCall } from '../client/wait.ts';
import type { Instance } from './instance.ts';
import { tcpProbe } from './tcp-probe.ts';

/** What a probe may tell beside that it passed. */
export interface ProbeResult {
  /** How busy the instance is; `least-loaded` goes by it. */
  readonly load?: number;
  /** For whoever looks at the console. */
  readonly detail?: string;
}

/** Asks one instance how it is; what it throws is the detail of its failure. The signal aborts when it is too late. */
export type Probe = (
  instance: Instance,
  signal: AbortSignal,
) => ProbeResult | undefined | Promise<ProbeResult | undefined>;

/** What a {@link Scanner} may be told. */
export interface ScannerOptions {
  /** @default opens a TCP connection to it */
  readonly probe?: Probe;
  /** Ms from the begin of one round to that of the next. @default 10_000 */
  readonly interval?: number;
  /** Ms that one probe may take. @default 2_000 */
  readonly timeout?: number;
  /** Probes in a row that must fail before an instance is down. @default 3 */
  readonly fall?: number;
  /** Probes in a row that must pass before one that is down is up again. @default 1 */
  readonly rise?: number;
  /** Probes at a time. @default 32 */
  readonly concurrency?: number;
}

/** The options, with their defaults. */
export type ScannerRules = Required<ScannerOptions>;

const NUMBERS = ['interval', 'timeout', 'fall', 'rise', 'concurrency'] as const;

/** @throws {TypeError | RangeError} the options */
export function checkScannerOptions(options: ScannerOptions = {}): ScannerRules {
  checkCall('Scanner', options, ['probe', ...NUMBERS]);
  const rules = {
    probe: tcpProbe,
    interval: 10_000,
    timeout: 2_000,
    fall: 3,
    rise: 1,
    concurrency: 32,
    ...options,
  };
  if (typeof rules.probe !== 'function') throw new TypeError('Scanner: probe is a function');
  for (const name of NUMBERS) {
    const value = rules[name];
    if (typeof value !== 'number') throw new TypeError(`Scanner: ${name} is a number`);
    if (!(value >= 1)) throw new RangeError(`Scanner: ${name} is 1 or more, not ${value}`);
  }
  return rules;
}
