/**
 * DNS with state collection: three processes serve a name, a scanner asks each how it is, and whoever resolves
 * the name gets `host:port` of those that are well. First one of them falls ill, then one dies.
 *
 * The three peers are of one process here, so that the story is short; nothing else would be different.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type Probe, Scanner, ServiceRegistry } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

const NAME = 'orders';

/** One instance of the service: it serves, and says how it is. */
interface Instance {
  readonly id: string;
  readonly server: Server;
  readonly port: number;
  isIll: boolean;
  queued: number;
}

async function serve(id: string): Promise<Instance> {
  const server = createServer((request, response) => {
    if (request.url !== '/health') return response.end(`${id} at your service`);
    response.writeHead(instance.isIll ? 503 : 200).end(String(instance.queued));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const instance = { id, server, port: address.port, isIll: false, queued: 0 };
  return instance;
}

const probe: Probe = async ({ url }, signal) => {
  const response = await fetch(`${url}/health`, { signal });
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  return { load: Number(await response.text()) };
};

await using group = await createTestGroup(3);
const instances = await Promise.all(['orders-1', 'orders-2', 'orders-3'].map(serve));
const stop = new AbortController();
const scans: Promise<void>[] = [];
for (const [at, peer] of group.peers.entries()) {
  const { id, port } = instances[at] ?? { id: '', port: 0 };
  await new ServiceRegistry(peer, '/dns').register({ name: NAME, id, address: '127.0.0.1', port });
  scans.push(new Scanner(peer, '/dns', { probe, interval: 50, fall: 2 }).run(stop));
}
const [resolver] = group.peers;
if (resolver === undefined) throw new Error('a group has peers');
const registry = new ServiceRegistry(resolver, '/dns');
const provider = await registry.provider(NAME);

/** Waits until the name stands for these, and asks each of them. */
async function resolves(...ids: readonly string[]): Promise<void> {
  const found = new Set<string>();
  for (const deadline = Date.now() + 20_000; [...found].sort().join() !== ids.join(); ) {
    if (Date.now() > deadline) throw new Error(`it resolves to ${[...found]}, not to ${ids}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    found.clear();
    for (let at = 0; at < 30; at += 1) found.add(provider.pick()?.id ?? 'nobody');
  }
  await Promise.all(ids.map(() => provider.run(async ({ url }) => (await fetch(url)).text())));
  console.log(`${NAME} resolves to: ${ids.join(', ')}`);
}

/** What a console would show. */
async function show(): Promise<void> {
  for (const { name, instances: all } of await registry.view()) {
    for (const { id, load, status } of all) {
      const { state = 'unknown', detail } = status ?? {};
      console.log(`  ${name}/${id}  ${state}, load ${load}${detail ? `: ${detail}` : ''}`);
    }
  }
}

const isKnown = registry
  .watch(NAME)
  .until((all) => all.length === 3 && all.every(({ status }) => status?.state === 'up'));
await isKnown;
await resolves('orders-1', 'orders-2', 'orders-3');

const [, ill, dying] = instances;
if (ill === undefined || dying === undefined) throw new Error('there are three');
dying.queued = 7;
ill.isIll = true;
await registry.watch(NAME).until((all) => all.some(({ status }) => status?.state === 'down'));
await registry.watch(NAME).until((all) => all.some(({ load }) => load === 7));
await show();
await resolves('orders-1', 'orders-3');

ill.isIll = false;
await resolves('orders-1', 'orders-2', 'orders-3');

await group.kill(3);
dying.server.close();
console.log('the process of orders-3 is killed');
await resolves('orders-1', 'orders-2');
await registry.watch(NAME).until((all) => all.length === 2);
console.log('its entry is gone with its session; nobody had to remove it');

stop.abort();
await Promise.all(scans);
for (const { server } of instances) {
  server.close();
  server.closeAllConnections();
}
