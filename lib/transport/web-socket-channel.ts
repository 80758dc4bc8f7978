/** One WebSocket as the carrier of a link. */
import type { WebSocket } from 'ws';
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
  /** Once, at the very end. */
  lost(reason: string): void;
}

export class WebSocketChannel implements Channel {
  readonly #socket: WebSocket;
  readonly #written: () => void;
  #ended = false;

  constructor(socket: WebSocket, events: ChannelEvents) {
    this.#socket = socket;
    this.#written = () => {
      if (socket.bufferedAmount === 0) events.drained();
    };
    let failure: string | undefined;
    socket.on('error', (error) => {
      failure ??= reasonOf(error);
    });
    socket.on('message', (data, isBinary) => {
      if (this.#ended) return;
      if (isBinary && data instanceof Uint8Array) {
        events.received(new Uint8Array(data.buffer, data.byteOffset, data.length));
      } else {
        failure ??= 'a text frame';
        socket.terminate();
      }
    });
    socket.on('close', (code, reason) => {
      events.lost(failure ?? (reason.length > 0 ? reason.toString() : `closed (${code})`));
    });
  }

  get backlog(): number {
    return this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(bytes, this.#written);
  }

  end(reason: string): void {
    this.#ended = true;
    endSocket(this.#socket, reason);
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.terminate();
  }
}

/** Closes a socket after what was sent on it, or anyway after {@link LINGER}. */
export function endSocket(socket: WebSocket, reason: string): void {
  const timer = setTimeout(() => socket.terminate(), LINGER);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.close(NORMAL_CLOSURE, shortened(reason));
}

/** What went wrong, in a few words; refused connections come without a message when there were several addresses. */
export function reasonOf(error: Error): string {
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
}

function shortened(reason: string): Buffer {
  const room = Buffer.alloc(REASON_BYTES);
  return room.subarray(0, new TextEncoder().encodeInto(reason, room).written);
}
