import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Zxid } from '../../lib/base/zxid.ts';
import type { Channel } from '../../lib/replica/hosted-session.ts';
import { RequestPipeline } from '../../lib/replica/request-pipeline.ts';
import { SessionQueue } from '../../lib/session/session-queue.ts';
import type { ServiceMessage } from '../../lib/wire/service-messages.ts';
import { set } from './pump.ts';

const OWNER = { peer: 1, store: 'a', boot: 1 };

function channel(writes: number): Channel {
  const queue: Channel['queue'] = new SessionQueue({ pendingMax: 10_000 });
  for (let ticket = 1; ticket <= writes; ticket += 1) queue.write(ticket, set('/a', 'x'));
  return { session: 5n, queue, blocked: false, held: false };
}

function sent(pipeline: RequestPipeline): number[][] {
  const messages: ServiceMessage[] = [];
  pipeline.flush(
    (message) => messages.push(message),
    () => assert.fail('these go through a session'),
  );
  return messages.map((message) =>
    message.type === 'REQUEST' ? message.requests.map(({ cxid }) => cxid) : [],
  );
}

test('what one turn has to ask travels together, and is asked once', () => {
  const pipeline = new RequestPipeline(OWNER);
  pipeline.wake(channel(3));
  assert.deepEqual(sent(pipeline), [[1, 2, 3]]);
  assert.deepEqual(sent(pipeline), []);
});

test('many requests are split into messages of bounded size', () => {
  const pipeline = new RequestPipeline(OWNER);
  pipeline.wake(channel(2_500));
  assert.deepEqual(
    sent(pipeline).map(({ length }) => length),
    [1_024, 1_024, 452],
  );
});

test('a refused tail is sent again from the number that was expected, with the next tick', () => {
  const pipeline = new RequestPipeline(OWNER);
  const session = channel(5);
  pipeline.wake(session);
  sent(pipeline);
  pipeline.applied(session, 1, 10n as Zxid, { type: 'sync' });
  pipeline.rejected(session, 3);
  pipeline.wake(session);
  assert.deepEqual(sent(pipeline), [], 'not at once: the leader has no room');
  pipeline.tick();
  assert.deepEqual(sent(pipeline), [[3, 4, 5]]);
});

test('a session of which the leader takes nothing is silent until there is another leader', () => {
  const pipeline = new RequestPipeline(OWNER);
  const session = channel(2);
  pipeline.wake(session);
  sent(pipeline);
  pipeline.rejected(session, 0);
  session.queue.write(3, set('/a', 'y'));
  pipeline.wake(session);
  pipeline.tick();
  assert.deepEqual(sent(pipeline), []);
  pipeline.restart(session);
  assert.deepEqual(sent(pipeline), [[1, 2, 3]]);
});

test('what was applied is not sent to the next leader', () => {
  const pipeline = new RequestPipeline(OWNER);
  const session = channel(3);
  pipeline.wake(session);
  sent(pipeline);
  const decided = pipeline.applied(session, 1, 10n as Zxid, { type: 'sync' });
  assert.equal(decided?.decision.write.ticket, 1);
  assert.equal(pipeline.applied(session, 1, 10n as Zxid, { type: 'sync' }), undefined);
  pipeline.restart(session);
  assert.deepEqual(sent(pipeline), [[2, 3]]);
});
