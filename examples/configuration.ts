/**
 * A configuration that is pushed to many processes: five peers, each of which stands for one, have the value at
 * hand. A bad one changes nothing; one that was cut off has the newest when it is back.
 */
import { json, type StandardSchema } from '../lib/index.ts';
import { Config } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

interface Limits {
  readonly perSecond: number;
}

/** As zod, valibot or arktype would make one. */
const schema: StandardSchema<Limits, Limits> = {
  '~standard': {
    version: 1,
    vendor: 'example',
    validate(value) {
      const isGood =
        typeof value === 'object' &&
        value !== null &&
        'perSecond' in value &&
        typeof value.perSecond === 'number';
      return isGood ? { value } : { issues: [{ message: 'perSecond must be a number' }] };
    },
  },
};

await using group = await createTestGroup(3, { observers: 2 });
const [first] = group.peers;
if (first === undefined) throw new Error('a group has peers');

const configs = group.peers.map((peer) => {
  return new Config(peer.as(json(schema)), '/config/limits', { fallback: { perSecond: 10 } });
});
const lives = await Promise.all(configs.map((config) => config.watch().live()));

function show(what: string): void {
  console.log(`${what}: ${lives.map(({ value }) => value.perSecond).join(' ')}`);
}

/** Waits until all of them have it; each is told by its own peer. */
async function everywhere(perSecond: number): Promise<void> {
  await Promise.all(lives.map((live) => live.until((limits) => limits.perSecond === perSecond)));
}

show('at the start, with the fallback');
await configs[0]?.set({ perSecond: 50 });
await everywhere(50);
show('set by one, and everywhere');

await first.set('/config/limits', '{"perSecond":"many"}');
await Promise.all(group.peers.map((peer) => peer.sync()));
while (lives.some(({ error }) => error === undefined)) await first.sync();
show('somebody has written what the schema refuses');
console.log(`  and why it is not the newest: ${lives[4]?.error?.message}`);

group.partition([5]);
await configs[1]?.set({ perSecond: 75 });
await Promise.all(lives.slice(0, 4).map((live) => live.until(({ perSecond }) => perSecond === 75)));
show('the fifth is cut off');
group.heal();
await everywhere(75);
show('and back');

const history = (await configs[2]?.history({ consistency: 'linearizable' })) ?? [];
console.log(`history: ${history.map(({ data }) => data.perSecond).join(', ')}`);
for (const live of lives) await live.close();
