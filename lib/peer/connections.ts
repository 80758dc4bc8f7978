import type { Address } from './addresses.ts';
import type { PeerConnection } from './status.ts';

/** What is known of the links to the other peers. */
export class Connections {
  #all: Readonly<Record<number, PeerConnection>>;

  constructor(others: readonly Address[]) {
    const entries = others.map(({ id, url }) => [id, { url, connected: false }] as const);
    this.#all = freeze(Object.fromEntries(entries));
  }

  /** A frozen value; another one after each change. */
  get all(): Readonly<Record<number, PeerConnection>> {
    return this.#all;
  }

  /** True if that was news. A peer that is not of the group is no news. */
  update(peer: number, connected: boolean, error: string | undefined): boolean {
    const before = this.#all[peer];
    if (before === undefined) return false;
    if (before.connected === connected && before.error === error) return false;
    const { url } = before;
    const now = error === undefined ? { url, connected } : { url, connected, error };
    this.#all = freeze({ ...this.#all, [peer]: now });
    return true;
  }

  /** `2: ECONNREFUSED 127.0.0.1:7702; 3: …`: the peers without a link, and why. */
  describe(): string {
    const missing = Object.entries(this.#all).filter(([, { connected }]) => !connected);
    return missing.map(([id, { error }]) => `${id}: ${error ?? 'not connected yet'}`).join('; ');
  }
}

function freeze(all: Record<number, PeerConnection>): Readonly<Record<number, PeerConnection>> {
  for (const connection of Object.values(all)) Object.freeze(connection);
  return Object.freeze(all);
}
