/** Where a request to become a link is judged, before a single frame is read. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isCertifiedBy } from './client-certificate.ts';
import { asksForCertificates, type Trust } from './trust.ts';

/**
 * The WebSocket subprotocol of a connection that begins with a handshake. With a secret only such
 * connections are taken, without one none of them: neither side can be talked out of it, and both
 * learn what is wrong.
 */
export const SECRET_PROTOCOL = 'quorate.secret.1';

/** One that came in. */
export interface Arrival {
  readonly socket: WebSocket;
  /** What the frames travel in. */
  readonly carrier: Duplex;
  readonly request: IncomingMessage;
  readonly address: string;
}

export interface GateOptions {
  readonly trust: Trust;
  /** The longest frame that is taken. */
  readonly frameBytes: number;
  /** Where links are asked for, such as `/quorate`. */
  readonly path: string;
  /** The certificates of whoever dials were checked by our own server. */
  readonly isOwnServer: boolean;
  /** Why another stranger from that address may not come in; undefined: it may. */
  readonly crowded: (address: string) => string | undefined;
  readonly arrived: (arrival: Arrival) => void;
  readonly refused: (address: string, reason: string) => void;
}

interface Objection {
  readonly status: number;
  readonly reason: string;
}

export class UpgradeGate {
  readonly #options: GateOptions;
  readonly #upgrader: WebSocketServer;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.frameBytes,
    });
    this.#upgrader.on('wsClientError', (_error, carrier, request) => {
      carrier.destroy();
      options.refused(addressOf(request.socket), 'a malformed upgrade');
    });
  }

  /** Whether the request is for a link of this peer. */
  concerns(request: IncomingMessage): boolean {
    const [path] = (request.url ?? '').split('?', 1);
    return path === this.#options.path;
  }

  /** Lets it in or turns it away, with a word to whoever waits for the answer. */
  upgrade(request: IncomingMessage, carrier: Duplex, head: Buffer): void {
    carrier.on('error', () => undefined);
    const address = addressOf(request.socket);
    const objection = this.#objection(request, address);
    if (objection !== undefined) {
      turnAway(carrier, objection);
      this.#options.refused(address, objection.reason);
      return;
    }
    try {
      this.#upgrader.handleUpgrade(request, carrier, head, (socket) =>
        this.#options.arrived({ socket, carrier, request, address }),
      );
    } catch {
      // Thrown into the application's server it would end the process.
      this.#options.refused(address, 'another WebSocket server has taken the same request');
    }
  }

  #objection(request: IncomingMessage, address: string): Objection | undefined {
    const { trust, isOwnServer, crowded } = this.#options;
    // A peer sends no origin. A browser always does, and a page must not reach a peer on localhost.
    if (request.headers.origin !== undefined)
      return { status: 403, reason: 'browsers are not taken' };
    if (!this.concerns(request)) return { status: 404, reason: 'no link is opened at that path' };
    const hasSecret = request.headers['sec-websocket-protocol'] === SECRET_PROTOCOL;
    if (trust.secrets.length > 0) {
      if (!hasSecret) return { status: 401, reason: 'a secret is asked for' };
      const reason = crowded(address);
      return reason === undefined ? undefined : { status: 503, reason };
    }
    if (hasSecret) return { status: 401, reason: 'no secret is known here' };
    if (isOwnServer || !asksForCertificates(trust)) return undefined;
    if (isCertifiedBy(trust.tls?.ca, request.socket)) return undefined;
    return { status: 401, reason: 'no certificate of the group was shown' };
  }
}

/** The other end of a socket, as an `ip` identity has it. */
export function addressOf(socket: Duplex): string {
  const address = socket instanceof Socket ? (socket.remoteAddress ?? '') : '';
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

/** The reason goes into the status line, which the other side's `status` will show. */
export function turnAway(carrier: Duplex, { status, reason }: Objection): void {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}: ${reason}`;
  carrier.once('finish', () => carrier.destroy());
  carrier.end(`${head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
