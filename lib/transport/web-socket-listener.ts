/** Where requests for links come in: at a port of the peer's own, or on a server of the application. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { assert } from '../base/assert.ts';
import { withoutBrackets, withPort } from './peer-url.ts';
import { asksForCertificates, type Trust } from './trust.ts';
import { addressOf, turnAway, type UpgradeGate } from './upgrade-gate.ts';
import { reasonOf } from './web-socket-channel.ts';

export interface WebSocketListener {
  /** Returns the URL at which the peer is reached now. */
  open(): Promise<string>;
  /** Lets nobody in any more; resolves when nothing of it is left. @param linksEnded links that came in are the transport's, which ends them. */
  close(linksEnded: Promise<unknown>): Promise<void>;
}

const UPGRADE_REQUIRED = 426;
/** Connections at a time, links included: files that a stranger may hold open. */
const CONNECTIONS_MAX = 1_024;

/** A port of the peer's own. */
export class OwnListener implements WebSocketListener {
  readonly #url: URL;
  readonly #host: string;
  readonly #server: Server;
  /** Everything that has connected, whatever became of it. */
  readonly #connections = new Set<Socket>();
  #opening: Promise<void> | undefined;

  /**
   * @param url its port and path; with `wss:` there is TLS.
   * @param host the interface to listen on.
   * @param requestTime how long a connection may take to ask for an upgrade, TLS included; in ms.
   * @param refused told of whoever fails in TLS.
   */
  constructor(
    url: URL,
    host: string,
    trust: Trust,
    requestTime: number,
    gate: UpgradeGate,
    refused: (address: string, reason: string) => void,
  ) {
    this.#url = url;
    this.#host = withoutBrackets(host);
    const options = serverOptions(requestTime);
    this.#server = url.protocol === 'wss:' ? secureServer(trust, options) : createServer(options);
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('request', (_request, response: ServerResponse) => {
      response.writeHead(UPGRADE_REQUIRED, { connection: 'close' }).end();
    });
    this.#server.on('upgrade', (request, socket, head) => gate.upgrade(request, socket, head));
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      const { authorizationError } = socket;
      // Typed as an error, it is a code; and where there is no certificate at all, nothing.
      const reason = authorizationError == null ? reasonOf(error) : String(authorizationError);
      refused(addressOf(socket), `TLS: ${reason}`);
    });
    this.#server.on('connection', (socket: unknown) => {
      if (!(socket instanceof Socket)) return;
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  async open(): Promise<string> {
    const standard = this.#url.protocol === 'wss:' ? 443 : 80;
    this.#opening = new Promise((resolve, reject) => {
      this.#server.on('error', reject);
      this.#server.listen(Number(this.#url.port || standard), this.#host, resolve);
    });
    await this.#opening;
    const address = this.#server.address();
    assert(isAddressInfo(address), 'a peer listens on a port');
    return withPort(this.#url, address.port);
  }

  async close(linksEnded: Promise<unknown>): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await linksEnded;
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }
}

/** A path on a server that belongs to the application. Everything else there is none of our business. */
export class MountedListener implements WebSocketListener {
  readonly #url: URL;
  readonly #server: Server;
  readonly #gate: UpgradeGate;

  constructor(url: URL, server: Server, gate: UpgradeGate) {
    this.#url = url;
    this.#server = server;
    this.#gate = gate;
  }

  async open(): Promise<string> {
    this.#server.on('upgrade', this.#upgrade);
    return this.#url.href;
  }

  async close(linksEnded: Promise<unknown>): Promise<void> {
    this.#server.off('upgrade', this.#upgrade);
    await linksEnded;
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#gate.concerns(request)) this.#gate.upgrade(request, socket, head);
    else if (this.#server.listenerCount('upgrade') === 1) this.#giveBack(request, socket, head);
  };

  /**
   * Without a listener for upgrades Node answers such a request as any other; with one it leaves it to
   * the listener, and the connection of whoever asks for `h2c`, as Java's client does, would hang.
   * Nobody but us listens, so it goes where it would have gone.
   */
  #giveBack(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const { headers } = request;
    const hasBody = 'content-length' in headers || 'transfer-encoding' in headers;
    // What follows the head of an upgrade is not parsed any more.
    if (hasBody || head.length > 0 || !(socket instanceof Socket)) {
      turnAway(socket, { status: 400, reason: 'no upgrade is possible here' });
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    try {
      response.assignSocket(socket);
    } catch {
      // An answer to an earlier request of this connection is still due, so there is no place for another.
      socket.destroy();
      return;
    }
    response.once('finish', () => socket.destroySoon());
    this.#server.emit('request', request, response);
  }
}

function serverOptions(requestTime: number): ServerOptions {
  return {
    headersTimeout: requestTime,
    requestTimeout: requestTime,
    connectionsCheckingInterval: Math.ceil(requestTime / 3),
  };
}

function secureServer(trust: Trust, options: ServerOptions): Server {
  const isAsking = asksForCertificates(trust);
  return createSecureServer({
    ...trust.tls,
    ...options,
    handshakeTimeout: options.requestTimeout,
    requestCert: isAsking,
    rejectUnauthorized: isAsking,
  });
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
