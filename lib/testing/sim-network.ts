/**
 * Connections between processes, as TCP gives them: in one direction of one connection frames arrive
 * in order, and what is lost is always a suffix, by a break. Between connections anything may
 * overtake anything. A blocked direction holds its frames back and tells nobody; a half-open
 * connection is one whose other end is gone without a word.
 */
import type { LinkId } from '../zab/ready.ts';
import type { Prng } from './prng.ts';
import type { SimClock } from './sim-clock.ts';

/** A process, as the network sees it. Its methods are called when the bytes are there, not before. */
export interface Endpoint {
  /** Place in the network; a clone of a peer has one of its own. */
  readonly place: number;
  /** Whether anybody listens. */
  readonly alive: boolean;
  linked(link: LinkId, dialer: 'self' | 'peer', other: number): void;
  unlinked(link: LinkId): void;
  /** Nothing waits any more on a link that had a {@link SimNetwork.backlog}. */
  drained(link: LinkId): void;
  frame(link: LinkId, frame: Frame): void;
}

/** Encoded messages, or whatever the codec of this simulation makes of them. */
export interface Frame {
  readonly body: unknown;
  readonly size: number;
}

export interface NetworkOptions {
  /** One-way delay of a frame in ms: at least, and the mean of what comes on top. */
  readonly latency: number;
  readonly jitter: number;
  /** How often a frame takes up to `spike` ms instead. */
  readonly spikeChance: number;
  readonly spike: number;
  /** Milliseconds for each kilobyte. */
  readonly perKilobyte: number;
  /** More bytes than that waiting on a link end it. */
  readonly queueBytes: number;
}

/** One end of a connection, which one process holds. */
interface End {
  readonly link: LinkId;
  readonly endpoint: Endpoint;
  readonly other: number;
  /** The process still holds it. */
  open: boolean;
  /** The process has been told that it is there. */
  known: boolean;
}

/** What travels one way: frames, and `undefined` for the end of the stream. */
interface Pipe {
  readonly from: End;
  readonly to: End;
  readonly flying: { readonly at: number; readonly frame: Frame | undefined }[];
  last: number;
  /** Of the frames that fly. */
  bytes: number;
  /** Somebody knows of its backlog. */
  filled: boolean;
  scheduled: boolean;
  /** The connection broke: nothing but the end of the stream gets through any more. */
  broken: boolean;
  /** Not even that. */
  silent: boolean;
  /** The end of the stream is under way or has arrived. */
  finished: boolean;
}

/** Ms after which a dialler gives up, as the real transport does. */
const DIAL_TIME = 3_000;

/** The part of the bytes of a link that its socket takes at once. */
const SOCKET_SHARE = 16;

export class SimNetwork {
  readonly #clock: SimClock;
  readonly #prng: Prng;
  readonly #options: NetworkOptions;
  readonly #endpoints: Endpoint[] = [];
  /** Pipes by the link of the end that sends into them. */
  readonly #pipes = new Map<LinkId, Pipe>();
  /** How many faults block a direction, by `from * 64 + to`. */
  readonly #blocks = new Map<number, number>();
  /** Delay factor of all that goes to a process. */
  readonly #slow = new Map<number, number>();
  #nextLink = 1;
  /** Frames are exact and prompt: the world has healed. */
  calm = false;
  frames = 0;

  constructor(clock: SimClock, prng: Prng, options: NetworkOptions) {
    this.#clock = clock;
    this.#prng = prng;
    this.#options = options;
  }

  /** A process appears at its place, instead of the one before. */
  attach(endpoint: Endpoint): void {
    this.#endpoints[endpoint.place] = endpoint;
  }

  /** Asks for a connection; `failed` if there will be none, or none in time. */
  dial(from: Endpoint, to: number, failed: () => void): void {
    const there = this.#delay(from.place, to);
    const back = this.#delay(to, from.place);
    const left = DIAL_TIME - there;
    if (left < 0) {
      this.#clock.after(DIAL_TIME, failed);
      return;
    }
    this.#clock.after(there, () => {
      const target = this.#endpoints[to];
      const reachable = !this.#blocked(from.place, to) && !this.#blocked(to, from.place);
      if (target?.alive !== true || !from.alive || !reachable) {
        this.#clock.after(Math.min(back, left), failed);
        return;
      }
      const dialer = this.#accept(from, target);
      this.#clock.after(Math.min(back, left), () => {
        if (back > left) this.close(dialer.link);
        // It broke before the dialler knew of it: to the dialler that is a dial that failed.
        if (!dialer.open) {
          failed();
          return;
        }
        dialer.known = true;
        from.linked(dialer.link, 'self', to);
        const pipe = this.#twin(this.#pipes.get(dialer.link));
        if (pipe !== undefined) this.#schedule(pipe);
      });
    });
  }

  /** A connection of which only who was called knows yet. @returns the end of the dialler */
  #accept(from: Endpoint, target: Endpoint): End {
    const dialer = this.#end(from, target.place);
    const acceptor = this.#end(target, from.place);
    this.#pipe(dialer, acceptor);
    this.#pipe(acceptor, dialer);
    acceptor.known = true;
    target.linked(acceptor.link, 'peer', from.place);
    return dialer;
  }

  /** Puts a frame behind all that was sent on the link before. */
  send(link: LinkId, frame: Frame): void {
    const pipe = this.#pipes.get(link);
    if (pipe === undefined || !pipe.from.open || pipe.broken) return;
    this.frames += 1;
    this.#push(pipe, frame);
  }

  /** Bytes that wait on a link, beyond what its socket has taken. */
  backlog(link: LinkId): number {
    const pipe = this.#pipes.get(link);
    const bytes = Math.max(0, (pipe?.bytes ?? 0) - this.#options.queueBytes / SOCKET_SHARE);
    if (pipe !== undefined && bytes > 0) pipe.filled = true;
    return bytes;
  }

  /** Ends a link on which too much waits: true if it did. The other end learns it as from a break. */
  overflows(link: LinkId): boolean {
    const pipe = this.#pipes.get(link);
    if (pipe === undefined || pipe.bytes <= this.#options.queueBytes) return false;
    pipe.from.open = false;
    this.#cut(pipe);
    this.#finish(pipe);
    this.#forget(pipe);
    return true;
  }

  /** The process closes its end: what it sent still arrives, then the end of the stream. */
  close(link: LinkId): void {
    const pipe = this.#pipes.get(link);
    if (pipe === undefined || !pipe.from.open) return;
    pipe.from.open = false;
    this.#finish(pipe);
    this.#forget(pipe);
  }

  /** A process is gone. With power loss (`silent`) nobody tells the others; either way a suffix of what it sent is lost. */
  crash(endpoint: Endpoint, silent: boolean): void {
    for (const pipe of [...this.#pipes.values()]) {
      if (pipe.from.endpoint !== endpoint || !pipe.from.open) continue;
      pipe.from.open = false;
      this.#cut(pipe);
      if (silent) pipe.silent = true;
      else this.#finish(pipe);
      this.#forget(pipe);
    }
  }

  /** Breaks every connection between two places, and says how many. Of a half-open one only `a` learns it. */
  break(a: number, b: number, halfOpen: boolean): number {
    let count = 0;
    for (const pipe of [...this.#pipes.values()]) {
      if (pipe.from.endpoint.place !== a || pipe.to.endpoint.place !== b) continue;
      if (pipe.broken || !pipe.from.open || !pipe.to.open) continue;
      const twin = this.#twin(pipe);
      if (twin === undefined) continue;
      count += 1;
      this.#cut(pipe);
      this.#cut(twin);
      this.#finish(twin);
      if (halfOpen) pipe.silent = true;
      else this.#finish(pipe);
    }
    return count;
  }

  /** Holds back everything in one direction until as many {@link unblock}. */
  block(from: number, to: number): void {
    const key = from * 64 + to;
    this.#blocks.set(key, (this.#blocks.get(key) ?? 0) + 1);
  }

  unblock(from: number, to: number): void {
    const key = from * 64 + to;
    const left = (this.#blocks.get(key) ?? 0) - 1;
    if (left > 0) {
      this.#blocks.set(key, left);
      return;
    }
    this.#blocks.delete(key);
    for (const pipe of this.#pipes.values()) {
      if (pipe.from.endpoint.place === from && pipe.to.endpoint.place === to) this.#schedule(pipe);
    }
  }

  /** Everything sent to a place takes so many times as long; 1 is normal. */
  slow(place: number, factor: number): void {
    this.#slow.set(place, factor);
  }

  /** From now on frames are prompt, and ends that nobody would ever have told are told. */
  heal(): void {
    this.calm = true;
    this.#blocks.clear();
    this.#slow.clear();
    for (const pipe of [...this.#pipes.values()]) {
      if (!pipe.from.open && pipe.to.open) {
        pipe.silent = false;
        this.#finish(pipe);
      }
      this.#schedule(pipe);
    }
  }

  /** Connections that some process still holds. */
  get open(): number {
    let count = 0;
    for (const pipe of this.#pipes.values()) if (pipe.from.open) count += 1;
    return count;
  }

  #end(endpoint: Endpoint, other: number): End {
    const link = this.#nextLink;
    this.#nextLink += 1;
    return { link, endpoint, other, open: true, known: false };
  }

  #pipe(from: End, to: End): void {
    this.#pipes.set(from.link, {
      from,
      to,
      flying: [],
      last: 0,
      bytes: 0,
      filled: false,
      scheduled: false,
      broken: false,
      silent: false,
      finished: false,
    });
  }

  /** The same connection the other way. */
  #twin(pipe: Pipe | undefined): Pipe | undefined {
    return pipe && this.#pipes.get(pipe.to.link);
  }

  #blocked(from: number, to: number): boolean {
    return this.#blocks.size > 0 && this.#blocks.has(from * 64 + to);
  }

  #delay(from: number, to: number): number {
    const { latency, jitter, spikeChance, spike } = this.#options;
    const prng = this.#prng;
    if (this.calm) return latency + prng.float();
    const base = prng.chance(spikeChance)
      ? prng.between(0, spike)
      : latency + prng.exponential(jitter);
    return base * (this.#slow.get(to) ?? 1) + (from === to ? 0 : 0.01);
  }

  #push(pipe: Pipe, frame: Frame | undefined): void {
    const { from, to } = pipe;
    const wire = ((frame?.size ?? 0) / 1024) * this.#options.perKilobyte;
    const at = Math.max(
      this.#clock.now + this.#delay(from.endpoint.place, to.endpoint.place),
      pipe.last + wire,
    );
    pipe.last = at;
    pipe.flying.push({ at, frame });
    pipe.bytes += frame?.size ?? 0;
    this.#schedule(pipe);
  }

  /** The connection breaks: a suffix of what is under way is lost. */
  #cut(pipe: Pipe): void {
    if (!pipe.finished) this.#tear(pipe);
    pipe.bytes = pipe.flying.reduce((sum, { frame }) => sum + (frame?.size ?? 0), 0);
    pipe.last = pipe.flying.at(-1)?.at ?? this.#clock.now;
    pipe.broken = true;
  }

  /** A suffix of the bytes is lost: it may begin anywhere in a frame, of which the head still arrives. */
  #tear(pipe: Pipe): void {
    const left = this.#prng.below(pipe.flying.length + 1);
    const torn = pipe.flying[left];
    pipe.flying.length = left;
    const { body } = torn?.frame ?? {};
    if (torn === undefined || !(body instanceof Uint8Array) || this.#prng.chance(0.5)) return;
    const head = body.subarray(0, this.#prng.below(body.length));
    pipe.flying.push({ at: torn.at, frame: { body: head, size: head.length } });
  }

  #finish(pipe: Pipe): void {
    if (pipe.finished || pipe.silent) return;
    pipe.finished = true;
    this.#push(pipe, undefined);
  }

  #schedule(pipe: Pipe): void {
    const head = pipe.flying[0];
    if (head === undefined || pipe.scheduled || !pipe.to.known) return;
    if (this.#blocked(pipe.from.endpoint.place, pipe.to.endpoint.place)) return;
    pipe.scheduled = true;
    this.#clock.at(head.at, () => {
      pipe.scheduled = false;
      this.#arrive(pipe);
    });
  }

  #arrive(pipe: Pipe): void {
    if (this.#blocked(pipe.from.endpoint.place, pipe.to.endpoint.place)) return;
    const head = pipe.flying[0];
    if (head === undefined) return;
    if (head.at > this.#clock.now) {
      this.#schedule(pipe);
      return;
    }
    pipe.flying.shift();
    this.#drain(pipe, head.frame?.size ?? 0);
    const { to } = pipe;
    if (head.frame === undefined) {
      if (!to.open) return;
      to.open = false;
      this.#forget(pipe);
      to.endpoint.unlinked(to.link);
      return;
    }
    this.#schedule(pipe);
    if (to.open) to.endpoint.frame(to.link, head.frame);
    else this.#reset(pipe);
  }

  #drain(pipe: Pipe, bytes: number): void {
    pipe.bytes -= bytes;
    if (!pipe.filled || pipe.bytes > 0) return;
    pipe.filled = false;
    if (pipe.from.open) pipe.from.endpoint.drained(pipe.from.link);
  }

  /** The receiver's host knows no such connection, and says so: unless that process itself is the one cut off. */
  #reset(pipe: Pipe): void {
    const twin = this.#twin(pipe);
    const host = this.#endpoints[pipe.to.endpoint.place];
    if (twin === undefined || host?.alive !== true) return;
    if (twin.silent && host === pipe.to.endpoint) return;
    twin.silent = false;
    this.#finish(twin);
  }

  /** Nobody holds the connection any more. */
  #forget(pipe: Pipe): void {
    if (pipe.from.open || pipe.to.open) return;
    this.#pipes.delete(pipe.from.link);
    this.#pipes.delete(pipe.to.link);
  }
}
