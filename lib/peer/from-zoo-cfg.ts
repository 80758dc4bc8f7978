import type { Grouped } from './settings.ts';
import { IGNORED, isPlainKey, nearestKey, type ZooKey } from './zoo-cfg-keys.ts';
import { addressesOf, parseGroup, parseServer, type Server } from './zoo-cfg-servers.ts';

/** What zoo.cfg does not say itself. */
export interface ZooCfgOptions {
  /** The number in ZooKeeper's file `myid`, or the text of that file. */
  readonly myid: number | string | undefined;
  /** @default 'ws' */
  readonly scheme?: 'ws' | 'wss';
}

/** Keys that speak of ZooKeeper's client port. Nothing listens there yet: they have no effect. */
export interface KeptKeys {
  /** A port, of this key or of `server.N`. */
  readonly clientPort?: number;
  /** The interface of that port. */
  readonly clientPortAddress?: string;
  /** Connections that one address may have. */
  readonly maxClientCnxns?: number;
  /** Whether the leader takes clients. */
  readonly leaderServes?: boolean;
}

/** A zoo.cfg, translated. */
export interface ZooCfg {
  /** For `openPeer`. */
  readonly options: Grouped;
  /** Keys that are read but have no effect yet. */
  readonly kept: KeptKeys;
  /** Keys that were there and have no meaning here. */
  readonly ignored: string[];
}

/** ZooKeeper's own default of tickTime, in ms. */
const TICK_TIME = 3_000;
/** A time-out of silence is worth this many heartbeats at least. */
const HEARTBEATS_PER_SYNC = 4;
const HEARTBEAT = 250;

interface Parsed {
  readonly plain: ReadonlyMap<ZooKey, string>;
  readonly servers: ReadonlyMap<number, Server>;
  readonly weights: ReadonlyMap<number, number>;
  readonly groups: ReadonlyMap<number, number>;
}

/**
 * Translates ZooKeeper's configuration file. Pure: reads no file. Ticks become ms; of the two ports of
 * `server.N=host:2888:3888` the first one is the peer's, and the second one is not needed. What is not
 * in the file has quorate's default, not ZooKeeper's. The guide `zoo-cfg.md` has a line for every key.
 *
 * ```ts
 * const { options } = fromZooCfg(await readFile('zoo.cfg', 'utf8'), {
 *   myid: await readFile('/var/lib/zookeeper/myid', 'utf8'),
 * });
 * const peer = await openPeer({ ...options, secret });
 * ```
 *
 * @throws {TypeError} what cannot be read, an unknown key (with the nearest known one), a `myid` that is
 * missing or not among `server.N`
 */
export function fromZooCfg(text: string, { myid, scheme = 'ws' }: ZooCfgOptions): ZooCfg {
  const parsed = parse(text);
  const { plain, servers } = parsed;
  const dataDir = plain.get('dataDir');
  if (dataDir === undefined) throw new TypeError('fromZooCfg: dataDir is missing');
  const own = ownServer(servers, myid, dataDir);
  checkPeerType(plain.get('peerType'), own);
  return {
    options: { id: own.id, dataDir, peers: addressesOf(parsed, scheme), ...settingsOf(plain) },
    kept: keptOf(plain, own),
    ignored: IGNORED.filter((key) => plain.has(key)),
  };
}

function parse(text: string): Parsed {
  const plain = new Map<ZooKey, string>();
  const servers = new Map<number, Server>();
  const weights = new Map<number, number>();
  const groups = new Map<number, number>();
  const seen = new Set<string>();
  for (const [key, value] of linesOf(text)) {
    if (seen.has(key)) throw new TypeError(`fromZooCfg: ${key} is there twice`);
    seen.add(key);
    const [, kind, number] = /^(server|weight|group)\.(0|[1-9]\d*)$/.exec(key) ?? [];
    const id = Number(number);
    if (kind === 'server') servers.set(id, parseServer(id, value));
    else if (kind === 'weight') weights.set(id, wholeNumber(key, value));
    else if (kind === 'group') {
      for (const member of parseGroup(id, value)) {
        if (groups.has(member))
          throw new TypeError(`fromZooCfg: server.${member} is in two groups`);
        groups.set(member, id);
      }
    } else if (isPlainKey(key)) plain.set(key, value);
    else
      throw new TypeError(`fromZooCfg: unknown key '${key}'; the nearest is '${nearestKey(key)}'`);
  }
  return { plain, servers, weights, groups };
}

/** As a Java properties file has them, without its escapes. */
function linesOf(text: string): (readonly [key: string, value: string])[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.flatMap((line, at) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) return [];
    const [, key, value] = /^([^=:\s]+)\s*[=:]\s*(.*)$/.exec(trimmed) ?? [];
    if (key === undefined || value === undefined) {
      throw new TypeError(`fromZooCfg: line ${at + 1} is not of the form key=value`);
    }
    return [[key, value] as const];
  });
}

function ownServer(
  servers: ReadonlyMap<number, Server>,
  myid: number | string | undefined,
  dataDir: string,
): Server {
  const file = `${dataDir.replace(/\/$/, '')}/myid`;
  const known = [...servers.keys()].map((id) => `server.${id}`).join(', ');
  if (servers.size === 0) {
    throw new TypeError(
      'fromZooCfg: there is no server.N; a group of one is openPeer({ dataDir })',
    );
  }
  const id = typeof myid === 'string' ? Number(myid.trim() || Number.NaN) : myid;
  if (id === undefined || Number.isNaN(id)) {
    const is = id === undefined ? 'missing' : 'no number';
    throw new TypeError(
      `fromZooCfg: myid is ${is}: the file ${file} says which of ${known} this process is; pass what it holds`,
    );
  }
  const own = servers.get(id);
  if (own !== undefined) return own;
  throw new TypeError(`fromZooCfg: myid is ${id} (see ${file}), but the file names ${known}`);
}

/** ZooKeeper lets `server.N` win without a word: an observer that turns into a voter. */
function checkPeerType(peerType: string | undefined, { id, role }: Server): void {
  if (peerType === undefined || peerType === role) return;
  if (peerType !== 'observer' && peerType !== 'participant') {
    throw new TypeError(`fromZooCfg: peerType=${peerType}: expected observer or participant`);
  }
  const ending = role === 'observer' ? 'ends in :observer' : 'does not end in :observer';
  throw new TypeError(`fromZooCfg: peerType=${peerType}, but server.${id} ${ending}`);
}

function settingsOf(plain: ReadonlyMap<ZooKey, string>): Partial<Grouped> {
  const number = (key: ZooKey): number | undefined => {
    const value = plain.get(key);
    return value === undefined ? undefined : wholeNumber(key, value);
  };
  const tickTime = number('tickTime') ?? TICK_TIME;
  const inTicks = (key: ZooKey): number | undefined => {
    const ticks = number(key);
    return ticks === undefined ? undefined : ticks * tickTime;
  };
  const syncTimeout = inTicks('syncLimit');
  const isShort = syncTimeout !== undefined && syncTimeout < HEARTBEATS_PER_SYNC * HEARTBEAT;
  return present({
    dataLogDir: plain.get('dataLogDir'),
    initTimeout: inTicks('initLimit'),
    syncTimeout,
    heartbeat: isShort ? Math.floor(syncTimeout / HEARTBEATS_PER_SYNC) : undefined,
    snapCount: number('snapCount'),
    snapRetainCount: number('autopurge.snapRetainCount'),
    fsyncWarningThreshold: number('fsync.warningthresholdms'),
    minSessionTimeout: sessionBound(plain.get('minSessionTimeout'), 'minSessionTimeout'),
    maxSessionTimeout: sessionBound(plain.get('maxSessionTimeout'), 'maxSessionTimeout'),
    dialTimeout: number('cnxTimeout'),
  });
}

/** ZooKeeper's -1 stands for its default. */
function sessionBound(value: string | undefined, key: ZooKey): number | undefined {
  return value === undefined || value === '-1' ? undefined : wholeNumber(key, value);
}

function keptOf(plain: ReadonlyMap<ZooKey, string>, { client }: Server): KeptKeys {
  const clientPort = plain.get('clientPort');
  const most = plain.get('maxClientCnxns');
  const serves = plain.get('leaderServes');
  return present({
    clientPort: clientPort === undefined ? client?.port : wholeNumber('clientPort', clientPort),
    clientPortAddress: plain.get('clientPortAddress') ?? client?.address,
    maxClientCnxns: most === undefined ? undefined : wholeNumber('maxClientCnxns', most),
    leaderServes: serves === undefined ? undefined : yesOrNo('leaderServes', serves),
  });
}

function wholeNumber(key: string, value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new TypeError(`fromZooCfg: ${key}=${value}: expected a whole number`);
}

function yesOrNo(key: string, value: string): boolean {
  if (value === 'yes' || value === 'no') return value === 'yes';
  throw new TypeError(`fromZooCfg: ${key}=${value}: expected yes or no`);
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is undefined. */
function present<T extends object>(values: T): Present<T> {
  const kept: Present<T> = { ...values };
  for (const key in kept) if (kept[key] === undefined) delete kept[key];
  return kept;
}
