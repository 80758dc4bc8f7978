/** Transports with something to show, and somebody between them. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { NO_TRUST, type Trust } from '../../lib/transport/trust.ts';
import {
  type WebSocketOptions,
  WebSocketTransport,
} from '../../lib/transport/web-socket-transport.ts';
import { Witness } from '../contracts/transport.ts';

export const SECRET = 'the secret of the group';

export interface Side {
  readonly transport: WebSocketTransport;
  readonly witness: Witness;
}

export function side(
  t: TestContext,
  trust: Partial<Trust>,
  options: Omit<WebSocketOptions, 'trust'> = {},
): Side {
  const transport = new WebSocketTransport({ ...options, trust: { ...NO_TRUST, ...trust } });
  const witness = new Witness();
  transport.start(witness);
  t.after(() => transport.close());
  return { transport, witness };
}

/** One that dials and asks for the secret. */
export function dialling(t: TestContext, change: Partial<Trust> = {}): Side {
  return side(t, { id: 1, secrets: [SECRET], ...change });
}

/** One that asks for the secret, as peer 2, and where. */
export async function listening(
  t: TestContext,
  change: Partial<Trust> = {},
  options: Omit<WebSocketOptions, 'trust'> = {},
): Promise<Side & { readonly url: string }> {
  const all = side(t, { id: 2, secrets: [SECRET], ...change }, options);
  return { ...all, url: await all.transport.listen('ws://127.0.0.1:0/peer') };
}

/** What somebody between two peers sees, and may change. */
export interface Between {
  /** The URL that leads through it. */
  readonly url: string;
  /** Every byte so far, by the direction it went. */
  readonly seen: { readonly out: Uint8Array[]; readonly back: Uint8Array[] };
  /** Changes what goes from the dialler to the listener. */
  change: (chunk: Buffer) => Buffer;
}

/** A proxy of bytes before the port of a URL. */
export async function between(t: TestContext, url: string): Promise<Between> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const proxy: Server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.on('data', (chunk) => {
      middle.seen.out.push(chunk);
      far.write(middle.change(chunk));
    });
    far.on('data', (chunk) => {
      middle.seen.back.push(chunk);
      near.write(chunk);
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const through = new URL(url);
  through.port = String(portOf(proxy));
  const middle: Between = {
    url: through.href,
    seen: { out: [], back: [] },
    change: (chunk) => chunk,
  };
  return middle;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
