import { hostname as hostnameOfSystem } from 'node:os';
import type { Grouped } from './settings.ts';

/** What a pod knows of its StatefulSet. */
export interface StatefulSet {
  /** Its `spec.replicas`: the voters of the group; 1 to 255. */
  readonly replicas: number;
  /** Its headless service, with the namespace if the pods need it: `orders` or `orders.shop.svc`. */
  readonly service: string;
  /** Where each pod listens. */
  readonly port: number;
  /** @default '/quorate' */
  readonly path?: string;
  /** This pod's name, which ends in its ordinal. @default os.hostname() */
  readonly hostname?: string;
  /** @default 'ws' */
  readonly scheme?: 'ws' | 'wss';
}

const ID_MAX = 255;

/**
 * The group that a Kubernetes StatefulSet is: the pod `orders-0` is peer 1 at
 * `ws://orders-0.<service>:<port><path>`. The set needs `podManagementPolicy: Parallel` and its service
 * `publishNotReadyAddresses: true`: pods must reach each other before they are ready.
 *
 * @throws {TypeError} a value of the wrong kind, or a host name without an ordinal
 * @throws {RangeError} numbers out of bounds, or a pod beyond the replicas
 */
export function fromStatefulSet(set: StatefulSet): Pick<Grouped, 'id' | 'peers'> {
  const { replicas, service, port, path = '/quorate', scheme = 'ws' } = set;
  checkWhole('replicas', replicas, ID_MAX);
  checkWhole('port', port, 65_535);
  if (typeof service !== 'string' || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(service)) {
    throw new TypeError('fromStatefulSet: service must be the name of the headless service');
  }
  if (typeof path !== 'string' || !/^\/[^?#\s]*$/.test(path)) {
    throw new TypeError("fromStatefulSet: path must begin with '/', and have no query");
  }
  if (scheme !== 'ws' && scheme !== 'wss') {
    throw new TypeError("fromStatefulSet: scheme must be 'ws' or 'wss'");
  }
  const { name, ordinal } = parsePod(set.hostname ?? hostnameOfSystem());
  if (ordinal >= replicas) {
    throw new RangeError(
      `fromStatefulSet: this is ${name}-${ordinal}, but there are ${replicas} replicas, ${name}-0 to ${name}-${replicas - 1}: voters do not come by scaling up`,
    );
  }
  const urlOf = (at: number): string => `${scheme}://${name}-${at}.${service}:${port}${path}`;
  const peers = Array.from({ length: replicas }, (_, at) => [at + 1, urlOf(at)] as const);
  return { id: ordinal + 1, peers: Object.fromEntries(peers) };
}

function parsePod(hostname: string): { readonly name: string; readonly ordinal: number } {
  const [pod = ''] = String(hostname).split('.');
  const found = /^(.+)-(0|[1-9]\d*)$/.exec(pod);
  if (found?.[1] === undefined || found[2] === undefined) {
    throw new TypeError(
      `fromStatefulSet: the host name '${pod}' does not end in an ordinal, as 'orders-0' does`,
    );
  }
  return { name: found[1], ordinal: Number(found[2]) };
}

function checkWhole(name: string, value: number, most: number): void {
  if (typeof value !== 'number') {
    throw new TypeError(`fromStatefulSet: ${name} must be a number, not a ${typeof value}`);
  }
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(
      `fromStatefulSet: ${name} must be a whole number of 1 to ${most}, not ${value}`,
    );
  }
}
