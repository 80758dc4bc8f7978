import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  type Codec,
  type Peer,
  QuorateError,
  utf8,
  type WaitOptions,
} from '../../lib/index.ts';
import type { Grant } from '../../lib/recipes/index.ts';
import type { TestGroup } from '../../lib/testing/index.ts';

/** Generous: the machine may have other things to do. */
export const PATIENCE = 20_000;

/** Waits until it is so. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE} ms: ${what}`);
    await sleep(5);
  }
}

/** Waits until the group answers: a session that has ended meanwhile may be what is asked first. */
export function untilHeard(client: Client): Promise<void> {
  const answers = (): Promise<boolean> => {
    return client.sync({ timeout: PATIENCE }).then(
      () => true,
      () => false,
    );
  };
  return eventually('the group answers', answers);
}

/** How many nodes are in a folder; none where it is absent. */
export async function nodesIn(client: Client, folder: string): Promise<string[]> {
  const stat = await client.exists(folder);
  return stat === undefined ? [] : await client.children(folder);
}

/** Waits until a folder has so many nodes, as this client sees it. */
export function untilNodes(client: Client, folder: string, count: number): Promise<unknown> {
  return client
    .watchChildren(folder)
    .until((names) => names.length === count, { timeout: PATIENCE });
}

/** How many bytes and nodes there may be at and below a path. */
export async function limit(peer: Peer, path: string, limits: string): Promise<void> {
  const node = `/zookeeper/quota${path}/zookeeper_limits`;
  if ((await peer.exists(node)) === undefined) await peer.create(node, limits, { parents: true });
  else await peer.set(node, limits);
}

/** Resolves with the reason when the grant is over. */
export async function over(grant: Grant): Promise<unknown> {
  await grant.ended;
  return grant.signal.reason;
}

/** The peers of a group by number. */
export function byId(peers: readonly Peer[], id: number): Peer {
  const peer = peers.find((one) => one.id === id);
  if (peer === undefined) throw new Error(`no peer ${id}`);
  return peer;
}

/** One that does not lead the group, and another one. */
export async function followerAndOther(group: TestGroup): Promise<[Peer, Peer]> {
  const leader = await group.leader();
  const [follower, other] = group.peers.filter((peer) => peer !== leader);
  if (follower === undefined || other === undefined) throw new Error('a group of three at least');
  return [follower, other];
}

/** A client that counts what is asked of its sessions. */
export function counting<C extends Client>(
  client: C,
): { readonly client: Client; readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const watched = intercepted(client, (name, call) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return call();
  });
  return { client: watched, counts };
}

/** A client that does its first `name` of what `isIt` says, and whose answer is lost with its session. */
export function losingAnswer<C extends Client>(
  client: C,
  name: string,
  isIt: (args: readonly unknown[]) => boolean,
): Client {
  let isLost = false;
  return intercepted(client, (called, call, args) => {
    if (isLost || called !== name || !isIt(args)) return call();
    isLost = true;
    const settled = Promise.resolve('applied' as const);
    const lost = QuorateError.make('SESSION_EXPIRED', undefined, { outcome: 'unknown', settled });
    return Promise.resolve(call()).then(() => Promise.reject(lost));
  });
}

/** What a call waits for its answer where it is not told how long, ms. */
const USUAL_WAIT = 50;

/** A client whose first `name` that is applied is answered so many ms late: TIMED_OUT to whoever waits no longer. */
export function answeredLate<C extends Client>(
  client: C,
  name: string,
  delay: number,
): { readonly client: Client; readonly applied: Promise<void> } {
  let tell: (() => void) | undefined;
  const applied = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const answer = async (call: () => unknown, options: unknown): Promise<unknown> => {
    const result = await call();
    if (tell === undefined) return result;
    tell();
    tell = undefined;
    const { timeout = USUAL_WAIT } = (options ?? {}) as WaitOptions;
    await sleep(Math.min(timeout, delay));
    if (timeout >= delay) return result;
    const settled = Promise.resolve('applied' as const);
    throw QuorateError.make('TIMED_OUT', undefined, { outcome: 'unknown', settled });
  };
  const late = intercepted(client, (called, call, args) => {
    return called === name ? answer(call, args.at(-1)) : call();
  });
  return { client: late, applied };
}

/** Calls that give another view of the same client. */
const VIEWS = ['as', 'namespace', 'guardedBy'];

/** A client whose calls, and those of its views and its session, go through `intercept`. */
function intercepted<C extends Client>(
  client: C,
  intercept: (name: string, call: () => unknown, args: readonly unknown[]) => unknown,
): Client {
  const wrap = <V extends object>(view: V): V =>
    new Proxy(view, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'session') return wrap(value as object);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]) => {
          const call = (): unknown => Reflect.apply(value, target, args);
          const result = intercept(String(name), call, args);
          return VIEWS.includes(String(name)) ? wrap(result as object) : result;
        };
      },
    });
  return wrap(client);
}

type Hook = (...args: readonly unknown[]) => void | Promise<void>;

/** What is done before a call; what it throws, the call does. */
export interface Before {
  create?: Hook;
  set?: Hook;
  multi?: Hook;
  find?: Hook;
  exists?: Hook;
}

/** A client whose calls are preceded by something. */
export function preceded(client: Client, before: Before): Client {
  return intercepted(client, (name, call, args) => {
    const first = isHook(name) ? before[name] : undefined;
    if (first === undefined) return call();
    return (async () => {
      await first(...args);
      return await call();
    })();
  });
}

function isHook(name: string): name is keyof Before {
  return ['create', 'set', 'multi', 'find', 'exists'].includes(name);
}

/** Refuses what begins with `bad`. */
export const picky: Codec<string> = {
  encode: (value) => {
    if (value.startsWith('bad')) throw new RangeError('it is bad');
    return utf8.encode(value);
  },
  decode: (data) => utf8.decode(data),
};
