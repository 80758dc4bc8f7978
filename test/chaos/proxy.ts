/** The network between processes: a TCP proxy for each directed link, which can be slow, deaf, dumb or cut. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to the bytes of one direction. */
export interface Conditions {
  /** Nothing goes through; what comes waits, as what is sent again and again until somebody hears it. */
  held: boolean;
  /** Ms, for every byte alike. */
  delay: number;
  /** Bytes per ms. */
  rate: number;
}

const QUEUE_MAX = 1_048_576;

function clear(): Conditions {
  return { held: false, delay: 0, rate: Number.POSITIVE_INFINITY };
}

/** One direction of one connection. */
class Pump {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #conditions: Conditions;
  readonly #queue: { readonly bytes: Buffer; readonly due: number }[] = [];
  #queued = 0;
  #free = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: Socket, target: Socket, conditions: Conditions) {
    this.#source = source;
    this.#target = target;
    this.#conditions = conditions;
    source.on('data', (bytes) => this.#take(bytes));
    source.on('close', () => clearTimeout(this.#timer));
  }

  #take(bytes: Buffer): void {
    const { delay, rate } = this.#conditions;
    const now = performance.now();
    this.#free = Math.max(this.#free, now) + bytes.length / rate;
    this.#queue.push({ bytes, due: Math.max(this.#free, now + delay) });
    this.#queued += bytes.length;
    if (this.#queued > QUEUE_MAX) this.#source.pause();
    this.flush();
  }

  /** Sends what is due. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#conditions.held) return;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.flush(), wait);
        return;
      }
      this.#queue.shift();
      this.#queued -= next.bytes.length;
      this.#target.write(next.bytes);
    }
    if (!this.#source.destroyed) this.#source.resume();
  }
}

/** The way on which peer `from` reaches peer `to`. */
export class Link {
  readonly from: number;
  readonly to: number;
  /** What the dialling peer says, and what it hears. */
  readonly forward: Conditions = clear();
  readonly backward: Conditions = clear();
  readonly #port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pumps = new Set<Pump>();
  #isOpen = true;

  private constructor(from: number, to: number, port: number) {
    this.from = from;
    this.to = to;
    this.#port = port;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async open(from: number, to: number, port: number): Promise<Link> {
    const link = new Link(from, to, port);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return `ws://127.0.0.1:${address.port}`;
  }

  /** Ends what is connected and lets nobody in. */
  cut(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** As if nothing had been; what was held back goes on its way. */
  heal(): void {
    this.#isOpen = true;
    Object.assign(this.forward, clear());
    Object.assign(this.backward, clear());
    for (const pump of this.#pumps) pump.flush();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    if (!this.#isOpen) {
      near.destroy();
      return;
    }
    const far = connect(this.#port, '127.0.0.1');
    const pumps = [new Pump(near, far, this.forward), new Pump(far, near, this.backward)];
    for (const pump of pumps) this.#pumps.add(pump);
    const end = (): void => {
      near.destroy();
      far.destroy();
      for (const pump of pumps) this.#pumps.delete(pump);
      for (const socket of [near, far]) this.#sockets.delete(socket);
    };
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // A reset is what is wanted of it.
      socket.on('error', () => {});
      socket.on('close', end);
    }
  }
}
