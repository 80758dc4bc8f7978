/** ZooKeeper, etcd and Redis as Debian installs them, with the settings that a first user would have. */
import { execFile } from 'node:child_process';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Place, Rival } from './rival-system.ts';

const run = promisify(execFile);
const JARS = '/usr/share/java';
const ZOOKEEPER_JAR = `${JARS}/zookeeper.jar`;
const CLIENTS = join(process.cwd(), 'test/bench/rivals/node_modules');

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function missingClient(client: string): Promise<string | undefined> {
  if (await exists(join(CLIENTS, client))) return undefined;
  return `its client is not installed: npm ci --prefix test/bench/rivals`;
}

/** A server's version, as its own text has it, and that of the client it is asked through. */
async function versions(server: string, text: string, client: string): Promise<string> {
  const number = /\d+\.\d+\.\d+/.exec(text)?.[0] ?? 'of unknown version';
  const manifest = await readFile(join(CLIENTS, client, 'package.json'), 'utf8');
  const { version }: { version: string } = JSON.parse(manifest);
  return `${server} ${number} through ${client} ${version}`;
}

/** One of ZooKeeper's words of four letters. */
async function fourLetters(port: number, word: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(1_000, () => socket.destroy());
  socket.end(word);
  return text(socket);
}

export const zookeeper: Rival = {
  name: 'zookeeper',
  async missing(): Promise<string | undefined> {
    if (!(await exists(ZOOKEEPER_JAR))) return `no ${ZOOKEEPER_JAR}: apt install zookeeper`;
    return missingClient('node-zookeeper-client');
  },
  async version(): Promise<string> {
    const names = await readdir(JARS);
    const named = names.find((name) => /^zookeeper-[\d.]+\.jar$/.test(name)) ?? '';
    return versions('ZooKeeper', named, 'node-zookeeper-client');
  },
  async command(place: Place, all: readonly Place[]): Promise<readonly [string, ...string[]]> {
    const { directory, id, clientPort } = place;
    const config = join(directory, 'zoo.cfg');
    const servers = all.map((one) => `server.${one.id}=127.0.0.1:${one.peerPort}:${one.thirdPort}`);
    const lines = [
      'tickTime=2000',
      'initLimit=10',
      'syncLimit=5',
      'snapCount=100000',
      `dataDir=${join(directory, 'data')}`,
      `clientPort=${clientPort}`,
      'maxClientCnxns=0',
      'admin.enableServer=false',
      '4lw.commands.whitelist=*',
      ...servers,
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    await run('mkdir', ['-p', join(directory, 'data')]);
    await writeFile(join(directory, 'data/myid'), `${id}\n`);
    const classes = `/usr/share/zookeeper/conf:${ZOOKEEPER_JAR}`;
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const log = `-Dzookeeper.log.dir=${directory}`;
    return [
      'java',
      '-Xmx1000m',
      log,
      '-Dzookeeper.root.logger=WARN,CONSOLE',
      '-cp',
      classes,
      main,
      config,
    ];
  },
  async isLeader({ clientPort }: Place): Promise<boolean> {
    const answer = await fourLetters(clientPort, 'srvr');
    const mode = /^Mode: (\w+)$/m.exec(answer)?.[1];
    if (mode === undefined) throw new Error('does not serve');
    return mode === 'leader';
  },
};

export const etcd: Rival = {
  name: 'etcd',
  async missing(): Promise<string | undefined> {
    const found = await run('etcd', ['--version']).then(
      () => true,
      () => false,
    );
    return found ? missingClient('etcd3') : 'no etcd: apt install etcd-server';
  },
  async version(): Promise<string> {
    return versions('etcd', (await run('etcd', ['--version'])).stdout, 'etcd3');
  },
  async command(place: Place, all: readonly Place[]): Promise<readonly [string, ...string[]]> {
    const own = `http://127.0.0.1:${place.peerPort}`;
    const client = `http://127.0.0.1:${place.clientPort}`;
    const cluster = all.map((one) => `s${one.id}=http://127.0.0.1:${one.peerPort}`).join(',');
    return [
      'etcd',
      ...['--name', `s${place.id}`, '--data-dir', join(place.directory, 'data')],
      ...['--listen-peer-urls', own, '--initial-advertise-peer-urls', own],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--initial-cluster', cluster, '--logger', 'zap', '--log-level', 'error'],
    ];
  },
  async isLeader({ clientPort }: Place): Promise<boolean> {
    const url = `http://127.0.0.1:${clientPort}/v3/maintenance/status`;
    const response = await fetch(url, {
      method: 'POST',
      body: '{}',
      signal: AbortSignal.timeout(1_000),
    });
    const status: unknown = await response.json();
    if (typeof status !== 'object' || status === null) return false;
    const { leader, header } = status as { leader?: string; header?: { member_id?: string } };
    return leader !== undefined && leader === header?.member_id;
  },
};

/** One Redis that syncs every write, as redlock is mostly used: what it grants is on one disk. */
export const redis: Rival = {
  name: 'redlock',
  isAlone: true,
  async missing(): Promise<string | undefined> {
    const found = await run('redis-server', ['--version']).then(
      () => true,
      () => false,
    );
    return found ? missingClient('redlock') : 'no redis-server: apt install redis-server';
  },
  async version(): Promise<string> {
    return versions('Redis', (await run('redis-server', ['--version'])).stdout, 'redlock');
  },
  async command({ directory, clientPort }: Place): Promise<readonly [string, ...string[]]> {
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
    const place = ['--bind', '127.0.0.1', '--port', String(clientPort), '--dir', directory];
    return ['redis-server', ...place, ...durable];
  },
  async isLeader({ clientPort }: Place): Promise<boolean> {
    const socket = connect(clientPort, '127.0.0.1');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.write('PING\r\nQUIT\r\n');
    if (!(await text(socket)).startsWith('+PONG')) throw new Error('does not serve');
    return true;
  },
};
