import type { Grouped, Solo } from './settings.ts';

/** Environment variables, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The word that stands for a group of one: nothing that is merely unset may mean it. */
const ALONE = 'solo';

/**
 * Options from the environment:
 *
 * | variable | meaning |
 * |---|---|
 * | `QUORATE_PEERS` | `1=ws://a:7700,2=ws://b:7700,3=ws://c:7700`, or the word `solo` |
 * | `QUORATE_ID` | which of them this process is; 1 for `solo` |
 * | `QUORATE_DATA_DIR` | its directory; `solo` may do without, in memory |
 * | `QUORATE_SECRET` | the group's secret, where there is one |
 *
 * A variable that is unset or empty never means a group of one. Options that have no variable are
 * spread behind: `openPeer({ ...fromEnv(), sessionTimeout: 10_000 })`.
 *
 * @param env @default process.env
 * @throws {TypeError} a variable that is missing or malformed, by its name
 */
export function fromEnv(env: Environment = process.env): Grouped | Solo {
  const peers = env.QUORATE_PEERS?.trim() ?? '';
  if (peers === '') {
    throw new TypeError(
      `fromEnv: QUORATE_PEERS is not set; write '1=ws://a:7700,2=…', or '${ALONE}' for a group of one`,
    );
  }
  const dataDir = textOf(env.QUORATE_DATA_DIR);
  const secret = textOf(env.QUORATE_SECRET);
  const common = {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(secret === undefined ? {} : { secret }),
  };
  const id = idOf(env.QUORATE_ID);
  if (peers === ALONE) return { ...(id === undefined ? {} : { id }), ...common };
  if (id === undefined) {
    throw new TypeError('fromEnv: QUORATE_ID is not set: which of QUORATE_PEERS is this process?');
  }
  if (dataDir === undefined) {
    throw new TypeError(
      'fromEnv: QUORATE_DATA_DIR is not set: a member of a group keeps what it promised on a disk',
    );
  }
  return { ...common, id, dataDir, peers: parsePeers(peers, id) };
}

function textOf(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function idOf(value: string | undefined): number | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : parseId('QUORATE_ID', text);
}

function parseId(variable: string, text: string): number {
  const id = Number(text);
  if (!/^[1-9]\d{0,2}$/.test(text) || id > 255) {
    throw new TypeError(`fromEnv: ${variable}: an id is a number of 1 to 255, not '${text}'`);
  }
  return id;
}

function parsePeers(text: string, own: number): Record<number, string> {
  const peers = new Map<number, string>();
  for (const entry of text.split(',')) {
    const [key = '', ...rest] = entry.split('=');
    const url = rest.join('=').trim();
    if (url === '') {
      throw new TypeError(
        `fromEnv: QUORATE_PEERS: '${entry.trim()}' is not of the form 1=ws://host:port`,
      );
    }
    const id = parseId('QUORATE_PEERS', key.trim());
    if (peers.has(id)) throw new TypeError(`fromEnv: QUORATE_PEERS names the id ${id} twice`);
    peers.set(id, checkUrl(id, url));
  }
  if (!peers.has(own)) {
    const ids = [...peers.keys()].join(', ');
    throw new TypeError(`fromEnv: QUORATE_ID is ${own}, which is not among QUORATE_PEERS: ${ids}`);
  }
  return Object.fromEntries(peers);
}

function checkUrl(id: number, url: string): string {
  if (/^wss?:\/\/[^/]+:\d+/.test(url) && URL.canParse(url)) return url;
  throw new TypeError(`fromEnv: QUORATE_PEERS: peer ${id} is not at a URL like ws://host:port`);
}
