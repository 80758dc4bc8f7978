/** Whatever a session may ask, what comes of it can be read again: by the leader, from the log, from a checkpoint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '../../lib/replica/hosted-session.ts';
import { RequestPipeline } from '../../lib/replica/request-pipeline.ts';
import { SessionQueue } from '../../lib/session/session-queue.ts';
import type { NodeOperation, Operation } from '../../lib/tree/request.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import { decodeCheckpointPart, encodeCheckpointPart } from '../../lib/wire/checkpoint.ts';
import { decodeFrame, encodeFrames } from '../../lib/wire/frames.ts';
import type { ServiceMessage } from '../../lib/wire/service-messages.ts';
import { Cluster, create } from './pump.ts';

function multi(count: number, operation: NodeOperation): Operation {
  return { type: 'multi', operations: Array.from({ length: count }, () => operation) };
}

function gone(path: string): NodeOperation {
  return { type: 'delete', path, version: -1, recursive: false };
}

for (const [what, operation] of [
  ['many operations without data', multi(200, gone('/a'))],
  ['long paths', gone(`/${'p'.repeat(20_000)}`)],
] as const) {
  test(`a thousand requests of ${what} travel in messages that can be read`, () => {
    const queue: Channel['queue'] = new SessionQueue({ pendingMax: 10_000 });
    for (let ticket = 1; ticket <= 1_024; ticket += 1) queue.write(ticket, operation);
    const pipeline = new RequestPipeline({ peer: 1, store: 'a'.repeat(32), boot: 1 });
    pipeline.wake({ session: 5n, queue, blocked: false, held: false });
    const messages: ServiceMessage[] = [];
    pipeline.flush(
      (message) => messages.push(message),
      () => assert.fail('these go through a session'),
    );
    const read = encodeFrames(messages).flatMap(decodeFrame);
    const count = read.reduce((sum, each) => {
      return sum + (each.type === 'REQUEST' ? each.requests.length : 0);
    }, 0);
    assert.equal(count, 1_024);
  });
}

test('a session that falls silent after much at once leaves a checkpoint that can be read', () => {
  const cluster = new Cluster({ size: 1 });
  cluster.settle();
  const session = cluster.open(1, 60_000);
  const check: NodeOperation = { type: 'check', path: '/', version: -1 };
  const tickets = Array.from({ length: 150 }, () =>
    cluster.peer(1).sessions.submit(session, multi(1_000, check)),
  );
  cluster.until('a reply to each', () =>
    tickets.every((ticket) => typeof ticket === 'number' && cluster.reply(1, ticket)),
  );
  const { stateMachine } = cluster.peer(1);
  const copy = stateMachine.checkpoint();
  const restorer = new Restorer();
  let sequence = 0;
  for (let part = copy.next(100); part !== undefined; part = copy.next(100)) {
    restorer.add(decodeCheckpointPart(encodeCheckpointPart(part, sequence), sequence));
    sequence += 1;
  }
  assert.equal(restorer.finish().hash(), stateMachine.hash());
});

test('a transaction that could not be read from the log is refused, and its session goes on', () => {
  const cluster = new Cluster();
  const id = cluster.follower();
  const session = cluster.open(id);
  const acl = Array.from({ length: 1_000 }, (_, at) => {
    return { scheme: 'ip', id: [...String(1_000 + at)].join('.'), permissions: 31 };
  });
  const deep = create(`/a${'/b'.repeat(139)}`);
  assert.ok(deep.type === 'create');
  const reply = cluster.ask(id, session, { ...deep, acl, parents: true });
  assert.deepEqual(
    [reply.outcome, reply.result.type === 'error' && reply.result.code],
    ['not-applied', 'TOO_LARGE'],
  );
  assert.equal(cluster.ask(id, session, create('/after')).outcome, 'applied');
});
