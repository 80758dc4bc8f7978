/** A disk that hangs without an error: a leader gives way to those who can write, and waits for its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, Lone, newLeader, voters } from './lone.ts';

/** Peers 1 and 3 are there and acknowledge everything. */
function goOn(lone: Lone, milliseconds: number): void {
  lone.wait(milliseconds, () => {
    for (const peer of [1, 3]) {
      lone.hear(peer, lone.says({ state: 'following' }));
      lone.pongs(peer);
    }
  });
}

function hung(lone: Lone): Lone {
  lone.lead(1, 3);
  lone.slow = true;
  lone.propose('x');
  lone.acks(1);
  lone.acks(3);
  assert.equal(lone.zab.committed, at('2.2'), 'the others commit');
  assert.equal(lone.delivered.at(-1), at('2.1'), 'it has not got it itself');
  return lone;
}

test('a leader whose disk hangs warns, and hands over after initTimeout to one that has everything', () => {
  const lone = hung(new Lone());
  goOn(lone, 3_000);
  const warnings = (): number => lone.events.filter(({ type }) => type === 'slow-disk').length;
  assert.equal(warnings(), 1);
  assert.equal(lone.zab.role, 'leading', 'it may be a hiccup');
  goOn(lone, 13_000);
  assert.equal(warnings(), 1, 'told once');
  assert.equal(lone.said(1, 'HANDOVER')[0]?.successor, 3);
  assert.equal(lone.zab.role, 'looking');
});

test('while its disk hangs it votes for nobody and nobody elects it; then it takes part again', () => {
  const lone = hung(new Lone());
  goOn(lone, 16_000);
  lone.meet(3, 33);
  lone.hear(33, lone.says({ vote: { leader: 2, epoch: 2, zxid: at('2.2') } }));
  lone.wait(2_000, () => lone.hear(33, lone.says({ state: 'looking' })));
  assert.deepEqual(
    lone.said(33, 'NOTIFICATION').filter(({ vote }) => vote !== undefined),
    [],
  );
  lone.zab.elected(2);
  assert.equal(lone.zab.role, 'looking');
  lone.hurry();
  lone.wait(1_000, () => lone.hear(33, lone.says({ state: 'looking' })));
  assert.equal(lone.zab.vote?.zxid, at('2.2'));
});

test('a disk that goes on in time is no reason to give way, and starts a new patience', () => {
  const lone = hung(new Lone());
  goOn(lone, 10_000);
  lone.hurry();
  lone.slow = true;
  lone.propose('y');
  lone.acks(1);
  goOn(lone, 10_000);
  assert.equal(lone.zab.role, 'leading');
  assert.equal(lone.events.filter(({ type }) => type === 'slow-disk').length, 2);
});

test('who is needed for every quorum stays: nobody else could lead', () => {
  const alone = new Lone({ voters: voters(2) });
  alone.slow = true;
  alone.propose('x');
  alone.wait(20_000);
  assert.equal(alone.zab.role, 'leading');

  const lone = new Lone();
  lone.lead(1, 3);
  lone.zab.unlinked(3);
  lone.slow = true;
  lone.propose('x');
  lone.wait(20_000, () => {
    lone.hear(1, lone.says({ state: 'following' }));
    lone.pongs(1);
  });
  assert.equal(lone.zab.role, 'leading');
});

test('a peer without a log that loses its leader while its disk hangs has no copy, and takes part again', () => {
  const lone = new Lone({ virgin: true });
  lone.meet(1, 1, { cluster: '' });
  const vote = { leader: 1, epoch: 7, zxid: at('6.9') };
  lone.hear(1, lone.says({ state: 'leading', vote }));
  lone.hear(1, { type: 'LEADERINFO', epoch: 7 });
  lone.slow = true;
  const configuration = { ...lone.genesis, version: at('6.3') };
  const snap = { type: 'SNAP', epoch: 7, zxid: at('6.9'), chain: 5 } as const;
  lone.hear(1, { ...snap, configuration });
  lone.hear(1, { type: 'CHUNK', epoch: 7, sequence: 0, bytes: new Uint8Array(3), last: false });
  lone.hear(1, { type: 'CHUNK', epoch: 7, sequence: 1, bytes: new Uint8Array(3), last: true });
  lone.hear(1, newLeader(7, { zxid: snap.zxid, chain: snap.chain }));
  lone.zab.unlinked(1);
  lone.settle();
  assert.equal(lone.zab.configuration?.version, at('6.3'), 'as long as its disk is not idle');
  lone.hurry();
  assert.equal(lone.zab.configuration, undefined);
  assert.equal(lone.zab.role, 'looking');
});
