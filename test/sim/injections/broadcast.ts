/** Bugs of broadcast: acknowledgements, commits and rounds that count too much. */
import type { Injection } from './injection.ts';

const BROADCAST_FILE = 'lib/zab/broadcast.ts';
const ROUND = 'lib/zab/round.ts';
const DISPATCH = 'lib/zab/dispatch.ts';

export const BROADCAST: readonly Injection[] = [
  {
    id: 'own-ack-at-queue-time',
    origin: 'model; etcd #14370',
    title: 'the leader counts its own copy before it is durable',
    patches: [
      {
        file: BROADCAST_FILE,
        find: 'acks.set(voterKey(core.options.id, core.store), core.history.durable);',
        replace: 'acks.set(voterKey(core.options.id, core.store), core.history.last.zxid);',
      },
    ],
    expects: ['S5', 'S31'],
    machine: 'zab',
  },
  {
    id: 'old-epochs-committed-by-copies',
    origin: 'model; figure 8 of Raft',
    title: 'entries of older epochs are committed as soon as a quorum holds copies',
    patches: [
      {
        file: BROADCAST_FILE,
        find: 'if (!leading.established) return; while (raiseOnce(core, leading));',
        replace: 'if (!leading.ownHistory) return; while (raiseOnce(core, leading));',
      },
      {
        file: BROADCAST_FILE,
        find: 'return zxid > core.commit && epochOf(zxid) === leading.epoch;',
        replace: 'return zxid > core.commit && epochOf(zxid) <= leading.epoch;',
      },
      {
        file: BROADCAST_FILE,
        find: `for (const { observer, stage, key, acked } of leading.learners.values()) {
          if (!observer && (stage === 'synced' || stage === 'serving')) acks.set(key, acked);`,
        replace: `for (const { observer, stage, key, acked, promise } of leading.learners.values()) {
          if (!observer && (stage === 'synced' || stage === 'serving')) acks.set(key, acked);
          else if (promise !== undefined && core.history.markAt(promise.lastZxid)?.chain === promise.lastChain)
            acks.set(key, promise.lastZxid);`,
      },
    ],
    expects: ['S4', 'S5', 'S6', 'S31'],
    machine: 'zab',
  },
  {
    id: 'pong-of-anybody',
    origin: 'model',
    title: 'a PONG counts from every peer that is connected, whomever it follows',
    patches: [
      {
        file: DISPATCH,
        find: 'const { leading, following } = role; const learner =',
        replace: `const { leading, following } = role;
          const { id } = remote;
          if (message.type === 'PING' && following?.link !== id) {
            core.send(id, { type: 'PONG', epoch: message.epoch, nonce: message.nonce });
            return;
          }
          if (message.type === 'PONG' && leading !== undefined) {
            pongOfAnybody(core, leading, keyOf(remote), message.nonce);
            return;
          }
          const learner =`,
      },
      {
        file: DISPATCH,
        find: "import { receivePing, receivePong } from './round.ts';",
        replace: "import { pongOfAnybody, receivePing, receivePong } from './round.ts';",
      },
      {
        file: ROUND,
        find: 'core.outbox.broadcast(links, {',
        replace: 'core.outbox.broadcast(links.length < 0 ? links : core.links.remoteIds(), {',
      },
      {
        file: ROUND,
        find: 'if (link === undefined || !following.joined || !follows || current !== message.epoch) return;',
        replace: 'if (link === undefined || follows === undefined || current < 0) return;',
      },
      {
        file: ROUND,
        find: 'export function receivePing(',
        replace: `const nonces = new WeakMap<Leading, Map<VoterKey, number>>();
          export function pongOfAnybody(core: Core, leading: Leading, key: VoterKey, nonce: number): void {
            const known = nonces.get(leading) ?? new Map<VoterKey, number>();
            nonces.set(leading, known.set(key, nonce));
            completeRounds(core, leading);
          }
          export function receivePing(`,
      },
      {
        file: ROUND,
        find: 'if (!learner.observer && learner.nonce >= nonce) keys.push(learner.key);',
        replace: 'if (!learner.observer && learner.nonce > nonce) keys.push(learner.key);',
      },
      {
        file: ROUND,
        find: 'if (!core.isQuorum(core.withSelf(keys))) continue;',
        replace: `for (const [key, last] of nonces.get(leading) ?? []) if (last >= nonce) keys.push(key);
          if (!core.isQuorum(core.withSelf(keys))) continue;`,
      },
    ],
    expects: ['S28', 'S35'],
    machine: 'zab',
  },
  {
    id: 'pong-without-nonce',
    origin: 'model',
    title: 'a PONG answers the round that is under way, whichever it was sent for',
    patches: [
      {
        file: ROUND,
        find: 'if (message.nonce <= learner.nonce) return; learner.nonce = message.nonce;',
        replace: 'learner.nonce = leading.nonce;',
      },
    ],
    expects: ['S28'],
    machine: 'zab',
    directed: 'test/zab/round.test.ts',
  },
];
