/** One attempt to reach a peer, up to the point where frames could travel. */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import { WebSocket } from 'ws';
import { isLoopback } from './peer-url.ts';
import { SECRET_PROTOCOL } from './upgrade-gate.ts';
import { reasonOf } from './web-socket-channel.ts';

export interface Dial {
  readonly url: string;
  /** Of the URL's host. */
  readonly addresses: readonly LookupAddress[];
  /** The longest frame that is taken. */
  readonly frameBytes: number;
  /** How long it may take until the other side has agreed to a WebSocket; in ms. */
  readonly upgradeTime: number;
  /** Whether a handshake is to follow. */
  readonly hasSecret: boolean;
  readonly tls: SecureContextOptions | undefined;
}

export interface DialEvents {
  opened(carrier: Duplex): void;
  failed(reason: string): void;
}

/** Exactly one of the events follows. */
export function dialWebSocket(dial: Dial, events: DialEvents): WebSocket {
  const { url, addresses, frameBytes, upgradeTime, hasSecret, tls } = dial;
  const socket = new WebSocket(url, hasSecret ? [SECRET_PROTOCOL] : [], {
    ...tls,
    ...(isUnseen(url, addresses) ? UNMASKED : {}),
    // Whatever the environment says of other connections of this process.
    rejectUnauthorized: true,
    perMessageDeflate: false,
    maxPayload: frameBytes,
    lookup: lookupOf(addresses),
    finishRequest: (request) => {
      request.once('socket', (carrier) => carrier.once('secureConnect', onSecure));
      request.end();
    },
  });
  let failure: string | undefined;
  let hint = '';
  // A server that does not like a certificate only hangs up, and in TLS 1.3 after we believe that all is well.
  const onSecure = (): void => {
    hint = '; the other side may not accept the certificate of this peer';
  };
  const onError = (error: Error): void => {
    failure ??= `${reasonOf(error)}${hint}`;
  };
  // Of ws and Node there are bounds of silence only: a byte now and then would keep this peer from being dialled for ever.
  const late = (): void => {
    if (socket.readyState !== socket.CONNECTING) return;
    failure ??= `no upgrade within ${upgradeTime} ms`;
    socket.terminate();
  };
  // After a blocked event loop the timer is due before the sockets were read: they are read first.
  const timer = setTimeout(() => setImmediate(late), upgradeTime);
  const onClose = (): void => {
    clearTimeout(timer);
    events.failed(failure ?? `closed before it was open${hint}`);
  };
  socket.on('error', onError);
  socket.once('close', onClose);
  socket.once('unexpected-response', (_request, response) => {
    failure = `refused: ${response.statusCode} ${response.statusMessage ?? ''}`;
    socket.terminate();
  });
  socket.once('upgrade', ({ socket: carrier }) => {
    socket.once('open', () => {
      clearTimeout(timer);
      socket.off('close', onClose);
      events.opened(carrier);
      socket.off('error', onError);
    });
  });
  return socket;
}

/**
 * A mask of zeros, which neither side has to apply. Masks keep whoever chooses what is sent from choosing
 * what a proxy on the way takes for requests of its own (RFC 6455, 10.3), and cost either side as much as
 * all else that a frame needs.
 */
const UNMASKED = { generateMask: (mask: Buffer): void => void mask.fill(0) };

/** Whether nothing between the peers can read the frames: TLS, or a connection that does not leave the machine. */
function isUnseen(url: string, addresses: readonly LookupAddress[]): boolean {
  return url.startsWith('wss:') || addresses.every(({ address }) => isLoopback(address));
}

/** Addresses that are known already. */
function lookupOf(addresses: readonly LookupAddress[]): LookupFunction {
  return (hostname, options, found) => {
    const [first] = addresses;
    if (first === undefined) found(new Error(`${hostname} has no address`), []);
    else if (options.all === true) found(null, [...addresses]);
    else found(null, first.address, first.family);
  };
}
