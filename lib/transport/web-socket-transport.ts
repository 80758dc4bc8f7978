/** Links between peers as WebSockets: one URL per peer, one frame per message. */
import { WebSocket } from 'ws';
import { assert } from '../base/assert.ts';
import type { LinkId } from '../zab/ready.ts';
import { Dialer } from './dialer.ts';
import { LINK_LIMITS, type LinkLimits } from './limits.ts';
import { LinkTable } from './link-table.ts';
import { parsePeerUrl } from './peer-url.ts';
import type { DialSide, Transport, TransportEvents } from './transport.ts';
import { endSocket, reasonOf, WebSocketChannel } from './web-socket-channel.ts';
import { WebSocketListener } from './web-socket-listener.ts';

/** How long a connection may take until it is a link; in ms. */
const HANDSHAKE_TIMEOUT = 2_000;

/** A {@link Transport} over `ws`. Loopback only: links are not authenticated yet. */
export class WebSocketTransport implements Transport {
  readonly #limits: LinkLimits;
  readonly #dialer: Dialer;
  readonly #links: LinkTable;
  /** Every socket that is not closed, links and dials alike. */
  readonly #sockets = new Set<WebSocket>();
  readonly #listeners: WebSocketListener[] = [];
  #closing: Promise<void> | undefined;

  constructor(limits: Partial<LinkLimits> = {}) {
    this.#limits = { ...LINK_LIMITS, ...limits };
    this.#dialer = new Dialer((peer, url) => this.#connect(peer, url));
    this.#links = new LinkTable(this.#limits.queueBytes, (link) => this.#dialer.closed(link));
  }

  start(events: TransportEvents): void {
    this.#links.start(events);
  }

  async listen(url: string): Promise<string> {
    assert(this.#closing === undefined, 'a closed transport does not listen');
    const accept = (socket: WebSocket): void => this.#accept(socket);
    const listener = new WebSocketListener(parsePeerUrl(url), this.#limits.frameBytes, accept);
    this.#listeners.push(listener);
    return await listener.open();
  }

  dial(peer: number, url: string): void {
    this.#dialer.keep(peer, parsePeerUrl(url).href);
  }

  recognize(link: LinkId, peer: number): void {
    if (this.#links.stands(link)) this.#dialer.recognized(link, peer);
  }

  send(link: LinkId, bytes: Uint8Array): void {
    this.#links.send(link, bytes);
  }

  backlog(link: LinkId): number {
    return this.#links.backlog(link);
  }

  disconnect(link: LinkId, reason: string): void {
    this.#links.disconnect(link, reason);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#links.silence();
    this.#dialer.stop();
    const sockets = [...this.#sockets].map(closed);
    for (const socket of this.#sockets) {
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else endSocket(socket, 'the peer closes');
    }
    await Promise.all([...sockets, ...this.#listeners.map((listener) => listener.close())]);
  }

  #accept(socket: WebSocket): void {
    this.#track(socket);
    if (this.#closing === undefined) this.#open(socket, 'peer');
    else socket.terminate();
  }

  #connect(peer: number, url: string): void {
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: this.#limits.frameBytes,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
    });
    this.#track(socket);
    let failure = 'closed during the handshake';
    const failed = (): void => {
      this.#dialer.failed(peer);
      this.#links.dialFailed(peer, failure);
    };
    const onError = (error: Error): void => {
      failure = reasonOf(error);
    };
    socket.on('error', onError);
    socket.once('close', failed);
    socket.once('open', () => {
      socket.off('close', failed);
      this.#dialer.opened(peer, this.#open(socket, 'self'));
      socket.off('error', onError);
    });
  }

  #open(socket: WebSocket, side: DialSide): LinkId {
    const channel = new WebSocketChannel(socket, {
      received: (bytes) => this.#links.received(link, bytes),
      drained: () => this.#links.drained(link),
      lost: (reason) => this.#links.lost(link, reason),
    });
    const link = this.#links.open(channel, side);
    return link;
  }

  #track(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

function closed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
