/**
 * Sees to it that every configured peer is linked: dials it while no link to it stands, with pauses
 * that double from one failure to the next and are jittered, so that peers which fail together do not
 * dial together.
 */
import type { LinkId } from '../zab/ready.ts';

/** Longest pause before the first dial after a loss; in ms. */
const FIRST_PAUSE = 50;
/** Longest pause of all; in ms. Also how long a link must live to count as a success. */
const LONGEST_PAUSE = 1_000;

interface Route {
  readonly peer: number;
  readonly url: string;
  dialling: boolean;
  /** Dials that failed, and links that did not live long, in a row. */
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

export class Dialer {
  readonly #dial: (peer: number, url: string) => void;
  readonly #random: () => number;
  readonly #routes = new Map<number, Route>();
  /** Which peer a link leads to, and since when that is known (monotonic ms). */
  readonly #links = new Map<LinkId, { readonly peer: number; readonly since: number }>();
  #stopped = false;

  /**
   * @param dial begins a dial, whose end is told with {@link opened} or {@link failed}.
   * @param random uniform in [0, 1), for the jitter.
   */
  constructor(dial: (peer: number, url: string) => void, random: () => number = Math.random) {
    this.#dial = dial;
    this.#random = random;
  }

  /** Dials the peer now, and from now on whenever it has no link. A new URL counts from the next dial on. */
  keep(peer: number, url: string): void {
    const old = this.#routes.get(peer);
    const fresh = { dialling: false, failures: 0, timer: undefined };
    const route = { ...(old ?? fresh), peer, url };
    clearTimeout(old?.timer);
    this.#routes.set(peer, route);
    this.#attempt(route);
  }

  /** The dial succeeded. */
  opened(peer: number, link: LinkId): void {
    const route = this.#routes.get(peer);
    if (route !== undefined) route.dialling = false;
    this.recognized(link, peer);
  }

  /** The dial failed. */
  failed(peer: number): void {
    const route = this.#routes.get(peer);
    if (route === undefined) return;
    route.dialling = false;
    this.#pause(route);
  }

  /** A link, whoever dialled it, leads to the peer. */
  recognized(link: LinkId, peer: number): void {
    if (this.#links.has(link)) return;
    this.#links.set(link, { peer, since: performance.now() });
    clearTimeout(this.#routes.get(peer)?.timer);
  }

  /** A link is gone. */
  closed(link: LinkId): void {
    const lost = this.#links.get(link);
    this.#links.delete(link);
    const route = this.#routes.get(lost?.peer ?? 0);
    if (lost === undefined || route === undefined) return;
    if (performance.now() - lost.since >= LONGEST_PAUSE) route.failures = 0;
    this.#pause(route);
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#routes.values()) clearTimeout(timer);
  }

  #pause(route: Route): void {
    if (!this.#wanted(route)) return;
    const longest = Math.min(FIRST_PAUSE * 2 ** route.failures, LONGEST_PAUSE);
    route.failures += 1;
    clearTimeout(route.timer);
    route.timer = setTimeout(() => this.#attempt(route), longest * (0.5 + this.#random() / 2));
    route.timer.unref();
  }

  #wanted({ peer, dialling }: Route): boolean {
    if (this.#stopped || dialling) return false;
    return [...this.#links.values()].every((link) => link.peer !== peer);
  }

  #attempt(route: Route): void {
    if (!this.#wanted(route)) return;
    route.dialling = true;
    this.#dial(route.peer, route.url);
  }
}
