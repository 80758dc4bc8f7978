/** What a peer says of itself, put together from all that knows a part of it. */
import type { QuorateError } from '../base/errors.ts';
import type { ReplicaStatus } from '../replica/ready.ts';
import type { Replica } from '../replica/replica.ts';
import { faultTolerance, quorumSize, type Weighted } from '../zab/tolerance.ts';
import type { Connections } from './connections.ts';
import type { CheckedOptions } from './options.ts';
import type { PeerMode, PeerStatus } from './status.ts';

type Voter = Weighted & { readonly id: number };

/** How a peer has ended, if it has. */
export interface Ending {
  readonly state: 'quarantined' | 'closed' | undefined;
  readonly cause: QuorateError | undefined;
}

export class StatusReport {
  readonly #options: CheckedOptions;
  readonly #replica: Replica;
  readonly #connections: Connections;

  constructor(options: CheckedOptions, replica: Replica, connections: Connections) {
    this.#options = options;
    this.#replica = replica;
    this.#connections = connections;
  }

  /** As of now. @param refused connections, as the transport has counted them */
  make(ending: Ending, now: number, refused: number): PeerStatus {
    const replica = this.#replica;
    const { role, phase, leader, epoch, serving: isServing } = replica.status;
    const state = ending.state ?? role;
    const serving = ending.state === undefined && isServing;
    const voters = this.#voters();
    const { stateMachine } = replica;
    return Object.freeze({
      mode: this.#mode(state),
      state,
      phase,
      serving,
      reason: serving ? undefined : this.#reason(replica.status, ending),
      leader: ending.state === undefined ? leader : undefined,
      epoch,
      zxid: replica.applied,
      contactAge: Math.max(0, now - replica.contact),
      votes: ending.state === undefined && replica.zab.votes,
      voters: Object.freeze(voters.map(({ id }) => id)),
      quorumSize: quorumSize(voters),
      faultTolerance: faultTolerance(voters),
      peers: this.#connections.all,
      refused,
      sessions: stateMachine.sessions.size,
      watches: replica.watches,
      nodes: stateMachine.nodeCount,
      bytes: stateMachine.treeBytes,
    });
  }

  /** Of the log; before the group is born, of the options. */
  #voters(): readonly Voter[] {
    const { configuration } = this.#replica.zab;
    if (configuration !== undefined) return configuration.voters;
    return this.#options.addresses.filter(({ role }) => role === 'participant');
  }

  #mode(state: PeerStatus['state']): PeerMode {
    switch (state) {
      case 'leading':
        return this.#options.addresses.length === 1 ? 'standalone' : 'leader';
      case 'following':
        return 'follower';
      case 'observing':
        return 'observer';
      default:
        return state;
    }
  }

  #reason(status: ReplicaStatus, { state, cause }: Ending): string {
    if (state === 'closed') return 'closed';
    if (cause !== undefined) return cause.message;
    const missing = this.#connections.describe();
    const reason = this.#lack() ?? status.reason ?? status.phase;
    return missing === '' ? reason : `${reason}; ${missing}`;
  }

  /** What no time can heal: too few voters are in reach. */
  #lack(): string | undefined {
    const { id } = this.#options;
    const voters = this.#voters();
    const reached = voters.filter((voter) => {
      return voter.id === id || this.#connections.all[voter.id]?.connected === true;
    });
    // A group that is not born says itself whom it waits for.
    if (this.#replica.zab.configuration === undefined) return undefined;
    const counts = `${reached.length} of ${voters.length} voters`;
    return reached.length < quorumSize(voters) ? `no quorum: ${counts}` : undefined;
  }
}

/** One voter more than an odd number: it must agree more often, and nothing is gained. */
export function isEvenGroup({
  voters,
  quorumSize: size,
  faultTolerance: borne,
}: PeerStatus): boolean {
  const isPlain = size === Math.floor(voters.length / 2) + 1 && borne === voters.length - size;
  return isPlain && voters.length % 2 === 0;
}
