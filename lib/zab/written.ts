/** What a batch on the disk sets free: everything that waited for it happens now (rule G8). */
import { assert } from '../base/assert.ts';
import { CHAIN_START } from '../base/hash.ts';
import { ZERO } from '../base/zxid.ts';
import { genesisOf } from './bootstrap.ts';
import { acknowledge, raiseCommit } from './broadcast.ts';
import type { Configuration } from './configuration.ts';
import type { Core } from './core.ts';
import { epochChosen, sendAckEpoch } from './discovery.ts';
import type { Door } from './door.ts';
import { History } from './history.ts';
import type { Mark } from './log-entry.ts';
import type { PeerRole } from './peer-role.ts';
import type { Following } from './roles.ts';
import { ownHistoryTaken } from './synchronization.ts';
import type { Continuation } from './write-queue.ts';

/** The batch is on the disk. */
export function written(core: Core, role: PeerRole, door: Door, id: number): void {
  const { batch, steps } = core.writes.persisted(id);
  if (role.role === 'quarantined') return;
  if (batch.epochs !== undefined) role.durableEpochs = batch.epochs;
  if (batch.birth !== undefined) core.birth = batch.birth;
  if (batch.genesis !== undefined && batch.install === undefined) beginLog(core, batch.genesis);
  if (batch.install !== undefined) installed(core, batch.install);
  for (const step of steps) proceed(core, role, door, step);
  if (role.following !== undefined) acknowledge(core, role.following);
  if (role.leading !== undefined) raiseCommit(core, role.leading);
  if (role.settling && core.writes.idle) role.look();
  role.afterInput();
}

/** A group is born, with an empty log. */
function beginLog(core: Core, genesis: Configuration): void {
  const base = { zxid: ZERO, chain: CHAIN_START, configuration: genesisOf(genesis.voters) };
  core.begin(new History(base));
  core.amnesiac = false;
}

/** A copy of the tree is current, with the log behind it. */
function installed(core: Core, { zxid, chain }: Mark): void {
  core.amnesiac = false;
  core.applied = zxid;
  if (core.commit < zxid) core.commit = zxid;
  core.outbox.installed = { zxid, chain };
}

function proceed(core: Core, role: PeerRole, door: Door, step: Continuation): void {
  const { leading, following } = role;
  switch (step.type) {
    case 'birth':
      door.tellBirth();
      return;
    case 'renewed':
      core.store = core.options.spareStore;
      for (const link of [...core.links.all()]) role.drop(link, 'another store');
      return;
    case 'epoch-chosen':
      if (leading !== undefined) epochChosen(core, leading);
      return;
    case 'epoch-promised':
      if (following !== undefined) sendAckEpoch(core, following, step.counted);
      return;
    case 'own-history':
      if (leading !== undefined) ownHistoryTaken(core, leading);
      return;
    case 'history-taken':
      historyTaken(core, following, step);
  }
}

/** History and currentEpoch of its leader's epoch (step 17). */
function historyTaken(
  core: Core,
  following: Following | undefined,
  { link, zxid, chain }: Extract<Continuation, { type: 'history-taken' }>,
): void {
  assert(following !== undefined && following.link === link, 'the history is for this leader');
  following.stage = 'taken';
  following.acked = zxid;
  core.send(link, { type: 'ACKNEWLEADER', epoch: following.epoch, zxid, chain });
}
