/** The connections that one process knows of, and those that it tries to make. */
import type { LinkId } from '../zab/ready.ts';
import type { SimPeer } from './sim-peer.ts';
import type { PeerOptions, World } from './world.ts';

/** Ms of the first pause before a dial, at most. */
const DIAL_PAUSE = 40;

/** The other end of a connection, and when it was made. */
export interface Connection {
  readonly place: number;
  readonly since: number;
}

export class Connections {
  readonly #peer: SimPeer;
  readonly #world: World;
  readonly #dials: readonly number[];
  readonly #pauseMax: number;
  readonly #links = new Map<LinkId, Connection>();
  /** Places that will be dialled, or are. */
  readonly #dialing = new Set<number>();
  /** The last pause before a dial: longer each time, until a connection has lasted. */
  readonly #pauses = new Map<number, number>();

  constructor(peer: SimPeer, world: World, { dials, dialPauseMax }: PeerOptions) {
    this.#peer = peer;
    this.#world = world;
    this.#dials = dials;
    this.#pauseMax = dialPauseMax;
  }

  /** Where a link leads, if it is there. */
  place(link: LinkId): number | undefined {
    return this.#links.get(link)?.place;
  }

  opened(link: LinkId, dialer: 'self' | 'peer', place: number): void {
    this.#links.set(link, { place, since: this.#world.clock.now });
    if (dialer === 'self') this.#dialing.delete(place);
  }

  /** A connection is gone; undefined if it was not there. */
  ended(link: LinkId): Connection | undefined {
    const known = this.#links.get(link);
    this.#links.delete(link);
    return known;
  }

  /** Dials in place of one that has ended. */
  renew({ place, since }: Connection): void {
    if (this.#world.clock.now - since > this.#pauseMax) this.#pauses.delete(place);
    this.#dialSoon(place);
  }

  dialAll(): void {
    for (const place of this.#dials) this.#dialSoon(place);
  }

  /** The process is gone. */
  clear(): void {
    this.#links.clear();
    this.#dialing.clear();
    this.#pauses.clear();
  }

  /** Sees to it that there is a connection, after a pause that grows while none lasts. */
  #dialSoon(place: number): void {
    if (this.#dialing.has(place) || !this.#dials.includes(place)) return;
    this.#dialing.add(place);
    const pause = this.#pauses.get(place) ?? DIAL_PAUSE;
    this.#pauses.set(place, Math.min(pause * 2, this.#pauseMax));
    const peer = this.#peer;
    const { life } = peer;
    this.#world.clock.after(peer.prng.between(0, pause), () => {
      if (peer.alive && life === peer.life) this.#dial(place);
    });
  }

  #dial(place: number): void {
    for (const other of this.#links.values()) {
      if (other.place !== place) continue;
      this.#dialing.delete(place);
      return;
    }
    const peer = this.#peer;
    const { life } = peer;
    this.#world.network.dial(peer, place, () => {
      if (!peer.alive || life !== peer.life) return;
      this.#dialing.delete(place);
      this.#dialSoon(place);
    });
  }
}
