/** Links between peers as WebSockets: one URL per peer, one frame per message. */
import type { LookupAddress } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { assert } from '../base/assert.ts';
import type { LinkId } from '../zab/ready.ts';
import { channelBinding } from './channel-binding.ts';
import { Dialer } from './dialer.ts';
import { type FrameSeal, SEAL_BYTES } from './frame-seal.ts';
import { Handshake } from './handshake.ts';
import { introduce } from './introduction.ts';
import { LINK_LIMITS, type LinkLimits } from './limits.ts';
import { LinkTable } from './link-table.ts';
import { NameLookup } from './name-lookup.ts';
import { isLoopback, parsePeerUrl, withoutBrackets } from './peer-url.ts';
import { Refusals } from './refusals.ts';
import { Strangers } from './strangers.ts';
import type { DialSide, Transport, TransportEvents } from './transport.ts';
import { type Binding, isAuthenticated, NO_TRUST, OWN_URL, type Trust } from './trust.ts';
import { type Arrival, addressOf, UpgradeGate } from './upgrade-gate.ts';
import { endSocket, WebSocketChannel } from './web-socket-channel.ts';
import { dialWebSocket } from './web-socket-dial.ts';
import { MountedListener, OwnListener, type WebSocketListener } from './web-socket-listener.ts';

/** What a {@link WebSocketTransport} may be told. */
export interface WebSocketOptions {
  readonly limits?: Partial<LinkLimits>;
  /** @default nothing to show: loopback addresses only */
  readonly trust?: Trust;
  /** @default a port of its own, at the own URL */
  readonly binding?: Binding;
}

/** A connection on which frames could travel. */
interface Meeting {
  readonly socket: WebSocket;
  /** What the frames travel in. */
  readonly carrier: Duplex;
  readonly address: string;
  /** The id that was dialled; undefined: the other side has dialled. */
  readonly wanted: number | undefined;
}

/** A {@link Transport} over `ws`. */
export class WebSocketTransport implements Transport {
  readonly #limits: LinkLimits;
  readonly #trust: Trust;
  readonly #binding: Binding;
  readonly #dialer: Dialer;
  readonly #links: LinkTable;
  readonly #refusals: Refusals;
  readonly #names = new NameLookup();
  /** Every socket that is not closed, links and dials alike. */
  readonly #sockets = new Set<WebSocket>();
  /** Those that came in and have not shown the secret yet. */
  readonly #strangers: Strangers;
  readonly #listeners: WebSocketListener[] = [];
  /** Where the application hands requests in, once they are waited for. */
  #manual: UpgradeGate | undefined;
  #closing: Promise<void> | undefined;

  constructor({ limits, trust = NO_TRUST, binding = OWN_URL }: WebSocketOptions = {}) {
    this.#limits = { ...LINK_LIMITS, ...limits };
    this.#trust = trust;
    this.#binding = binding;
    this.#strangers = new Strangers(this.#limits.strangers, this.#limits.strangersOfOne);
    this.#dialer = new Dialer((peer, url) => this.#resolve(peer, url));
    this.#links = new LinkTable(this.#limits.queueBytes, (link) => this.#dialer.closed(link));
    this.#refusals = new Refusals((address, reason) => this.#links.refused(address, reason));
  }

  get refused(): number {
    return this.#refusals.count;
  }

  start(events: TransportEvents): void {
    this.#links.start(events);
  }

  async listen(text: string): Promise<string> {
    assert(this.#closing === undefined, 'a closed transport does not listen');
    const url = parsePeerUrl(text);
    const binding = this.#binding;
    if (binding.type === 'own') return await this.#listenAlone(url, binding);
    if (!isAuthenticated(this.#trust) && !this.#trust.insecure) {
      throw new TypeError('on a server of the application links are authenticated');
    }
    if (binding.type === 'manual') {
      this.#manual = this.#gate(url.pathname, false);
      return url.href;
    }
    const gate = this.#gate(binding.path ?? url.pathname, false);
    const listener = new MountedListener(url, binding.server, gate);
    this.#listeners.push(listener);
    return await listener.open();
  }

  dial(peer: number, url: string): void {
    this.#dialer.keep(peer, this.#allowed(parsePeerUrl(url)).href);
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

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const gate = this.#manual;
    if (gate?.concerns(request) !== true) return false;
    socket.on('error', () => undefined);
    // Nobody is told anything from within a call.
    queueMicrotask(() => gate.upgrade(request, socket, head));
    return true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#manual = undefined;
    this.#links.silence();
    this.#dialer.stop();
    this.#names.close();
    const sockets = Promise.all([...this.#sockets].map(closed));
    for (const socket of this.#sockets) {
      if (socket.readyState === socket.CONNECTING) socket.terminate();
      else endSocket(socket, 'the peer closes');
    }
    await Promise.all([sockets, ...this.#listeners.map((listener) => listener.close(sockets))]);
  }

  async #listenAlone(url: URL, binding: Binding & { type: 'own' }): Promise<string> {
    const place = new URL(url);
    place.pathname = binding.path ?? place.pathname;
    if (binding.port !== undefined) place.port = String(binding.port);
    const host = binding.host ?? url.hostname;
    if (!this.#isOpen && !isLoopback(host)) throw notLoopback(host);
    const gate = this.#gate(place.pathname, true);
    const { handshakeTime } = this.#limits;
    const listener = new OwnListener(place, host, this.#trust, handshakeTime, gate, this.#refuse);
    this.#listeners.push(listener);
    return await listener.open();
  }

  #gate(path: string, isOwnServer: boolean): UpgradeGate {
    return new UpgradeGate({
      trust: this.#trust,
      path,
      isOwnServer,
      frameBytes: this.#frameBytes,
      crowded: (address) => this.#strangers.objection(address),
      arrived: (arrival) => this.#admit(arrival),
      refused: this.#refuse,
    });
  }

  readonly #refuse = (address: string, reason: string): void => {
    this.#refusals.note(address, reason);
  };

  /** A frame may be as long as any, and then its seal. */
  get #frameBytes(): number {
    const { frameBytes } = this.#limits;
    return this.#trust.secrets.length > 0 ? frameBytes + SEAL_BYTES : frameBytes;
  }

  /** Whether addresses of other machines are allowed. */
  get #isOpen(): boolean {
    return this.#trust.insecure || isAuthenticated(this.#trust);
  }

  #allowed(url: URL): URL {
    if (!this.#isOpen && !isLoopback(url.hostname)) throw notLoopback(url.hostname);
    return url;
  }

  #admit({ socket, carrier, address }: Arrival): void {
    this.#track(socket);
    if (this.#closing !== undefined) {
      socket.terminate();
      return;
    }
    this.#strangers.add(socket, address);
    socket.once('close', () => this.#strangers.delete(socket));
    this.#meet({ socket, carrier, address, wanted: undefined }, (seal) => {
      this.#strangers.delete(socket);
      this.#open(socket, 'peer', address, seal);
    });
  }

  /** Names are resolved anew with every dial. */
  #resolve(peer: number, url: string): void {
    const hostname = withoutBrackets(parsePeerUrl(url).hostname);
    this.#names.resolve(hostname, (error, addresses) => {
      if (this.#closing !== undefined) return;
      if (error === null) this.#connect(peer, url, addresses);
      else this.#dialFailed(peer, error.message);
    });
  }

  #connect(peer: number, url: string, addresses: readonly LookupAddress[]): void {
    const { secrets, tls } = this.#trust;
    const hasSecret = secrets.length > 0;
    const frameBytes = this.#frameBytes;
    const upgradeTime = this.#limits.handshakeTime;
    const dial = { url, addresses, frameBytes, upgradeTime, hasSecret, tls };
    const socket = dialWebSocket(dial, {
      failed: (reason) => this.#dialFailed(peer, reason),
      opened: (carrier) => {
        const address = addressOf(carrier);
        const opened = (seal: FrameSeal | undefined): void => {
          this.#dialer.opened(peer, this.#open(socket, 'self', address, seal));
        };
        const failed = (reason: string): void => this.#dialFailed(peer, reason);
        this.#meet({ socket, carrier, address, wanted: peer }, opened, failed);
      },
    });
    this.#track(socket);
  }

  #dialFailed(peer: number, reason: string): void {
    this.#dialer.failed(peer);
    this.#links.dialFailed(peer, reason);
  }

  /** With a secret, both sides show first that they know it. */
  #meet(
    { socket, carrier, address, wanted }: Meeting,
    trusted: (seal: FrameSeal | undefined) => void,
    failed: (reason: string) => void = () => undefined,
  ): void {
    const { id, secrets } = this.#trust;
    if (secrets.length === 0) {
      trusted(undefined);
      return;
    }
    const { cluster } = this.#links;
    const party = { id, cluster, channel: channelBinding(carrier), secrets };
    introduce(socket, carrier, new Handshake(party, wanted), this.#limits.handshakeTime, {
      trusted,
      refused: (reason, byUs) => {
        if (byUs) this.#refuse(address, reason);
        failed(reason);
      },
    });
  }

  #open(socket: WebSocket, side: DialSide, address: string, seal: FrameSeal | undefined): LinkId {
    const channel = new WebSocketChannel(socket, seal, this.#limits.frameBytes, {
      received: (bytes) => this.#links.received(link, bytes),
      drained: () => this.#links.drained(link),
      forged: () => this.#refuse(address, 'a frame was not as its sender sealed it'),
      lost: (reason) => this.#links.lost(link, reason),
    });
    const link = this.#links.open(channel, side, address);
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

function notLoopback(hostname: string): TypeError {
  return new TypeError(`${hostname}: links that are not authenticated use loopback addresses only`);
}
