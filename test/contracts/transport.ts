/** What every {@link Transport} must do. Run by the tests of each. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { LinkLimits } from '../../lib/transport/limits.ts';
import type { DialSide, Transport, TransportEvents } from '../../lib/transport/transport.ts';
import type { LinkId } from '../../lib/zab/ready.ts';

/** A network under test. */
export interface TestNetwork {
  /** @default `ws:` */
  readonly scheme?: 'ws:' | 'wss:';
  /** A transport of the peer with this id. */
  transport(id: number, limits?: Partial<LinkLimits>): Transport;
}

/** Where a peer listens that takes any port. */
function anyPort({ scheme = 'ws:' }: TestNetwork): string {
  return `${scheme}//127.0.0.1:0/peer`;
}
const PATIENCE = 10_000;

type Told =
  | {
      readonly type: 'opened';
      readonly link: LinkId;
      readonly dialer: DialSide;
      readonly address: string;
    }
  | { readonly type: 'frame'; readonly link: LinkId; readonly bytes: Uint8Array }
  | { readonly type: 'closed'; readonly link: LinkId; readonly reason: string }
  | { readonly type: 'drained'; readonly link: LinkId }
  | { readonly type: 'refused'; readonly address: string; readonly reason: string }
  | { readonly type: 'failed'; readonly peer: number; readonly reason: string };

/** A driver that writes down what it is told, and lets a test wait for it. */
export class Witness implements TransportEvents {
  readonly told: Told[] = [];
  /** What to do on a frame, besides writing it down. */
  onFrame: (link: LinkId, bytes: Uint8Array) => void = () => undefined;
  /** The id of its group. */
  group = '';
  #waiting: (() => void)[] = [];

  linkOpened(link: LinkId, dialer: DialSide, address: string): void {
    this.#note({ type: 'opened', link, dialer, address });
  }
  frame(link: LinkId, bytes: Uint8Array): void {
    this.#note({ type: 'frame', link, bytes });
    this.onFrame(link, bytes);
  }
  linkClosed(link: LinkId, reason: string): void {
    this.#note({ type: 'closed', link, reason });
  }
  linkDrained(link: LinkId): void {
    this.#note({ type: 'drained', link });
  }
  dialFailed(peer: number, reason: string): void {
    this.#note({ type: 'failed', peer, reason });
  }
  refused(address: string, reason: string): void {
    this.#note({ type: 'refused', address, reason });
  }
  cluster(): string {
    return this.group;
  }

  count(type: Told['type']): number {
    return this.told.filter((told) => told.type === type).length;
  }

  /** The `nth` event of a type, waited for. */
  async get<T extends Told['type']>(type: T, nth = 1): Promise<Extract<Told, { type: T }>> {
    const matching = (told: Told): told is Extract<Told, { type: T }> => told.type === type;
    return await this.until(matching, nth);
  }

  /** The `nth` event that matches, waited for. */
  async until<T extends Told>(matches: (told: Told) => told is T, nth?: number): Promise<T>;
  async until(matches: (told: Told) => boolean, nth?: number): Promise<Told>;
  async until(matches: (told: Told) => boolean, nth = 1): Promise<Told> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const found = this.told.filter(matches)[nth - 1];
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      assert.ok(
        left > 0,
        `nothing of the kind within ${PATIENCE} ms, only ${this.told.length} other events`,
      );
      await this.#next(left);
    }
  }

  #next(within: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, within);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #note(told: Told): void {
    this.told.push(told);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

interface Side {
  readonly transport: Transport;
  readonly witness: Witness;
}

function side(
  t: TestContext,
  network: TestNetwork,
  id: number,
  limits?: Partial<LinkLimits>,
): Side {
  const transport = network.transport(id, limits);
  const witness = new Witness();
  transport.start(witness);
  t.after(() => transport.close());
  return { transport, witness };
}

/** Two transports and the link between them; `one` has dialled `two`. */
async function linked(t: TestContext, network: TestNetwork, limits?: Partial<LinkLimits>) {
  const one = side(t, network, 1, limits);
  const two = side(t, network, 2, limits);
  const url = await two.transport.listen(anyPort(network));
  one.transport.dial(2, url);
  const from = (await one.witness.get('opened')).link;
  const to = (await two.witness.get('opened')).link;
  return { one, two, url, from, to };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const frame = (content: string): Uint8Array => new TextEncoder().encode(content);

export function transportContract(name: string, make: () => TestNetwork): void {
  describe(`${name} opens links`, () => openings(make));
  describe(`${name} carries frames`, () => frames(make));
  describe(`${name} closes links`, () => closings(make));
}

/** Of transports that know nobody. */
export function loopbackContract(name: string, make: () => TestNetwork): void {
  it(`${name} opens links to loopback addresses only`, async (t) => {
    const { transport } = side(t, make(), 1);
    for (const url of [
      'ws://10.0.0.1:7700',
      'ws://0.0.0.0:7700',
      'ws://example.com',
      'ws://[::]:1',
    ]) {
      await assert.rejects(async () => transport.listen(url), TypeError);
      assert.throws(() => transport.dial(2, url), /loopback/);
    }
  });
}

function openings(make: () => TestNetwork): void {
  it('on a free port when asked for port 0', async (t) => {
    const network = make();
    const [one, two] = [side(t, network, 1), side(t, network, 2)];
    const urls = await Promise.all(
      [one, two].map(({ transport }) => transport.listen(anyPort(network))),
    );
    for (const url of urls) assert.match(url, /^wss?:\/\/127\.0\.0\.1:[1-9]\d*\/peer$/);
    assert.notEqual(urls[0], urls[1]);
  });

  it('on no port that is in use', async (t) => {
    const network = make();
    const url = await side(t, network, 1).transport.listen(anyPort(network));
    await assert.rejects(side(t, network, 2).transport.listen(url), /EADDRINUSE/);
  });

  it('on both sides, which know who dialled', async (t) => {
    const { one, two } = await linked(t, make());
    assert.equal((await one.witness.get('opened')).dialer, 'self');
    const { dialer, address } = await two.witness.get('opened');
    assert.deepEqual([dialer, address], ['peer', '127.0.0.1']);
  });

  it('once the other side listens, and says meanwhile that it does not', async (t) => {
    const network = make();
    const [one, two] = [side(t, network, 1), side(t, network, 2)];
    const url = await two.transport.listen(anyPort(network));
    await two.transport.close();
    one.transport.dial(2, url);
    assert.equal((await one.witness.get('failed')).peer, 2);
    const three = side(t, network, 2);
    await three.transport.listen(url);
    await one.witness.get('opened');
    await three.witness.get('opened');
  });

  it('anew after the other side was restarted', async (t) => {
    const network = make();
    const { one, two, url, from } = await linked(t, network);
    await two.transport.close();
    assert.equal((await one.witness.get('closed')).link, from);
    const again = side(t, network, 2);
    await again.transport.listen(url);
    assert.notEqual((await one.witness.get('opened', 2)).link, from);
  });

  it('once, while a link that the peer dialled itself stands', async (t) => {
    const network = make();
    const { one, two, from, to } = await linked(t, network);
    two.transport.recognize(to, 1);
    const back = await one.transport.listen(anyPort(network));
    two.transport.dial(1, back);
    // A third transport shows that dials get through in the time that passes here.
    const three = side(t, network, 3);
    three.transport.dial(1, back);
    await three.witness.get('opened');
    assert.equal(two.witness.count('opened'), 1);
    one.transport.disconnect(from, 'done');
    // Both sides may dial now; that this one does is what counts.
    await two.witness.until((told) => told.type === 'opened' && told.dialer === 'self');
  });

  it('although a link was recognized when it was gone already', async (t) => {
    const network = make();
    const { one, two, from, to } = await linked(t, network);
    one.transport.disconnect(from, 'done');
    await two.witness.get('closed');
    // Its HELLO and its end had come in one turn.
    two.transport.recognize(to, 1);
    two.transport.dial(1, await one.transport.listen(anyPort(network)));
    await two.witness.until((told) => told.type === 'opened' && told.dialer === 'self');
  });

  it('only to URLs of the form ws://host:port/path', async (t) => {
    const { transport } = side(t, make(), 1);
    for (const url of ['', '127.0.0.1:7700', 'http://127.0.0.1:1', 'ws://127.0.0.1:1/?a=b']) {
      assert.throws(() => transport.dial(2, url), TypeError);
    }
    assert.throws(() => transport.dial(2, 'ws://me:secret@127.0.0.1:1'), /nothing else/);
  });
}

function frames(make: () => TestNetwork): void {
  it('in order, in both directions', async (t) => {
    const { one, two, from, to } = await linked(t, make());
    for (let at = 1; at <= 300; at += 1) {
      one.transport.send(from, frame(`out ${at}`));
      two.transport.send(to, frame(`back ${at}`));
    }
    await one.witness.get('frame', 300);
    await two.witness.get('frame', 300);
    for (const [at, told] of two.witness.told.filter(({ type }) => type === 'frame').entries()) {
      assert.equal(told.type === 'frame' && text(told.bytes), `out ${at + 1}`);
    }
    assert.equal(text((await one.witness.get('frame', 300)).bytes), 'back 300');
  });

  it('of several MiB, and of none', async (t) => {
    const { one, two, from } = await linked(t, make());
    const big = new Uint8Array(5 * 1024 * 1024).map((_, at) => at % 251);
    one.transport.send(from, big);
    one.transport.send(from, new Uint8Array(0));
    assert.deepEqual((await two.witness.get('frame')).bytes, big);
    assert.equal((await two.witness.get('frame', 2)).bytes.length, 0);
  });

  it('as plain bytes that are the receiver’s own', async (t) => {
    const { one, two, from } = await linked(t, make());
    const sent = frame('mine');
    one.transport.send(from, sent);
    const { bytes } = await two.witness.get('frame');
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    bytes.fill(0);
    assert.equal(text(sent), 'mine');
  });

  it('and says what waits, and when nothing does any more', async (t) => {
    const { one, two, from } = await linked(t, make());
    assert.equal(one.transport.backlog(from), 0);
    one.transport.send(from, new Uint8Array(12 * 1024 * 1024));
    assert.ok(one.transport.backlog(from) > 0);
    await one.witness.get('drained');
    assert.equal(one.transport.backlog(from), 0);
    await two.witness.get('frame');
    assert.equal(one.witness.count('drained'), 1);
  });

  it('until more waits than may, and then cuts the link', async (t) => {
    const { one, two, from } = await linked(t, make(), { queueBytes: 1024 * 1024 });
    for (let at = 0; at < 64; at += 1) one.transport.send(from, new Uint8Array(1024 * 1024));
    const closed = await one.witness.get('closed');
    assert.equal(closed.link, from);
    assert.match(closed.reason, /1048576 bytes/);
    await two.witness.get('closed');
    await one.witness.get('opened', 2);
  });

  it('but none that is longer than the receiver takes', async (t) => {
    const { one, two, from } = await linked(t, make(), { frameBytes: 1000 });
    one.transport.send(from, new Uint8Array(1000));
    one.transport.send(from, new Uint8Array(1001));
    await two.witness.get('closed');
    await one.witness.get('closed');
    assert.equal(two.witness.count('frame'), 1);
  });
}

function closings(make: () => TestNetwork): void {
  it('after what was sent, and tells both sides why', async (t) => {
    const { one, two, from, to } = await linked(t, make());
    one.transport.send(from, frame('last words'));
    one.transport.disconnect(from, 'not needed');
    assert.equal(one.witness.count('closed'), 0, 'told within the call');
    assert.deepEqual(await one.witness.get('closed'), {
      ...{ type: 'closed', link: from, reason: 'not needed' },
    });
    const closed = await two.witness.get('closed');
    assert.deepEqual([closed.link, closed.reason], [to, 'not needed']);
    assert.equal(text((await two.witness.get('frame')).bytes), 'last words');
  });

  it('with a reason of any length', async (t) => {
    const { one, two, from } = await linked(t, make());
    one.transport.disconnect(from, 'ä'.repeat(500));
    assert.match((await two.witness.get('closed')).reason, /^ä{50}/);
  });

  it('once, and hears and sends nothing afterwards', async (t) => {
    const { one, two, from, to } = await linked(t, make());
    // Frames arrive in bursts: what is left of a burst after the link was closed must not be heard.
    two.witness.onFrame = () => two.transport.disconnect(to, 'enough');
    for (let at = 0; at < 50; at += 1) one.transport.send(from, frame(`${at}`));
    await one.witness.get('closed');
    await two.witness.get('closed');
    one.transport.send(from, frame('too late'));
    two.transport.send(to, frame('too late'));
    one.transport.disconnect(from, 'again');
    await one.witness.get('opened', 2);
    assert.equal(two.witness.count('frame'), 1);
    assert.equal(one.witness.count('frame'), 0);
    assert.equal(one.witness.count('closed'), 1);
    assert.equal(one.transport.backlog(from), 0);
  });

  it('all with the transport, which is silent from then on and may be closed again', async (t) => {
    const { one, two, from } = await linked(t, make());
    const before = two.witness.told.length;
    one.transport.send(from, frame('unheard'));
    const closing = two.transport.close();
    assert.equal((await one.witness.get('closed')).link, from);
    await closing;
    await two.transport.close();
    assert.equal(two.witness.told.length, before);
  });
}
