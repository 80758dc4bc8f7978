/** One WebSocket as the carrier of a link. */
import type { WebSocket } from 'ws';
import type { FrameSeal } from './frame-seal.ts';
import type { Channel } from './link-table.ts';

/** How long what was sent may take to leave after a link was closed; in ms. */
const LINGER = 1_000;
/** A WebSocket's closing frame holds no longer reason; in bytes. */
const REASON_BYTES = 123;
const NORMAL_CLOSURE = 1000;

/** What happens on a channel. */
export interface ChannelEvents {
  received(bytes: Uint8Array): void;
  drained(): void;
  /** A frame's seal was broken: somebody between the peers has written. The end follows. */
  forged(): void;
  /** Once, at the very end. */
  lost(reason: string): void;
}

export class WebSocketChannel implements Channel {
  readonly #socket: WebSocket;
  readonly #seal: FrameSeal | undefined;
  readonly #frameBytes: number;
  readonly #events: ChannelEvents;
  readonly #written: () => void;
  #ended = false;
  /** Why this side has cut the connection. */
  #failure: string | undefined;

  /**
   * @param seal undefined: frames travel as they are.
   * @param frameBytes the longest frame that is taken; the socket's own bound leaves room for a seal.
   */
  constructor(
    socket: WebSocket,
    seal: FrameSeal | undefined,
    frameBytes: number,
    events: ChannelEvents,
  ) {
    this.#socket = socket;
    this.#seal = seal;
    this.#frameBytes = frameBytes;
    this.#events = events;
    this.#written = () => {
      if (socket.bufferedAmount === 0) events.drained();
    };
    socket.on('error', (error) => {
      this.#failure ??= reasonOf(error);
    });
    socket.on('message', (data, isBinary) => {
      if (this.#ended) return;
      if (isBinary && data instanceof Uint8Array) this.#receive(data);
      else this.#cut('a text frame');
    });
    socket.on('close', (code, reason) => {
      events.lost(this.#failure ?? (reason.length > 0 ? reason.toString() : `closed (${code})`));
    });
  }

  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(this.#seal === undefined ? bytes : this.#seal.seal(bytes), this.#written);
  }

  end(reason: string): void {
    this.#ended = true;
    endSocket(this.#socket, reason);
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.terminate();
  }

  /** @param data may be a Buffer; the driver gets plain bytes. */
  #receive(data: Uint8Array): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
    const frame = this.#seal === undefined ? bytes : this.#seal.open(bytes);
    if (frame === undefined) {
      this.#events.forged();
      this.#cut('a frame that its sender has not sealed');
    } else if (frame.length > this.#frameBytes) {
      this.#cut(`a frame of ${frame.length} bytes`);
    } else {
      this.#events.received(frame);
    }
  }

  #cut(failure: string): void {
    this.#failure ??= failure;
    this.destroy();
  }
}

/** Closes a socket after what was sent on it, or anyway after {@link LINGER}. */
export function endSocket(socket: WebSocket, reason: string, code: number = NORMAL_CLOSURE): void {
  const timer = setTimeout(() => socket.terminate(), LINGER);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.close(code, shortened(reason));
}

/**
 * What went wrong, in a few words. OpenSSL's messages are long, and name their source files; refused
 * connections come without a message when there were several addresses.
 */
export function reasonOf(error: Error): string {
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}

function shortened(reason: string): Buffer {
  const room = Buffer.alloc(REASON_BYTES);
  return room.subarray(0, new TextEncoder().encodeInto(reason, room).written);
}
