import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalSessions, type SessionChange } from '../../lib/session/local-sessions.ts';
import {
  isFinal,
  type SessionEvent,
  type SessionState,
  sessionStateAfter,
} from '../../lib/session/session-state.ts';

const STATES: readonly SessionState[] = [
  'connecting',
  'connected',
  'suspended',
  'expired',
  'closed',
];
const EVENTS: readonly SessionEvent[] = [
  'created',
  'suspected',
  'confirmed',
  'given-up',
  'expire',
  'close',
];

describe('the states of a session', () => {
  const expected: Readonly<Record<SessionState, Readonly<Record<SessionEvent, SessionState>>>> = {
    connecting: {
      created: 'connected',
      suspected: 'connecting',
      confirmed: 'connecting',
      'given-up': 'connecting',
      expire: 'expired',
      close: 'closed',
    },
    connected: {
      created: 'connected',
      suspected: 'suspended',
      confirmed: 'connected',
      'given-up': 'expired',
      expire: 'expired',
      close: 'closed',
    },
    suspended: {
      created: 'suspended',
      suspected: 'suspended',
      confirmed: 'connected',
      'given-up': 'expired',
      expire: 'expired',
      close: 'closed',
    },
    expired: {
      created: 'expired',
      suspected: 'expired',
      confirmed: 'expired',
      'given-up': 'expired',
      expire: 'expired',
      close: 'expired',
    },
    closed: {
      created: 'closed',
      suspected: 'closed',
      confirmed: 'closed',
      'given-up': 'closed',
      expire: 'closed',
      close: 'closed',
    },
  };
  for (const state of STATES) {
    for (const event of EVENTS) {
      it(`${state}, ${event}: ${expected[state][event]}`, () => {
        assert.equal(sessionStateAfter(state, event), expected[state][event]);
      });
    }
    it(`${state} is ${isFinal(state) ? 'final' : 'not final'}`, () => {
      assert.equal(
        isFinal(state),
        EVENTS.every((event) => sessionStateAfter(state, event) === state),
      );
    });
  }
});

function brief(changes: readonly SessionChange[]): string[] {
  return changes.map(
    ({ session, before, state, event }) => `${session.key}: ${before} ${event} ${state}`,
  );
}

const TIMEOUT = 6_000;

describe('the sessions of a peer', () => {
  it('have a number before they have an id, and both as long as they live', () => {
    const sessions = new LocalSessions(250);
    const one = sessions.open('peer', TIMEOUT);
    const two = sessions.open('client', 9_000);
    assert.deepEqual(one, { key: 1, id: 0n, kind: 'peer', timeout: TIMEOUT, state: 'connecting' });
    assert.deepEqual(brief(sessions.created(two.key, 77n, 8_000, 0, 0)), [
      '2: connecting created connected',
    ]);
    assert.deepEqual(two, { key: 2, id: 77n, kind: 'client', timeout: 8_000, state: 'connected' });
    assert.equal(sessions.get(2), two);
    assert.equal(sessions.byId(77n), two);
    assert.deepEqual([...sessions.all()], [one, two]);
    const ended = sessions.ended(2, 'close');
    assert.deepEqual(ended && brief([ended]), ['2: connected close closed']);
    assert.equal(sessions.get(2), undefined);
    assert.equal(sessions.byId(77n), undefined);
    assert.equal(sessions.size, 1);
    assert.equal(sessions.ended(2, 'expire'), undefined, 'a session ends once');
    assert.equal(sessions.open('peer', TIMEOUT).key, 3, 'a number is never used again');
  });

  it('are suspended and come back as touches fail and succeed', () => {
    const sessions = new LocalSessions(250);
    const { key } = sessions.open('peer', TIMEOUT);
    sessions.created(key, 7n, TIMEOUT, 0, 0);
    assert.deepEqual(sessions.touch(1_000), { id: 1, sessions: [7n] });
    assert.deepEqual(brief(sessions.judge(4_000)), ['1: connected suspected suspended']);
    sessions.touched(1, []);
    assert.deepEqual(brief(sessions.judge(4_001)), ['1: suspended confirmed connected']);
    assert.equal(sessions.deadline(), 1_250);
    sessions.doubt();
    assert.deepEqual(brief(sessions.judge(4_002)), ['1: connected suspected suspended']);
  });

  it('can be asked at any moment, before the next turn has told it', () => {
    const sessions = new LocalSessions(250);
    const session = sessions.open('peer', TIMEOUT);
    assert.equal(sessions.validity(session.id, 0), undefined);
    sessions.created(session.key, 7n, TIMEOUT, 0, 0);
    assert.equal(sessions.validity(7n, 4_000), 'suspect');
    assert.equal(session.state, 'connected');
    sessions.ended(session.key, 'close');
    assert.equal(sessions.validity(7n, 0), undefined);
  });

  it('are given up by their host when nothing is heard for the whole time-out', () => {
    const sessions = new LocalSessions(250);
    const { key } = sessions.open('peer', TIMEOUT);
    sessions.created(key, 7n, TIMEOUT, 0, 0);
    sessions.stalled(1_000);
    assert.deepEqual(brief(sessions.judge(6_999)), ['1: connected suspected suspended']);
    assert.deepEqual(brief(sessions.judge(7_000)), ['1: suspended given-up expired']);
    assert.equal(sessions.size, 0);
    assert.equal(sessions.touch(7_000), undefined);
    assert.equal(sessions.deadline(), Number.POSITIVE_INFINITY);
  });

  it('born late are suspended from the start', () => {
    const sessions = new LocalSessions(250);
    const { key } = sessions.open('peer', TIMEOUT);
    assert.deepEqual(brief(sessions.created(key, 7n, TIMEOUT, 0, 5_000)), [
      '1: connecting created connected',
      '1: connected suspected suspended',
    ]);
  });

  it('that ended before they were born stay so', () => {
    const sessions = new LocalSessions(250);
    const { key } = sessions.open('peer', TIMEOUT);
    sessions.ended(key, 'close');
    assert.deepEqual(sessions.created(key, 7n, TIMEOUT, 0, 0), []);
    assert.equal(sessions.byId(7n), undefined);
  });

  it('of a silent client are not touched; a new link is told of all others at once', () => {
    const sessions = new LocalSessions(250);
    const client = sessions.open('client', TIMEOUT);
    const own = sessions.open('peer', TIMEOUT);
    sessions.created(client.key, 7n, TIMEOUT, 0, 0);
    sessions.created(own.key, 8n, TIMEOUT, 0, 0);
    sessions.setAlive(7n, false);
    assert.deepEqual(sessions.touch(0)?.sessions, [8n]);
    sessions.unlinked();
    sessions.touched(1, []);
    assert.deepEqual(sessions.touch(1), { id: 2, sessions: [8n] });
  });

  it('assert what would be a bug of their owner', () => {
    const sessions = new LocalSessions(250);
    assert.throws(() => sessions.open('peer', 0), /time-out/);
    const { key } = sessions.open('peer', TIMEOUT);
    sessions.created(key, 7n, TIMEOUT, 0, 0);
    assert.throws(() => sessions.created(key, 8n, TIMEOUT, 0, 0), /created once/);
    const other = sessions.open('peer', TIMEOUT);
    assert.throws(() => sessions.created(other.key, 7n, TIMEOUT, 0, 0), /created once/);
  });
});
