import { test } from 'node:test';
import { makeZxid } from '../../lib/base/zxid.ts';
import {
  completeness,
  discarded,
  neverLost,
  prefixes,
} from '../../lib/testing/predicates/committed.ts';
import { epochs } from '../../lib/testing/predicates/epochs.ts';
import { leadership } from '../../lib/testing/predicates/leadership.ts';
import { marks } from '../../lib/testing/predicates/marks.ts';
import { linearizableRounds, membership } from '../../lib/testing/predicates/membership.ts';
import {
  globalPrimaryOrder,
  integrity,
  localPrimaryOrder,
  primaryIntegrity,
  totalOrder,
} from '../../lib/testing/predicates/order.ts';
import { durablePromises } from '../../lib/testing/predicates/promises.ts';
import { uniqueProposals } from '../../lib/testing/predicates/proposals.ts';
import {
  containment,
  hashes,
  processConsistency,
  snapshots,
} from '../../lib/testing/predicates/state.ts';
import type { Entry } from '../../lib/zab/log-entry.ts';
import { batch, fires, holds, marksOf, STORE, Stage, z } from './stage.ts';

function entryOf(node: { readonly entry: Entry | undefined }): Entry {
  if (node.entry === undefined) throw new Error('the root has no entry');
  return node.entry;
}

test('S1 fires when two stores establish one epoch', () => {
  const stage = new Stage();
  stage.ghost.established.set(3, { epoch: 3, leader: `1:${STORE(1)}`, history: stage.ghost.root });
  fires(leadership, 'S1', stage, (on) => on.established(stage.peer(2), 3, stage.ghost.root));
  holds(leadership, stage, (on) => on.established(stage.peer(2), 4, stage.ghost.root));
});

test('S1 fires when two stores pass step 12 with one epoch', () => {
  const stage = new Stage();
  stage.ghost.attempts.set(3, { epoch: 3, leader: `1:${STORE(1)}`, history: stage.ghost.root });
  fires(leadership, 'S1', stage, (on) => on.elected(stage.peer(2), 3, stage.ghost.root));
});

test('S2 fires when a promise falls, and when an epoch is promised to another leader', () => {
  const stage = new Stage();
  const peer = stage.peer(1);
  peer.disk.epochs = { accepted: 4, acceptedFrom: '2:b', current: 3, syncing: 0 };
  const before = marksOf(peer);
  peer.disk.epochs = { accepted: 3, acceptedFrom: '2:b', current: 3, syncing: 0 };
  fires(epochs, 'S2', stage, (on) => on.written(peer, batch(), before));
  peer.disk.epochs = { accepted: 4, acceptedFrom: '3:c', current: 3, syncing: 0 };
  fires(epochs, 'S2', stage, (on) => on.written(peer, batch(), before));
  peer.disk.epochs = { accepted: 5, acceptedFrom: '3:c', current: 3, syncing: 0 };
  holds(epochs, stage, (on) => on.written(peer, batch(), before));
});

test('S3 fires when somebody proposes in the epoch of another, and when a counter is left out', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const third = stage.entry(1, 3, first);
  stage.ghost.established.set(1, { epoch: 1, leader: `1:${STORE(1)}`, history: stage.ghost.root });
  fires(uniqueProposals, 'S3', stage, (on) => on.proposed(stage.peer(2), first));
  fires(uniqueProposals, 'S3', stage, (on) => on.proposed(stage.peer(1), third));
  fires(uniqueProposals, 'S3', stage, (on) => on.redefined(stage.peer(1), entryOf(first), first));
  holds(uniqueProposals, stage, (on) => on.proposed(stage.peer(1), first));
});

test('S4 fires when a peer takes another branch for committed', () => {
  const stage = new Stage();
  const good = stage.entry(1, 1);
  const other = stage.entry(2, 1);
  stage.commit(good);
  const peer = stage.peer(2);
  const before = { ...peer.view };
  fires(prefixes, 'S4', stage, (on) => on.committed(peer, other, good));
  peer.view.committed = other.zxid;
  fires(prefixes, 'S4', stage, (on) => on.moved(peer, before));
  peer.view.committed = good.zxid;
  holds(prefixes, stage, (on) => on.moved(peer, before));
});

test('S5 fires when a quorum of disks may elect one without a committed entry', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const second = stage.entry(1, 2, first);
  stage.write(1, second);
  stage.write(2, second);
  stage.write(3, first);
  stage.commit(second);
  holds(neverLost, stage, (on) => on.grown(first));
  stage.write(2, first);
  fires(neverLost, 'S5', stage, (on) => on.grown(first));
  stage.ghost.liars.add(STORE(2));
  holds(neverLost, stage, (on) => on.grown(first));
});

test('S5 fires when a short log comes with a greater epoch', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  stage.write(1, first);
  stage.write(2, first);
  stage.write(3, stage.ghost.root, 2);
  stage.commit(first);
  fires(neverLost, 'S5', stage, (on) => on.grown(stage.ghost.root));
});

test('S6 fires when a history lacks what an earlier leader has committed', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  fires(completeness, 'S6', stage, (on) => {
    on.committed(stage.peer(1), first, stage.ghost.root);
    on.elected(stage.peer(2), 2, stage.ghost.root);
  });
  stage.ghost.attempts.set(2, { epoch: 2, leader: `2:${STORE(2)}`, history: stage.ghost.root });
  fires(completeness, 'S6', stage, (on) => on.committed(stage.peer(1), first, stage.ghost.root));
});

test('S7 fires when a discarded entry is on a disk of a later epoch, or is applied', () => {
  const stage = new Stage();
  const discardedEntry = stage.entry(1, 1);
  stage.ghost.established.set(2, { epoch: 2, leader: `2:${STORE(2)}`, history: stage.ghost.root });
  const peer = stage.write(1, discardedEntry, 2);
  const written = batch({ epochs: peer.disk.epochs });
  fires(discarded, 'S7', stage, (on) => on.written(peer, written, marksOf(peer)));
  fires(discarded, 'S7', stage, (on) => on.delivered(peer, entryOf(discardedEntry)));
  stage.write(1, discardedEntry, 1);
  holds(discarded, stage, (on) => on.written(peer, written, marksOf(peer)));
});

test('S8, S9 and S10 fire when entries are applied with a gap, out of order, or before their epoch', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const second = stage.entry(1, 2, first);
  const third = stage.entry(2, 1, second);
  stage.commit(third);
  const peer = stage.peer(1);
  fires(totalOrder, 'S8', stage, (on) => on.delivered(peer, entryOf(second)));
  fires(localPrimaryOrder, 'S9', stage, (on) => on.delivered(peer, entryOf(second)));
  peer.applied = third;
  fires(globalPrimaryOrder, 'S10', stage, (on) => on.delivered(peer, entryOf(second)));
  peer.applied = first;
  for (const predicate of [totalOrder, localPrimaryOrder, globalPrimaryOrder]) {
    holds(predicate, stage, (on) => on.delivered(peer, entryOf(second)));
  }
});

test('S8 fires when something is applied that is not committed, or a log holds what nobody proposed', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const peer = stage.peer(1);
  fires(totalOrder, 'S8', stage, (on) => on.delivered(peer, entryOf(first)));
  const strange = { ...entryOf(first), chain: first.chain + 1 };
  fires(totalOrder, 'S8', stage, (on) =>
    on.written(peer, batch({ entries: [strange] }), marksOf(peer)),
  );
});

test('S11 fires when a primary proposes before it has delivered its history', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const start = stage.entry(2, 1, first);
  stage.commit(first);
  const peer = stage.peer(1);
  fires(primaryIntegrity, 'S11', stage, (on) => on.proposed(peer, start));
  peer.applied = first;
  holds(primaryIntegrity, stage, (on) => on.proposed(peer, start));
});

test('S12 fires when other bytes are applied', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const other = { ...entryOf(first), bytes: Uint8Array.of(9) };
  fires(integrity, 'S12', stage, (on) => on.delivered(stage.peer(1), other));
  holds(integrity, stage, (on) => on.delivered(stage.peer(1), entryOf(first)));
});

test('S13 fires when something is promised that is not on the disk', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const peer = stage.write(1, stage.ghost.root);
  fires(durablePromises, 'S13', stage, (on) =>
    on.sent(peer, { type: 'ACK', epoch: 1, zxid: z(1) }, []),
  );
  fires(durablePromises, 'S13', stage, (on) => on.sent(peer, { type: 'LEADERINFO', epoch: 2 }, []));
  fires(durablePromises, 'S13', stage, (on) => {
    on.sent(peer, { type: 'ACKNEWLEADER', epoch: 2, zxid: z(1), chain: first.chain }, []);
  });
  fires(durablePromises, 'S13', stage, (on) => {
    const vote = { leader: 1, epoch: 1, zxid: z(1) };
    on.sent(peer, { type: 'NOTIFICATION', round: 1, state: 'looking', vote }, []);
  });
  stage.write(1, first);
  holds(durablePromises, stage, (on) => on.sent(peer, { type: 'ACK', epoch: 1, zxid: z(1) }, []));
});

test('S14 fires when applied passes durable, when a mark falls, and when committed entries are cut', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const second = stage.entry(1, 2, first);
  stage.commit(second);
  const peer = stage.write(1, second);
  const before = { ...peer.view };
  Object.assign(peer.view, { applied: z(2), committed: z(2), durable: z(1) });
  fires(marks, 'S14', stage, (on) => on.moved(peer, before));
  Object.assign(peer.view, { applied: z(1), committed: z(1), durable: z(2) });
  fires(marks, 'S14', stage, (on) => on.moved(peer, { ...before, committed: z(2) }));
  holds(marks, stage, (on) => on.moved(peer, before));
  peer.disk.committed = z(2);
  fires(marks, 'S14', stage, (on) => on.written(peer, batch({ truncate: z(1) }), marksOf(peer)));
});

test('S15 fires when an election begins with a log that is not the disk’s', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const peer = stage.peer(1);
  const before = { ...peer.view };
  peer.view.role = 'looking';
  peer.view.lastZxid = first.zxid;
  fires(processConsistency, 'S15', stage, (on) => on.moved(peer, before));
  stage.write(1, first);
  holds(processConsistency, stage, (on) => on.moved(peer, before));
});

test('S16 and S17 fire when two peers, or a peer and the model, have different trees at one zxid', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  fires(hashes, 'S16', stage, (on) => {
    on.digested(stage.peer(1), first, 1);
    on.digested(stage.peer(2), first, 2);
  });
  stage.model.digests.set(first.zxid, 3);
  fires(hashes, 'S16', stage, (on) => on.digested(stage.peer(1), first, 1));
  fires(snapshots, 'S17', stage, (on) => on.restored(stage.peer(1), first, 1));
  holds(snapshots, stage, (on) => on.restored(stage.peer(1), first, 3));
});

test('S28 fires when a confirmed round speaks of an older commit than was seen', () => {
  const stage = new Stage();
  fires(linearizableRounds, 'S28', stage, (on) => on.confirmed(stage.peer(1), z(1), z(2)));
  holds(linearizableRounds, stage, (on) => on.confirmed(stage.peer(1), z(2), z(2)));
});

test('S31 fires when a decision has no quorum', () => {
  const stage = new Stage();
  const first = stage.entry(1, 1);
  const peer = stage.write(1, first);
  fires(membership, 'S31', stage, (on) => on.committed(peer, first, stage.ghost.root));
  fires(membership, 'S31', stage, (on) => on.elected(peer, 1, first));
  fires(membership, 'S31', stage, (on) => on.established(peer, 1, first));
  stage.write(2, first);
  for (const id of [1, 2]) {
    stage.ghost.promise(1, `1:${STORE(1)}`, `${id}:${STORE(id)}`);
    stage.ghost.follow(1, `${id}:${STORE(id)}`);
  }
  holds(membership, stage, (on) => {
    on.elected(peer, 1, first);
    on.established(peer, 1, first);
    on.committed(peer, first, stage.ghost.root);
  });
});

test('S31 fires when an entry of an older epoch is committed by counting copies', () => {
  const stage = new Stage();
  const old = stage.entry(1, 1);
  stage.write(1, old);
  stage.write(2, old);
  const peer = stage.peer(1);
  peer.view.epoch = 2;
  fires(membership, 'S31', stage, (on) => on.committed(peer, old, stage.ghost.root));
});

test('S34 fires on whatever escapes', () => {
  const stage = new Stage();
  fires(containment, 'S34', stage, (on) => on.escaped(stage.peer(1), new Error('boom')));
});

test('S34 fires on a queue beyond its cap, and on no other', () => {
  const stage = new Stage();
  fires(containment, 'S34', stage, (on) => on.measured(stage.peer(1), 'writes', 3, 2));
  holds(containment, stage, (on) => on.measured(stage.peer(1), 'writes', 2, 2));
});

test('a zxid of another epoch is not of this one', () => {
  const stage = new Stage();
  const late = stage.entry(2, 1, stage.entry(1, 1));
  const start = stage.ghost.before(late, 2);
  if (start.zxid !== makeZxid(1, 1)) throw new Error('the last entry before epoch 2 is 1.1');
});
