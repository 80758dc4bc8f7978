import { ServiceRegistry } from '../../../lib/recipes/index.ts';
import { createTestGroup } from '../../../lib/testing/index.ts';
import { microseconds, report } from '../measure.ts';

const INSTANCES = 10_000;
const STRATEGIES = ['round-robin', 'random', 'weighted', 'least-loaded', 'sticky'] as const;
const PICKS = 1_000;

/** Choosing one of ten thousand instances, as an application does it. */
export async function registry(): Promise<void> {
  await using group = await createTestGroup(1);
  const [peer] = group.peers;
  if (peer === undefined) throw new Error('a group of none');
  const services = new ServiceRegistry(peer, '/discovery');
  const all = Array.from({ length: INSTANCES }, (_, at) => {
    const address = `10.0.${at >> 8}.${at & 255}`;
    return services.register({
      name: 'orders',
      id: `i${at}`,
      address,
      port: 80,
      weight: 1 + (at % 7),
    });
  });
  await Promise.all(all);
  for (const strategy of STRATEGIES) {
    await using provider = await services.provider('orders', { strategy });
    const rounds = microseconds(PICKS, () => {
      for (let at = 0; at < PICKS; at += 1) provider.pick();
    });
    report({ name: `one of 10,000 instances, ${strategy}`, unit: 'us', rounds });
  }
}
