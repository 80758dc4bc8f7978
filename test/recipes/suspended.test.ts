/** Sessions that nobody can rely on: suspended, in doubt, or ended while their nodes are still there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, type Codec, QuorateError, type Session } from '../../lib/index.ts';
import { Mutex, Queue } from '../../lib/recipes/index.ts';
import { createTestGroup } from '../../lib/testing/index.ts';
import { failsWith, solo } from '../client/solo.ts';
import { eventually, followerAndOther, PATIENCE, untilNodes } from './support.ts';

/** What a view says of itself, or does, in place of the real one; undefined: as the real one. */
type Disguise = (name: string) => unknown;

/** A session that is the real one but for its disguise, and so are the views of it. */
function disguised(session: Session, disguise: Disguise): Session {
  const wrap = <V extends object>(view: V): V =>
    new Proxy(view, {
      get(target, name) {
        const instead = disguise(String(name));
        if (instead !== undefined) return instead;
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]) => {
          const result: unknown = Reflect.apply(value, target, args);
          return name === 'as' || name === 'namespace' ? wrap(result as object) : result;
        };
      },
    });
  return wrap(session);
}

/** A client whose present session is the one that is told. */
function clientWith<T, In>(view: Client<T, In>, present: () => Session<T, In>): Client<T, In> {
  return new Proxy(view, {
    get(target, name) {
      if (name === 'session') return present();
      if (name === 'as') {
        return <U, V>(codec: Codec<U, V>) => {
          return clientWith(view.as(codec), () => present().as(codec));
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('a holder that is cut off is told before anybody else may hold it (row 56)', async () => {
  await using group = await createTestGroup(3);
  const [cut, other] = await followerAndOther(group);
  const held = await new Mutex(cut, '/m').acquire();
  const next = new Mutex(other, '/m').acquire({ timeout: PATIENCE });
  await untilNodes(other, '/m', 2);
  group.partition([cut.id]);
  let wasOver = false;
  void held.ended.then(() => {
    wasOver = true;
  });
  const grant = await next;
  assert.ok(wasOver, 'it was told');
  assert.ok(QuorateError.is(held.signal.reason, 'GRANT_LOST'));
  assert.throws(() => held.assertHeld(), failsWith('GRANT_LOST'));
  assert.ok(grant.fence > held.fence);
  group.heal();
  await grant.release();
  // Where it stood before, it can stand again.
  await (await new Mutex(cut, '/m').acquire({ timeout: PATIENCE })).release();
  assert.throws(() => held.assertHeld(), failsWith('GRANT_LOST'));
});

test('a holder is told when nobody vouches for its session, which may still live on (row 56)', async (t) => {
  const peer = await solo(t);
  let trust = 50;
  const session = disguised(peer.session, (name) => (name === 'trustedFor' ? trust : undefined));
  const held = await new Mutex(
    clientWith(peer, () => session),
    '/m',
  ).acquire();
  trust = 0;
  // Nobody asks it: it has to tell.
  await eventually('it is told', () => held.signal.aborted);
  assert.ok(QuorateError.is(held.signal.reason, 'GRANT_LOST'));
  assert.ok(!peer.session.closing.aborted, 'the session lives on');
  trust = 50;
  assert.throws(() => held.assertHeld(), failsWith('GRANT_LOST'));
  await held.release();
  assert.deepEqual(await peer.children('/m'), []);
});

test('a turn that comes while the session is in doubt is no grant until it is trusted (row 56)', async (t) => {
  const peer = await solo(t);
  await peer.create('/m');
  let isInDoubt = true;
  let looks = 0;
  const client = clientWith(peer, () =>
    disguised(peer.session, (name) => {
      if (name !== 'trustedFor' || !isInDoubt) return undefined;
      looks += 1;
      return 0;
    }),
  );
  let isGranted = false;
  const granting = new Mutex(client, '/m').acquire({ timeout: PATIENCE });
  void granting.then(() => {
    isGranted = true;
  });
  await eventually('it looks again', () => looks > 4 || isGranted);
  assert.ok(!isGranted, 'it is its turn, and it cannot know for how long');
  // So it goes to whoever slept: the node ends with the session that was in doubt.
  const [name] = await peer.children('/m');
  await peer.delete(`/m/${name}`);
  isInDoubt = false;
  const grant = await granting;
  grant.assertHeld();
  assert.notEqual(grant.path, `/m/${name}`);
  assert.equal((await peer.exists(grant.path))?.czxid, grant.fence);
  await grant.release();
});

test('whoever queues again does not stand on the node of its former session (row 54)', async (t) => {
  const peer = await solo(t);
  await peer.create('/m');
  await using dying = await peer.openSession();
  let hasEnded = false;
  const refuse = async () => {
    throw QuorateError.make('SESSION_EXPIRED', 'the session has expired');
  };
  // It is told of its end when its place is taken, and before its node has gone.
  const former = disguised(dying, (name) => {
    if (name === 'children') hasEnded = true;
    return hasEnded && ['children', 'exists', 'multi'].includes(name) ? refuse : undefined;
  });
  const client = clientWith(peer, () => (hasEnded ? peer.session : former));
  let isGranted = false;
  const granting = new Mutex(client, '/m').acquire({ timeout: PATIENCE });
  void granting.then(() => {
    isGranted = true;
  });
  await eventually('it stands again', async () => {
    return isGranted || (await peer.children('/m')).length === 2;
  });
  assert.ok(!isGranted, 'the node of the former session is in the way');
  await dying.close();
  const grant = await granting;
  assert.equal((await peer.exists(grant.path))?.ephemeralOwner, peer.session.id);
  await grant.release();
  assert.deepEqual(await peer.children('/m'), []);
});

test('an item that was lost while its session lives on is given back by its taker, and taken again', async (t) => {
  const peer = await solo(t);
  let trust: number | undefined;
  const session = disguised(peer.session, (name) => (name === 'trustedFor' ? trust : undefined));
  const queue = new Queue(
    clientWith(peer, () => session),
    '/q',
  );
  await queue.put('work');
  const item = await queue.take({ timeout: PATIENCE });
  trust = 0;
  assert.throws(() => item.assertHeld(), failsWith('GRANT_LOST'));
  trust = undefined;
  await assert.rejects(item.ack(), failsWith('GRANT_LOST'));
  await item.release();
  const again = await queue.take({ timeout: PATIENCE });
  assert.deepEqual([again.data, again.attempt], ['work', 2]);
  assert.ok(again.fence > item.fence);
  await again.ack();
  await eventually('no claim is left', async () => {
    const left = await peer.children('/q/taken');
    return !left.some((name) => name.startsWith('claim-'));
  });
});

test('who has retired, and is at work on what it had taken, does not keep the others from their items', async (t) => {
  const peer = await solo(t);
  let trust: number | undefined;
  const session = disguised(peer.session, (name) => (name === 'trustedFor' ? trust : undefined));
  const first = new Queue(
    clientWith(peer, () => session),
    '/q',
  );
  await first.put('long');
  const long = await first.take({ timeout: PATIENCE });
  const second = new Queue(peer, '/q');
  await second.put('later', { delay: 20 });
  const later = second.take({ timeout: PATIENCE });
  trust = 0;
  assert.throws(() => long.assertHeld(), failsWith('GRANT_LOST'));
  // Its node is the oldest, and stays as long as somebody works on what it had.
  assert.equal((await later).data, 'later');
  await (await later).ack();
  await long.release();
});

test('an item that its taker could not read at once, because too much was asked, is handed out all the same', async (t) => {
  const peer = await solo(t);
  let refused = 0;
  const session = disguised(peer.session, (name) => {
    if (name !== 'find' || refused === 2) return undefined;
    refused += 1;
    return () => Promise.reject(QuorateError.make('OVERLOADED'));
  });
  const queue = new Queue(
    clientWith(peer, () => session),
    '/q',
  );
  await queue.put('work');
  const item = await queue.take({ timeout: PATIENCE });
  assert.deepEqual([item.data, refused], ['work', 2]);
  await item.ack();
});
