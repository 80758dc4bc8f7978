/** Real processes that stop, sleep and come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentsOf } from '../../examples/support/peer-process.ts';
import { Processes } from './processes.ts';

test('a leader that sleeps is replaced, and wakes up to the truth', async (t) => {
  const group = await Processes.start(t);
  const old = await group.leader();
  const sleeper = group.alive.get(old);
  assert.ok(sleeper);
  const writer = group.other(old);
  await writer.ask('create', '/before', 'x');
  sleeper.pause();
  await writer.ask('create', '/meanwhile', 'y');
  const question = sleeper.ask('linearizable', '/meanwhile');
  sleeper.resume();
  assert.equal(await question, 'y', 'it does not answer as the leader that it was');
  const leader = await group.leader();
  assert.notEqual(leader, old);
  const all = await contentsOf([...group.alive.values()]);
  assert.equal(new Set(all.map(({ digest }) => digest)).size, 1);
});

test('a follower that sleeps holds up nobody, and catches up', async (t) => {
  const group = await Processes.start(t);
  const leader = await group.leader();
  const sleeper = group.other(leader);
  sleeper.pause();
  const writer = group.alive.get(leader);
  assert.ok(writer);
  const writes = Array.from({ length: 300 }, (_, at) =>
    writer.ask('create', `/w/${at}`, 'x'.repeat(1_000)),
  );
  await Promise.all(writes);
  sleeper.resume();
  await sleeper.ask('ready');
  const all = await contentsOf([...group.alive.values()]);
  for (const { data } of all) assert.equal(data.get('/w/299'), 'x'.repeat(1_000));
});

test('two of three are killed: the third decides nothing, until they return', async (t) => {
  const group = await Processes.start(t);
  const leader = await group.leader();
  const survivor = group.other(leader);
  await survivor.ask('create', '/kept', 'x');
  const gone = [1, 2, 3].filter((id) => id !== survivor.id);
  await Promise.all(gone.map((id) => group.kill(id)));
  // Whichever is shorter: its session's time-out, or that of the request.
  await assert.rejects(survivor.ask('create', '/alone', 'x'), /session has ended|timed out/);
  await Promise.all(gone.map((id) => group.open(id)));
  await group.leader();
  await survivor.ask('create', '/together', 'y');
  const all = await contentsOf([...group.alive.values()]);
  assert.equal(new Set(all.map(({ digest }) => digest)).size, 1);
  for (const { data } of all) {
    assert.deepEqual([data.get('/kept'), data.get('/together')], ['x', 'y']);
  }
});

test('all three are killed at once under load: what was acknowledged is there when they return', async (t) => {
  const group = await Processes.start(t);
  const leader = await group.leader();
  const writer = group.other(leader);
  const acknowledged: string[] = [];
  const writes = Array.from({ length: 300 }, (_, at) =>
    writer.ask('create', `/w/${at}`, String(at)).then(({ path }) => acknowledged.push(path)),
  );
  const ends = Promise.allSettled(writes);
  await writes[50];
  await Promise.all([1, 2, 3].map((id) => group.kill(id)));
  await ends;
  await Promise.all([1, 2, 3].map((id) => group.open(id)));
  await group.leader();
  const all = await contentsOf([...group.alive.values()]);
  assert.ok(acknowledged.length > 50);
  for (const { data, digest } of all) {
    assert.equal(digest, all[0]?.digest);
    for (const path of acknowledged) assert.equal(data.get(path), path.slice('/w/'.length));
  }
});
