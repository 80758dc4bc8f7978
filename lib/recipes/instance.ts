/** One instance of a service: as Curator's service discovery writes it, and as an application sees it. */
import { utf8 } from '../client/codec.ts';
import { type StandardSchema, validate } from '../client/standard-schema.ts';

/** What a scanner has found out about an instance. */
export interface InstanceStatus {
  /** `down`: it did not pass for several times in a row. */
  readonly state: 'up' | 'down';
  /** As its probe has measured it; compared with that of others. */
  readonly load?: number;
  /** What its probe told, or what it threw. */
  readonly detail?: string;
  /** When the state began, ms since 1970, by the clock of the scanner. */
  readonly since: number;
}

/** What an operator has said about an instance; it outlives the instance. */
export interface InstanceControl {
  /** In place of the weight that the instance has given itself. */
  readonly weight?: number;
  /** It gets no new work. */
  readonly draining?: boolean;
}

/** One instance of a service, with all that the group knows of it. */
export interface Instance<P = unknown> {
  /** Unique in its service. */
  readonly id: string;
  /** Of the service. */
  readonly name: string;
  /** Such as `http://10.0.0.1:8080`. */
  readonly url: string;
  /** Host name or IP address. */
  readonly address: string;
  /** TCP port. */
  readonly port: number;
  /** What it says of itself beside that. */
  readonly payload: P;
  /** Share of the work, relative to that of others: what an operator has set, or else it itself, or 1. 0: none. */
  readonly weight: number;
  /** How busy it is: what a scanner has measured, or else it itself, or 0. In requests under way, say. */
  readonly load: number;
  /** It says itself that it takes work. */
  readonly enabled: boolean;
  /** An operator has said that it gets no new work. */
  readonly draining: boolean;
  /** What a scanner has found out; undefined: nothing yet. */
  readonly status: InstanceStatus | undefined;
  /** When it was registered, ms since 1970, by its own clock. */
  readonly since: number;
}

/** The data of its node: Curator's ServiceInstance, and two fields more, which Curator passes over. */
export interface InstanceRecord {
  readonly name: string;
  readonly id: string;
  readonly address: string;
  readonly port: number | null;
  readonly sslPort: number | null;
  readonly payload: unknown;
  readonly registrationTimeUTC: number;
  readonly serviceType: 'DYNAMIC';
  readonly uriSpec: UriSpec | null;
  readonly enabled: boolean;
  readonly weight?: number;
  readonly load?: number;
}

interface UriSpec {
  readonly parts: readonly { readonly value: string; readonly variable: boolean }[];
}

/** A URL as Curator spells it: the scheme as it is, address and port of the instance. */
export function uriSpecOf(scheme: string): UriSpec {
  return {
    parts: [
      { value: `${scheme}://`, variable: false },
      { value: 'address', variable: true },
      { value: ':', variable: false },
      { value: 'port', variable: true },
    ],
  };
}

/** What a node says as JSON; undefined: nothing that could be understood. Others may write there, too. */
function parsed(data: Uint8Array): Partial<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(data));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {}
  return undefined;
}

/** What an instance's node says. Undefined: it is none, or its payload is refused. */
export function instanceOf<P>(
  data: Uint8Array,
  name: string,
  id: string,
  schema: StandardSchema<unknown, P> | undefined,
): Instance<P> | undefined {
  const record = parsed(data);
  if (record === undefined) return undefined;
  const { address, sslPort, enabled, registrationTimeUTC: since } = record;
  const port = record.port ?? sslPort;
  if (typeof address !== 'string' || !isPort(port)) return undefined;
  const payload = payloadOf(record.payload, schema);
  if (payload === undefined) return undefined;
  return {
    id,
    name,
    url: urlOf(record, address, port, id, name),
    address,
    port,
    payload: payload.value,
    weight: numberOf(record.weight) ?? 1,
    load: numberOf(record.load) ?? 0,
    enabled: enabled !== false,
    draining: false,
    status: undefined,
    since: numberOf(since) ?? 0,
  };
}

function payloadOf<P>(
  payload: unknown,
  schema: StandardSchema<unknown, P> | undefined,
): { readonly value: P } | undefined {
  // Curator writes null where there is none.
  const value = payload ?? undefined;
  try {
    return { value: schema === undefined ? (value as P) : validate(schema, value) };
  } catch {
    return undefined;
  }
}

/** Whether something may listen there. */
export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
}

/** A number that can be reckoned with. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
    ? value
    : undefined;
}

function urlOf(
  { uriSpec, sslPort }: Partial<Record<string, unknown>>,
  address: string,
  port: number,
  id: string,
  name: string,
): string {
  const host = address.includes(':') ? `[${address}]` : address;
  const scheme = typeof sslPort === 'number' ? 'https' : 'http';
  const variables: ReadonlyMap<string, string> = new Map([
    ['scheme', scheme],
    ['address', host],
    ['port', String(port)],
    ['ssl-port', String(sslPort ?? '')],
    ['id', id],
    ['name', name],
  ]);
  const parts = partsOf(uriSpec);
  if (parts.length === 0) return `${scheme}://${host}:${port}`;
  return parts
    .map(({ value, variable }) => (variable ? (variables.get(value) ?? '') : value))
    .join('');
}

function partsOf(spec: unknown): UriSpec['parts'] {
  if (typeof spec !== 'object' || spec === null || !('parts' in spec)) return [];
  if (!Array.isArray(spec.parts)) return [];
  const parts: readonly unknown[] = spec.parts;
  return parts.filter((part): part is UriSpec['parts'][number] => {
    if (typeof part !== 'object' || part === null) return false;
    return 'value' in part && typeof part.value === 'string' && 'variable' in part;
  });
}

/** What a scanner has written. */
export function statusOf(data: Uint8Array): InstanceStatus | undefined {
  const { state, load, detail, since } = parsed(data) ?? {};
  if (state !== 'up' && state !== 'down') return undefined;
  const measured = numberOf(load);
  return {
    state,
    ...(measured === undefined ? {} : { load: measured }),
    ...(typeof detail === 'string' ? { detail } : {}),
    since: numberOf(since) ?? 0,
  };
}

/** What an operator has written. */
export function controlOf(data: Uint8Array): InstanceControl {
  const { weight, draining } = parsed(data) ?? {};
  const share = numberOf(weight);
  return {
    ...(share === undefined ? {} : { weight: share }),
    ...(draining === true ? { draining } : {}),
  };
}
