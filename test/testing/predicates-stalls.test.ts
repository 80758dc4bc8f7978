import { test } from 'node:test';
import { ZERO } from '../../lib/base/zxid.ts';
import type { Asked, Observer } from '../../lib/testing/predicates/predicate.ts';
import { stalledLeaders } from '../../lib/testing/predicates/stalls.ts';
import { type Dummy, fires, holds, Stage } from './stage.ts';

const READ: Asked = {
  session: { key: 1, id: 1n, kind: 'peer', timeout: 6_000, state: 'connected' },
  operation: { type: 'sync' },
  options: {},
  floor: ZERO,
};

type Act = (on: Required<Observer>, leader: Dummy) => void;

/** What a leader may not do before it has asked, each tried after these steps. */
function deeds(stage: Stage): readonly Act[] {
  const { session } = READ;
  const entry = stage.entry(1, 1);
  const result = { type: 'sync' } as const;
  return [
    (on, leader) => on.committed(leader, entry, stage.ghost.root),
    (on, leader) => on.expired(leader, 7n),
    (on, leader) => {
      const read = { ...READ };
      on.asked(leader, read);
      on.told(leader, { type: 'read', session, ticket: 1, zxid: ZERO, result }, read);
    },
  ];
}

/** Each deed of a leader of three that has sent PING 4 before it stood still, and did this since. */
function judged(verdict: 'fires' | 'holds', since: (on: Required<Observer>, all: Stage) => void) {
  const names = deeds(new Stage()).map((_, at) => at);
  for (const at of names) {
    const stage = new Stage();
    const leader = stage.peer(1);
    Object.assign(leader.view, { role: 'leading', established: true });
    leader.view.configuration = stage.ghost.genesis;
    const deed = deeds(stage)[at];
    const act = (on: Required<Observer>): void => {
      on.sent(leader, { type: 'PING', epoch: 1, nonce: 4 }, [2, 3]);
      on.woke(leader);
      since(on, stage);
      deed?.(on, leader);
    };
    if (verdict === 'fires') fires(stalledLeaders, 'S37', stage, act);
    else holds(stalledLeaders, stage, act);
  }
}

test('S37 fires when a leader that stood still commits, expires or reads before anybody has answered it', () => {
  judged('fires', () => {});
  judged('fires', (on, all) => on.sent(all.peer(2), { type: 'PONG', epoch: 1, nonce: 4 }, [1]));
  judged('fires', (on, all) => on.sent(all.peer(2), { type: 'PONG', epoch: 2, nonce: 5 }, [1]));
});

test('S37 holds once a quorum has answered what it asked since, and for who leads no more', () => {
  judged('holds', (on, all) => on.sent(all.peer(2), { type: 'PONG', epoch: 1, nonce: 5 }, [1]));
  judged('holds', (on, all) => {
    all.peer(1).view.role = 'looking';
    on.moved(all.peer(1), all.peer(1).view);
  });
});

test('S37 holds for a read that was asked for before its leader stood still', () => {
  const stage = new Stage();
  const leader = stage.peer(1);
  Object.assign(leader.view, { role: 'leading', established: true });
  leader.view.configuration = stage.ghost.genesis;
  const read = { ...READ };
  const result = { type: 'sync' } as const;
  holds(stalledLeaders, stage, (on) => {
    on.asked(leader, read);
    on.woke(leader);
    on.told(leader, { type: 'read', session: read.session, ticket: 1, zxid: ZERO, result }, read);
  });
});

test('S37 holds for a read whose session has moved away: nothing was read', () => {
  const stage = new Stage();
  const leader = stage.peer(1);
  Object.assign(leader.view, { role: 'leading', established: true });
  leader.view.configuration = stage.ghost.genesis;
  const read = { ...READ };
  const result = { type: 'error', code: 'SESSION_MOVED' } as const;
  holds(stalledLeaders, stage, (on) => {
    on.woke(leader);
    on.asked(leader, read);
    on.told(leader, { type: 'read', session: read.session, ticket: 1, zxid: ZERO, result }, read);
  });
});
