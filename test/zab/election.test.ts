/** The election as one peer lives it: everybody else's notifications are made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO } from '../../lib/base/zxid.ts';
import type { Notification, Vote } from '../../lib/zab/messages.ts';
import { at, Lone, voters } from './lone.ts';

const OTHER = 'e'.repeat(32);

function five(): Lone {
  return new Lone({ voters: voters(1, 2, 3, 4, 5) });
}

test('a voter that missed two replaced stores still hears their votes', () => {
  const lone = five();
  const vote = { leader: 4, epoch: 7, zxid: at('7.9') };
  lone.meet(3, 3, { store: `${OTHER.slice(1)}3` });
  lone.meet(4, 4, { store: `${OTHER.slice(1)}4` });
  for (const peer of [3, 4]) lone.hear(peer, lone.says({ vote }));
  lone.wait(200);
  assert.equal(lone.zab.role, 'following');
  assert.equal(lone.zab.leader, 4);
});

test('a voter that missed two replaced stores still joins the leader they follow', () => {
  const lone = five();
  const vote = { leader: 1, epoch: 7, zxid: at('7.9') };
  lone.meet(1);
  lone.hear(1, lone.says({ state: 'leading', vote, round: 4 }));
  assert.equal(lone.zab.role, 'looking');
  lone.meet(3, 3, { store: `${OTHER.slice(1)}3` });
  lone.hear(3, lone.says({ state: 'following', vote, round: 9 }));
  assert.equal(lone.zab.role, 'following');
  assert.equal(lone.zab.leader, 1);
  assert.equal(lone.zab.round, 9);
});

test('observers are not counted, whatever their id', () => {
  const lone = five();
  const vote = { leader: 1, epoch: 7, zxid: at('7.9') };
  lone.meet(1);
  lone.meet(3, 3, { role: 'observer' });
  lone.meet(9, 9, { role: 'observer' });
  lone.hear(1, lone.says({ state: 'leading', vote }));
  lone.hear(3, lone.says({ state: 'observing', vote }));
  lone.hear(9, lone.says({ state: 'observing', vote }));
  assert.equal(lone.zab.role, 'looking');
});

test('nobody leads without weight, and nobody follows a leader that does not say so itself', () => {
  const lone = five();
  const follows: Partial<Notification> = {
    state: 'following',
    vote: { leader: 5, epoch: 7, zxid: at('7.9') },
  };
  for (const peer of [1, 3, 4]) {
    lone.meet(peer);
    lone.hear(peer, lone.says({ vote: { leader: 77, epoch: 9, zxid: at('9.9') } }));
    lone.hear(peer, lone.says(follows));
  }
  assert.equal(lone.zab.role, 'looking');
  assert.equal(lone.zab.vote?.leader, 2);
});

test('a vote of an earlier round is answered, and not counted', () => {
  const lone = five();
  lone.meet(1);
  lone.hear(1, lone.says({ round: 6, vote: { leader: 1, epoch: 1, zxid: at('1.1') } }));
  assert.equal(lone.zab.round, 6);
  assert.equal(lone.zab.vote?.leader, 2, 'its own vote is greater');
  lone.meet(3);
  lone.said(3, 'NOTIFICATION');
  lone.hear(3, lone.says({ round: 5, vote: { leader: 5, epoch: 9, zxid: at('9.1') } }));
  assert.equal(lone.said(3, 'NOTIFICATION').length, 1);
  assert.equal(lone.zab.vote?.leader, 2);
});

test('a better vote cancels the wait, and a candidate whose link ends is given up', () => {
  const lone = five();
  for (const peer of [1, 3, 4, 5]) lone.meet(peer);
  const three = { leader: 3, epoch: 1, zxid: at('1.1') };
  for (const peer of [1, 3]) lone.hear(peer, lone.says({ vote: three }));
  lone.tick(40);
  lone.hear(5, lone.says({ vote: { leader: 5, epoch: 1, zxid: at('1.1') } }));
  lone.tick(40);
  assert.equal(lone.zab.role, 'looking', 'the wait for a quorum began anew');
  lone.zab.unlinked(5);
  assert.equal(lone.zab.vote?.leader, 2);
  assert.equal(lone.zab.round, 2);
});

test('nobody waits for a better vote of peers that were linked and are gone', () => {
  const lone = five();
  for (const peer of [1, 3, 4, 5]) lone.meet(peer);
  lone.zab.unlinked(5);
  lone.zab.unlinked(4);
  const three = { leader: 3, epoch: 1, zxid: at('1.1') };
  lone.hear(1, lone.says({ round: 2, vote: three }));
  assert.equal(lone.zab.role, 'looking', 'one more that is linked may vote');
  lone.hear(3, lone.says({ round: 2, vote: three }));
  assert.equal(lone.zab.role, 'following');
  assert.equal(lone.zab.leader, 3);
});

test('a peer that has not been met yet, or is back, is waited for', () => {
  for (const isBack of [true, false]) {
    const lone = new Lone({ voters: voters(1, 2, 3) });
    lone.meet(1);
    if (isBack) {
      lone.meet(3);
      lone.zab.unlinked(3);
      lone.meet(3, 33);
    }
    const vote = { leader: 2, epoch: 1, zxid: at('1.1') };
    lone.hear(1, lone.says({ vote, round: lone.zab.round }));
    assert.equal(lone.zab.role, 'looking');
    lone.tick(60);
    assert.equal(lone.zab.role, 'leading');
  }
});

test('a leader that is still followed by a quorum of the same round leads on', () => {
  const lone = new Lone();
  lone.meet(1);
  const mine = { leader: 2, epoch: 1, zxid: at('1.1') };
  lone.hear(1, lone.says({ state: 'following', vote: mine, round: 3 }));
  assert.equal(lone.zab.role, 'looking', 'of another round');
  lone.hear(1, lone.says({ state: 'following', vote: mine, round: 1 }));
  assert.equal(lone.zab.role, 'leading');
});

test('what was said out of an election is forgotten when it is old, or when its link ends', () => {
  const lone = five();
  const vote = { leader: 1, epoch: 7, zxid: at('7.9') };
  lone.meet(1);
  lone.hear(1, lone.says({ state: 'leading', vote }));
  const alive = (): void => {
    for (const link of [1, 3]) lone.zab.step(link, { type: 'PING', epoch: 0, nonce: 0 });
  };
  lone.meet(3);
  lone.wait(2_100, alive);
  lone.hear(3, lone.says({ state: 'following', vote }));
  assert.equal(lone.zab.role, 'looking', 'the leader was seen too long ago');
  lone.hear(1, lone.says({ state: 'leading', vote }));
  assert.equal(lone.zab.role, 'following');
});

test('who has no vote follows whoever says of itself that it leads', () => {
  const lone = new Lone({ options: { role: 'observer' } });
  const said = (leader: number, epoch: number): Partial<Notification> => ({
    state: 'leading',
    vote: { leader, epoch, zxid: at('1.1') },
  });
  lone.meet(1);
  lone.hear(1, lone.says({ state: 'following', vote: { leader: 3, epoch: 1, zxid: at('1.1') } }));
  assert.equal(lone.zab.role, 'looking');
  lone.meet(3);
  lone.zab.step(1, lone.says(said(1, 4)));
  assert.equal(lone.zab.leader, 1);
  assert.equal(lone.zab.role, 'observing');
});

test('a candidate that this peer cannot reach is not voted for, however great', () => {
  const lone = five();
  for (const peer of [1, 3]) lone.meet(peer);
  const unseen = { leader: 5, epoch: 9, zxid: at('9.9') };
  lone.hear(3, lone.says({ vote: unseen }));
  assert.equal(lone.zab.vote?.leader, 2);
  lone.hear(3, lone.says({ round: 8, vote: unseen }));
  assert.equal(lone.zab.vote?.leader, 2);
  assert.equal(lone.zab.round, 8);
  lone.meet(5);
  lone.hear(5, lone.says({ round: 8, vote: unseen }));
  assert.equal(lone.zab.vote?.leader, 5, 'now it can');
});

test('nobody votes for itself by what an earlier disk of it had', () => {
  const lone = five();
  const own = lone.zab.vote;
  assert.equal(own?.leader, 2);
  const former = { leader: 2, epoch: 3, zxid: at('3.9') };
  for (const peer of [1, 3, 4]) {
    lone.meet(peer);
    lone.hear(peer, lone.says({ round: 4, vote: former }));
  }
  lone.wait(200);
  assert.equal(lone.zab.round, 4);
  assert.deepEqual(lone.zab.vote, own);
  assert.equal(lone.zab.role, 'looking');
});

test('who hears from its candidate that it has less than that votes anew', () => {
  const lone = five();
  for (const peer of [1, 3, 5]) lone.meet(peer);
  lone.hear(1, lone.says({ round: 4, vote: { leader: 5, epoch: 3, zxid: at('3.9') } }));
  assert.equal(lone.zab.vote?.leader, 5);
  const less = { leader: 5, epoch: 1, zxid: at('1.1') };
  lone.hear(5, lone.says({ round: 4, vote: less }));
  assert.deepEqual([lone.zab.round, lone.zab.vote?.leader], [5, 2]);
  // What it really has counts, in the new round.
  lone.hear(5, lone.says({ round: 5, vote: less }));
  assert.deepEqual(lone.zab.vote, less);
});

test('a candidate that has no vote any more is given up', () => {
  const lone = five();
  for (const peer of [1, 3, 5]) lone.meet(peer);
  lone.hear(5, lone.says({ vote: { leader: 5, epoch: 3, zxid: at('3.9') } }));
  assert.equal(lone.zab.vote?.leader, 5);
  lone.hear(5, lone.says({}));
  assert.deepEqual([lone.zab.round, lone.zab.vote?.leader], [2, 2]);
});

test('the round of a peer that has no vote is caught up with: it would hear no vote of an earlier one', () => {
  const lone = five();
  for (const peer of [1, 3]) lone.meet(peer);
  lone.said(3, 'NOTIFICATION');
  lone.hear(1, lone.says({ round: 7 }));
  assert.deepEqual([lone.zab.round, lone.zab.vote?.leader], [7, 2]);
  assert.deepEqual(
    lone.said(3, 'NOTIFICATION').map(({ round }) => round),
    [7],
    'and everybody is told',
  );
  lone.hear(1, lone.says({ round: 6 }));
  assert.equal(lone.zab.round, 7);
});

/** What it has told peer 1 last, while nobody else is heard but peers that keep their links alive. */
function toldTo1(
  lone: Lone,
  milliseconds: number,
  others: readonly number[] = [1],
): Vote | undefined {
  lone.wait(milliseconds, () => {
    for (const peer of others) lone.zab.step(peer, { type: 'PING', epoch: 0, nonce: 0 });
  });
  const said = lone.said(1, 'NOTIFICATION').at(-1);
  assert.equal(said?.state, 'looking');
  return said?.vote;
}

test('who has long reached too few to lead keeps its own vote back, until it reaches enough', () => {
  const lone = five();
  lone.meet(1);
  assert.equal(toldTo1(lone, 1_900)?.leader, 2, 'links may be on their way');
  assert.equal(toldTo1(lone, 1_000), undefined);
  lone.meet(3);
  assert.equal(toldTo1(lone, 0)?.leader, 2, 'told at once');
  assert.equal(lone.zab.round, 1, 'and no round anew for it');
  lone.zab.unlinked(3);
  assert.equal(toldTo1(lone, 1_500)?.leader, 2);
  assert.equal(toldTo1(lone, 1_000), undefined);
});

test('who is no candidate votes for any other that has as much, and for none that has less', () => {
  const lone = five();
  lone.meet(1);
  assert.equal(toldTo1(lone, 3_000), undefined);
  lone.hear(1, lone.says({ vote: { leader: 1, epoch: 1, zxid: ZERO } }));
  assert.equal(toldTo1(lone, 1_000), undefined);
  const equal = { leader: 1, epoch: 1, zxid: at('1.1') };
  lone.hear(1, lone.says({ vote: equal }));
  assert.deepEqual(toldTo1(lone, 1_000), equal);
  lone.meet(3);
  assert.deepEqual(toldTo1(lone, 1_000, [1, 3]), equal, 'also when it could lead again');
});

test('a vote for itself wakes nobody who is no candidate', () => {
  const lone = five();
  lone.meet(1);
  assert.equal(toldTo1(lone, 3_000), undefined);
  lone.hear(1, lone.says({ vote: { leader: 2, epoch: 1, zxid: at('1.1') } }));
  assert.deepEqual(lone.said(1, 'NOTIFICATION'), []);
});

test('its own candidate is followed when that says that this round has made it leader', () => {
  const lone = five();
  const vote = { leader: 5, epoch: 1, zxid: at('1.1') };
  lone.meet(5);
  lone.hear(5, lone.says({ vote }));
  lone.hear(5, lone.says({ state: 'leading', vote, round: 2 }));
  assert.equal(lone.zab.role, 'looking', 'another round');
  lone.hear(5, lone.says({ state: 'leading', vote: { ...vote, epoch: 2 } }));
  assert.equal(lone.zab.role, 'looking', 'another epoch');
  lone.hear(5, lone.says({ state: 'leading', vote }));
  assert.equal(lone.zab.role, 'following');
  assert.equal(lone.zab.leader, 5);
});
