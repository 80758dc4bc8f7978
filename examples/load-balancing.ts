/**
 * Soft load balancing: instances register, every caller has its own dispatcher, a controller changes weights
 * and drains instances, and what it says reaches all dispatchers. One instance breaks, and is ejected.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Instance, type Provider, ServiceRegistry } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

const NAME = 'thumbnails';
const CALLS = 600;

await using group = await createTestGroup(3);
const registries = group.peers.map((peer) => new ServiceRegistry(peer, '/balance'));
const [controller] = registries;
if (controller === undefined) throw new Error('a group has peers');

for (const [at, registry] of registries.entries()) {
  const id = `worker-${at + 1}`;
  await registry.register({ name: NAME, id, address: `10.0.0.${at + 1}`, port: 80 });
}
// The dispatchers: one in each process, and each goes by itself.
const dispatchers = await Promise.all(
  registries.map((registry) => registry.provider(NAME, { strategy: 'weighted', ejectAfter: 3 })),
);

/** Instances that refuse every call. */
const broken = new Set<string>();

function call({ id }: Instance): string {
  if (broken.has(id)) throw new Error(`${id} is broken`);
  return id;
}

/** Share of the calls that each instance was given, in per cent. */
async function dispatch(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let at = 0; at < CALLS; at += 1) {
    const dispatcher = dispatchers[at % dispatchers.length] as Provider;
    const id = await dispatcher.run(call).catch(() => 'failed');
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return new Map([...counts].map(([id, count]) => [id, Math.round((100 * count) / CALLS)]));
}

/** Waits until the shares are so: what is changed is in the memory of all a moment later. */
async function until(
  what: string,
  isSo: (share: (id: string) => number) => boolean,
): Promise<void> {
  for (const deadline = Date.now() + 20_000; ; ) {
    const shares = await dispatch();
    if (isSo((id) => shares.get(id) ?? 0)) {
      const text = [...shares].sort().map(([id, share]) => `${id} ${share} %`);
      console.log(`${what}: ${text.join(', ')}`);
      return;
    }
    if (Date.now() > deadline) throw new Error(`not so: ${what}`);
    await sleep(20);
  }
}

const isAbout = (share: number, expected: number) => Math.abs(share - expected) <= 10;

await until('as they registered', (share) => {
  return ['worker-1', 'worker-2', 'worker-3'].every((id) => isAbout(share(id), 33));
});
await controller.control(NAME, 'worker-1', { weight: 8 });
await until('worker-1 has the weight 8', (share) => isAbout(share('worker-1'), 80));
await controller.control(NAME, 'worker-1', { draining: true });
await until('worker-1 is drained', (share) => {
  return share('worker-1') === 0 && isAbout(share('worker-2'), 50);
});
await controller.control(NAME, 'worker-1', { draining: false, weight: null });
await until('worker-1 is back', (share) => isAbout(share('worker-1'), 33));
broken.add('worker-3');
await until('worker-3 is broken, and ejected', (share) => {
  return share('worker-3') === 0 && share('failed') <= 2 && isAbout(share('worker-2'), 50);
});

for (const { name, instances } of await controller.view()) {
  for (const { id, weight, draining } of instances) {
    console.log(`  ${name}/${id}  weight ${weight}${draining ? ', draining' : ''}`);
  }
}
for (const dispatcher of dispatchers) await dispatcher.close();
