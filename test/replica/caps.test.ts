/** What a host and a leader let wait, and what they put on a link at once, is bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '../../lib/replica/hosted-session.ts';
import { InFlight } from '../../lib/replica/in-flight.ts';
import { Inbox } from '../../lib/replica/inbox.ts';
import { bytesOfOperation } from '../../lib/replica/operation-size.ts';
import { QuorumRounds } from '../../lib/replica/quorum-rounds.ts';
import { RequestPipeline } from '../../lib/replica/request-pipeline.ts';
import { SessionQueue } from '../../lib/session/session-queue.ts';
import type { Operation, Request } from '../../lib/tree/request.ts';
import { at } from '../zab/lone.ts';
import { Cluster } from './pump.ts';

const MIB = 1024 * 1024;
const OWNER = { peer: 1, store: 'a'.repeat(32), boot: 1 };

function set(bytes: number): Operation {
  return { type: 'set', path: '/a', data: new Uint8Array(bytes), version: -1 };
}

function channelOf(session: bigint, writes: number, operation: Operation): Channel {
  const queue: Channel['queue'] = new SessionQueue({
    pendingMax: 20_000,
    inFlightMax: 512,
    bytesOf: bytesOfOperation,
  });
  for (let ticket = 1; ticket <= writes; ticket += 1) queue.write(ticket, operation);
  return { session, queue, blocked: false, held: false };
}

function flushed(pipeline: RequestPipeline): Request[] {
  const requests: Request[] = [];
  pipeline.flush(
    (message) => {
      if (message.type === 'REQUEST') requests.push(...message.requests);
    },
    () => {},
  );
  return requests;
}

test('large writes leave for the leader in portions that a link can take, and all of them in order', () => {
  const pipeline = new RequestPipeline(OWNER);
  const channel = channelOf(5n, 40, set(MIB));
  pipeline.wake(channel);
  const portion = flushed(pipeline);
  assert(portion.length >= 8 && portion.length <= 9, `${portion.length} of 1 MiB`);
  assert.deepEqual(flushed(pipeline), [], 'no more before something is decided');
  const cxids = portion.map(({ cxid }) => cxid);
  for (let cxid = 1; cxid <= 40; cxid += 1) {
    channel.queue.decide(cxid, at(`1.${cxid}`));
    cxids.push(...flushed(pipeline).map((request) => request.cxid));
  }
  assert.deepEqual(
    cxids,
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
});

test('a session whose turn has not come waits for the others, and then has it', () => {
  const pipeline = new RequestPipeline(OWNER);
  const first = channelOf(5n, 9, set(MIB));
  const second = channelOf(6n, 1, set(10));
  pipeline.wake(first);
  pipeline.wake(second);
  assert(flushed(pipeline).every(({ session }) => session === 5n));
  for (let cxid = 1; cxid <= 8; cxid += 1) first.queue.decide(cxid, at(`1.${cxid}`));
  assert(flushed(pipeline).some(({ session }) => session === 6n));
});

test('all that a host has under way goes to another leader again, however much it is', () => {
  const pipeline = new RequestPipeline(OWNER);
  const channels = Array.from({ length: 20 }, (_, at) => channelOf(BigInt(at + 1), 600, set(1)));
  for (const channel of channels) pipeline.wake(channel);
  const count = flushed(pipeline).length;
  assert(count >= 8_192 && count < 8_192 + 512, `${count}`);
  for (const channel of channels) pipeline.restart(channel);
  assert.equal(flushed(pipeline).length, count);
});

test('a leader proposes so many bytes, and goes on when they are applied', () => {
  const inFlight = new InFlight(1_000);
  inFlight.proposed(at('1.1'), 600);
  assert.equal(inFlight.hasRoom, true);
  inFlight.proposed(at('1.2'), 600);
  assert.equal(inFlight.hasRoom, false);
  inFlight.applied(at('1.1'));
  assert.equal(inFlight.hasRoom, true);
});

test('before its epoch begins a leader keeps the newest question of each kind and link', () => {
  const inbox = new Inbox();
  for (let id = 1; id <= 100; id += 1) inbox.keep(1, { type: 'READINDEX', id });
  inbox.keep(1, { type: 'TOUCH', id: 7, sessions: [] });
  inbox.keep(2, { type: 'READINDEX', id: 3 });
  inbox.keep(3, { type: 'READINDEX', id: 4 });
  inbox.unlinked(3);
  assert.deepEqual(inbox.takeEarly(), [
    { link: 1, message: { type: 'READINDEX', id: 100 } },
    { link: 1, message: { type: 'TOUCH', id: 7, sessions: [] } },
    { link: 2, message: { type: 'READINDEX', id: 3 } },
  ]);
  assert.deepEqual(inbox.takeEarly(), []);
});

test('one answer of a round serves all that a host has asked before it', () => {
  const rounds = new QuorumRounds();
  for (let id = 1; id <= 3; id += 1)
    rounds.ask(1, { type: 'READINDEX_OK', id, zxid: at(`1.${id}`) });
  const token = rounds.begin(0, () => true);
  assert(token !== undefined);
  assert.deepEqual(
    [...rounds.confirmed(token)],
    [[1, { type: 'READINDEX_OK', id: 3, zxid: at('1.3') }]],
  );
});

test('writes that a group without a quorum cannot take are refused before they fill the memory', () => {
  const cluster = new Cluster({ size: 3 });
  cluster.settle();
  const session = cluster.open(1, 60_000);
  cluster.crash(2);
  cluster.crash(3);
  const results = Array.from({ length: 40 }, () =>
    cluster.peer(1).sessions.submit(session, set(3 * MIB)),
  );
  assert.equal(typeof results[0], 'number');
  assert.equal(results.at(-1), 'OVERLOADED');
  const taken = results.filter((result) => typeof result === 'number');
  assert.equal(taken.length, 21, '64 MiB of 3 MiB each');
  const over: string[] = [];
  cluster.peer(1).measure((queue, size, cap) => {
    if (size > cap) over.push(queue);
  });
  assert.deepEqual(over, []);
});
