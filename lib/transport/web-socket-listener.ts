/** The port on which links are accepted. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { assert } from '../base/assert.ts';
import { withPort } from './peer-url.ts';

const UPGRADE_REQUIRED = 426;

export class WebSocketListener {
  readonly #url: URL;
  readonly #accept: (socket: WebSocket) => void;
  readonly #http: Server;
  readonly #upgrader: WebSocketServer;
  #opening: Promise<void> | undefined;

  /** @param frameBytes the longest frame that is taken. */
  constructor(url: URL, frameBytes: number, accept: (socket: WebSocket) => void) {
    this.#url = url;
    this.#accept = accept;
    this.#upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: frameBytes,
      path: url.pathname,
      // A peer sends no origin. A browser always does, and a page must not reach a peer on localhost.
      verifyClient: ({ req }: { req: IncomingMessage }) => req.headers.origin === undefined,
    });
    this.#upgrader.on('wsClientError', (_error, socket) => socket.destroy());
    this.#http = createServer((_request, response) => response.writeHead(UPGRADE_REQUIRED).end());
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Returns the URL with the port that was given. */
  async open(): Promise<string> {
    const host = this.#url.hostname.replace(/^\[|\]$/g, '');
    this.#opening = new Promise((resolve, reject) => {
      this.#http.on('error', reject);
      this.#http.listen(Number(this.#url.port || 80), host, resolve);
    });
    await this.#opening;
    const address = this.#http.address();
    assert(isAddressInfo(address), 'a peer listens on a port');
    return withPort(this.#url, address.port);
  }

  /** Frees the port. Links that were accepted are not its own any more. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    await closed;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    this.#upgrader.handleUpgrade(request, socket, head, this.#accept);
  }
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
