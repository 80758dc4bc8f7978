/**
 * How two peers show each other that they hold the secret of the group, without saying it: a pure
 * state machine that turns messages into messages. Nothing but these messages is read on a connection
 * until it has ended well.
 *
 * ```
 * listener                                   dialler
 *    │  challenge L: id, cluster, nonce         │
 *    ├─────────────────────────────────────────►│
 *    │  challenge D, proof D                    │
 *    │◄─────────────────────────────────────────┤
 *    │  proof L                                 │
 *    ├─────────────────────────────────────────►│
 * ```
 *
 * A proof is an HMAC-SHA256 under the secret over a label, the side that proves, and both challenges
 * whole: ids, clusters and nonces. A proof is therefore worth nothing on another connection (the nonces
 * are fresh on both sides), between other peers, or sent back to its maker (the sides differ).
 * The dialler proves first: whoever merely reaches the port gets nothing to try guesses of a weak
 * secret on.
 *
 * **Clusters.** A group has its id only once it is born, and an empty peer must be able to meet a born
 * one. So each side says which cluster it is of, or that it has none yet; two that both have one
 * must agree. A peer without a cluster may thus meet any group with the same secret; whether it
 * belongs there is judged by HELLO, which travels on the trusted link.
 *
 * **Rotation.** Each side signs with its first secret and accepts any of its own. Frames
 * of a direction are sealed under the secret that its sender signed with.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { assert } from '../base/assert.ts';
import {
  CHANNEL_BYTES,
  type Challenge,
  decodeChallenge,
  encodeChallenge,
  NONCE_BYTES,
  VERSION,
} from './challenge.ts';
import { FrameSeal } from './frame-seal.ts';

export type HandshakeSide = 'dialler' | 'listener';

/** What a side says of itself. */
export interface HandshakeParty {
  readonly id: number;
  /** The id of the group; empty while it has none. */
  readonly cluster: string;
  /**
   * What only the two ends of one TLS connection can both know; empty without TLS. If both ends say the
   * same, nobody stands between them and TLS guards the frames; otherwise they are sealed, also
   * where a proxy ends TLS.
   */
  readonly channel: Uint8Array;
  /** The first signs, all verify; at least one. */
  readonly secrets: readonly string[];
}

/** What follows from a message. */
export type HandshakeStep =
  | { readonly type: 'answer'; readonly bytes: Uint8Array }
  | { readonly type: 'refused'; readonly reason: string }
  | {
      readonly type: 'trusted';
      /** To be sent before anything else. */
      readonly bytes: Uint8Array | undefined;
      readonly peer: number;
      /** Undefined: TLS guards the frames. */
      readonly seal: FrameSeal | undefined;
    };

const PROOF_BYTES = 32;
const KEY_BYTES = 32;
/** Part of everything that is signed: no other use of the secret can be mistaken for this one. */
const LABEL = 'quorate link 1';

/** The longest message of a handshake. */
export const HANDSHAKE_MESSAGE_BYTES = 256;

interface Challenges {
  readonly dialler: Challenge;
  readonly listener: Challenge;
}

export class Handshake {
  readonly #side: HandshakeSide;
  readonly #party: HandshakeParty;
  /** Whom the dialler wants; the listener takes any. */
  readonly #wanted: number | undefined;
  readonly #own: Challenge;
  /** The other side's, once the dialler has it. */
  #challenges: Challenges | undefined;
  #over = false;

  /**
   * @param wanted the id that must answer a dial; undefined for the listener.
   * @param nonce 32 bytes that were never used before.
   */
  constructor(
    party: HandshakeParty,
    wanted: number | undefined,
    nonce: Uint8Array = randomBytes(NONCE_BYTES),
  ) {
    assert(party.secrets.length > 0, 'a handshake is about a secret');
    assert(nonce.length === NONCE_BYTES, 'a nonce is long');
    this.#side = wanted === undefined ? 'listener' : 'dialler';
    this.#party = party;
    this.#wanted = wanted;
    const { id, cluster, channel } = party;
    this.#own = encodeChallenge({ id, cluster, channel, nonce });
  }

  /** What to send unasked: the listener begins. */
  get opening(): Uint8Array | undefined {
    return this.#side === 'listener' ? this.#own.bytes : undefined;
  }

  /** Reads one message. After `refused` or `trusted` there is no other. */
  receive(bytes: Uint8Array): HandshakeStep {
    assert(!this.#over, 'a handshake ends once');
    const step = this.#read(bytes);
    this.#over = step.type !== 'answer';
    return step;
  }

  #read(bytes: Uint8Array): HandshakeStep {
    if (this.#side === 'listener') return this.#judgeDialler(bytes);
    if (this.#challenges === undefined) return this.#answer(bytes);
    return this.#judgeListener(bytes, this.#challenges);
  }

  /** The dialler: the listener's challenge. */
  #answer(bytes: Uint8Array): HandshakeStep {
    const listener = decodeChallenge(bytes);
    const objection = this.#objection(listener);
    if (listener === undefined || objection !== undefined) return refused(objection);
    if (listener.id !== this.#wanted) return refused(`peer ${listener.id} is at that address`);
    const challenges = { dialler: this.#own, listener };
    this.#challenges = challenges;
    const own = proof(this.#signing, 'dialler', challenges);
    return { type: 'answer', bytes: Buffer.concat([this.#own.bytes, own]) };
  }

  /** The listener: the dialler's challenge and its proof. */
  #judgeDialler(bytes: Uint8Array): HandshakeStep {
    const at = Math.max(0, bytes.length - PROOF_BYTES);
    const dialler = decodeChallenge(bytes.subarray(0, at));
    const objection = this.#objection(dialler);
    if (dialler === undefined || objection !== undefined) return refused(objection);
    const challenges = { dialler, listener: this.#own };
    const theirs = this.#verify(bytes.subarray(at), 'dialler', challenges);
    if (theirs === undefined) return refused('the secrets differ');
    const own = proof(this.#signing, 'listener', challenges);
    return this.#trusted(own, dialler, theirs, challenges);
  }

  /** The dialler: the listener's proof. */
  #judgeListener(bytes: Uint8Array, challenges: Challenges): HandshakeStep {
    const theirs = this.#verify(bytes, 'listener', challenges);
    if (theirs === undefined) return refused('the secrets differ');
    return this.#trusted(undefined, challenges.listener, theirs, challenges);
  }

  #objection(challenge: Challenge | undefined): string | undefined {
    if (challenge === undefined) return `no handshake of version ${VERSION}`;
    const { cluster } = this.#party;
    const isForeign = cluster !== '' && challenge.cluster !== '' && cluster !== challenge.cluster;
    return isForeign ? 'another group' : undefined;
  }

  /** The secret that the proof was made with. */
  #verify(given: Uint8Array, side: HandshakeSide, challenges: Challenges): string | undefined {
    if (given.length !== PROOF_BYTES) return undefined;
    return this.#party.secrets.find((secret) =>
      timingSafeEqual(proof(secret, side, challenges), given),
    );
  }

  #trusted(
    bytes: Uint8Array | undefined,
    other: Challenge,
    theirs: string,
    challenges: Challenges,
  ): HandshakeStep {
    const otherSide = this.#side === 'listener' ? 'dialler' : 'listener';
    const seal = this.#sharesChannel(other)
      ? undefined
      : new FrameSeal(
          frameKey(this.#signing, this.#side, challenges),
          frameKey(theirs, otherSide, challenges),
        );
    return { type: 'trusted', bytes, peer: other.id, seal };
  }

  #sharesChannel({ channel }: Challenge): boolean {
    const own = this.#party.channel;
    return own.length === CHANNEL_BYTES && Buffer.compare(own, channel) === 0;
  }

  get #signing(): string {
    const [first] = this.#party.secrets;
    assert(first !== undefined, 'a handshake is about a secret');
    return first;
  }
}

function refused(reason = 'no handshake'): HandshakeStep {
  return { type: 'refused', reason };
}

/** Challenges tell where they end, so two of them in a row can be read in one way only. */
function proof(secret: string, side: HandshakeSide, { dialler, listener }: Challenges): Buffer {
  return createHmac('sha256', secret)
    .update(`${LABEL}: the ${side} proves\0`)
    .update(dialler.bytes)
    .update(listener.bytes)
    .digest();
}

/** The key of the frames that one side sends. */
function frameKey(
  secret: string,
  side: HandshakeSide,
  { dialler, listener }: Challenges,
): Uint8Array {
  const salt = Buffer.concat([dialler.nonce, listener.nonce]);
  return new Uint8Array(hkdfSync('sha256', secret, salt, `${LABEL}: the ${side} sends`, KEY_BYTES));
}
