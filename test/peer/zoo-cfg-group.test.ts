/** Three voters and an observer in four processes, each configured by a file as ZooKeeper has it. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePorts } from '../../examples/support/peer-process.ts';
import { directoryOf, type Host, startHost } from './hosts.ts';

const VOTERS = [1, 2, 3];
const OBSERVER = 4;

async function writeFiles(directory: string, myid: number, servers: string): Promise<void> {
  const data = join(directory, 'data');
  await mkdir(data, { recursive: true });
  const type = myid === OBSERVER ? 'peerType=observer\n' : '';
  const text = `tickTime=400\ninitLimit=40\nsyncLimit=5\ndataDir=${data}\nclientPort=2181\n${type}${servers}`;
  await writeFile(join(directory, 'zoo.cfg'), text);
  await writeFile(join(data, 'myid'), `${myid}\n`);
}

async function start(t: TestContext): Promise<ReadonlyMap<number, Host>> {
  const directory = await directoryOf(t);
  const ports = await freePorts(8);
  const servers = [...VOTERS, OBSERVER].map((id, at) => {
    const suffix = id === OBSERVER ? ':observer' : '';
    return `server.${id}=127.0.0.1:${ports[at]}:${ports[at + 4]}${suffix}\n`;
  });
  const hosts = await Promise.all(
    [...VOTERS, OBSERVER].map(async (id) => {
      const own = join(directory, String(id));
      await writeFiles(own, id, servers.join(''));
      return [id, await startHost(t, { type: 'zoo.cfg', directory: own })] as const;
    }),
  );
  return new Map(hosts);
}

test('an observer reads, forwards writes, follows the next leader, and never votes', async (t) => {
  const hosts = new Map(await start(t));
  const observer = hosts.get(OBSERVER);
  assert.ok(observer);
  const statuses = await Promise.all([...hosts.values()].map((host) => host.ask('ready')));
  const first = statuses[0]?.leader ?? 0;
  assert.ok(VOTERS.includes(first));
  const expected = VOTERS.map((id) => (id === first ? 'leading' : 'following'));
  assert.deepEqual(
    statuses.map(({ state }) => state),
    [...expected, 'observing'],
  );

  const [other] = VOTERS.filter((id) => id !== first);
  const written = await hosts.get(other ?? 0)?.ask('create', '/at-a-voter', 'x', 30_000);
  assert.equal(await observer.ask('get', '/at-a-voter', written ?? 0n), 'x', 'it serves reads');
  await observer.ask('create', '/at-the-observer', 'y', 30_000);
  assert.equal(await hosts.get(first)?.ask('exists', '/at-the-observer'), true, 'and takes writes');

  await hosts.get(first)?.kill();
  hosts.delete(first);
  await observer.ask('create', '/after', 'z', 60_000);
  const { leader, state } = await observer.ask('ready');
  assert.equal(state, 'observing');
  assert.ok(leader !== first && VOTERS.includes(leader ?? 0), `follows ${leader}`);

  // One voter and the observer: two of four, but only one of three votes.
  await hosts.get(leader ?? 0)?.kill();
  hosts.delete(leader ?? 0);
  await assert.rejects(observer.ask('create', '/alone', '', 3_000), /TIMED_OUT|timed out|session/);
  const [left] = [...hosts].filter(([id]) => id !== OBSERVER);
  const alone = await left?.[1].ask('status');
  assert.deepEqual([alone?.serving, alone?.state], [false, 'looking']);
});
