/** The lines `server.N`, `group.N` and `weight.N` of zoo.cfg. */
import type { PeerAddress } from './settings.ts';

/** One `server.N`. */
export interface Server {
  readonly id: number;
  readonly host: string;
  /** The first of its ports: peers talk here. The second one, of the election, is not needed. */
  readonly port: number;
  readonly role: 'participant' | 'observer';
  /** Behind the semicolon. */
  readonly client: { readonly address: string | undefined; readonly port: number } | undefined;
}

/** Lines of zoo.cfg that say who is in the group. */
export interface Ensemble {
  readonly servers: ReadonlyMap<number, Server>;
  readonly weights: ReadonlyMap<number, number>;
  /** The group of each server that is in one. */
  readonly groups: ReadonlyMap<number, number>;
}

const HOST = String.raw`(\[[0-9a-f:.]+\]|[^\s:;|[\]]+)`;
const SERVER = new RegExp(
  `^${HOST}:(\\d+):(\\d+)(?::(observer|participant))?(?:;(?:${HOST}:)?(\\d+))?$`,
  'i',
);

/**
 * `host:2888:3888`, `host:2888:3888:observer`, and ZooKeeper 3.5's `host:2888:3888:observer;2181` or
 * `…;address:2181`.
 * @throws {TypeError} anything else
 */
export function parseServer(id: number, value: string): Server {
  const key = `server.${id}`;
  if (value.includes('|')) {
    throw new TypeError(`fromZooCfg: ${key} has several addresses: a peer has one URL, keep one`);
  }
  const [matched, host = '', port, election, role = 'participant', address, client] =
    SERVER.exec(value) ?? [];
  if (matched === undefined) {
    throw new TypeError(
      `fromZooCfg: ${key}=${value}: expected host:port:port, with :observer and ;clientPort as you need`,
    );
  }
  checkPort(key, election);
  const isObserver = role.toLowerCase() === 'observer';
  return {
    id,
    host,
    port: checkPort(key, port),
    role: isObserver ? 'observer' : 'participant',
    client: client === undefined ? undefined : { address, port: checkPort(key, client) },
  };
}

function checkPort(key: string, text: string | undefined): number {
  const port = Number(text);
  if (port >= 1 && port <= 65_535) return port;
  throw new TypeError(`fromZooCfg: ${key}: ${text} is no port`);
}

/** `group.1=1:2:3` @throws {TypeError} no such list */
export function parseGroup(group: number, value: string): readonly number[] {
  const ids = value.split(':').map((text) => Number(text.trim()));
  if (value.trim() !== '' && ids.every((id) => Number.isInteger(id) && id >= 1)) return ids;
  throw new TypeError(`fromZooCfg: group.${group}=${value}: expected ids such as 1:2:3`);
}

/** Who is where, with which part in the quorum. @throws {TypeError} what does not fit together */
export function addressesOf(
  { servers, weights, groups }: Ensemble,
  scheme: 'ws' | 'wss',
): Record<number, PeerAddress> {
  for (const [name, ids] of [
    ['weight', weights],
    ['group', groups],
  ] as const) {
    for (const id of ids.keys()) {
      if (!servers.has(id)) {
        throw new TypeError(
          `fromZooCfg: a ${name} is given to ${id}, but there is no server.${id}`,
        );
      }
    }
  }
  const addresses = [...servers.values()].map((server) => {
    const { id, host, port, role } = server;
    const group = groups.get(id);
    if (group === undefined && groups.size > 0 && role === 'participant') {
      throw new TypeError(`fromZooCfg: server.${id} is in no group, but others are`);
    }
    const weight = weights.get(id);
    const address: PeerAddress = {
      url: `${scheme}://${host}:${port}`,
      role,
      ...(weight === undefined ? {} : { weight }),
      ...(group === undefined ? {} : { group }),
    };
    return [id, address] as const;
  });
  return Object.fromEntries(addresses);
}
