import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LinkLimits } from '../../lib/transport/limits.ts';
import { MemoryNetwork } from '../../lib/transport/memory-network.ts';
import { MemoryTransport } from '../../lib/transport/memory-transport.ts';
import { loopbackContract, transportContract, Witness } from '../contracts/transport.ts';

const memory = () => {
  const network = new MemoryNetwork();
  return {
    transport: (_id: number, limits?: Partial<LinkLimits>) => new MemoryTransport(network, limits),
  };
};

transportContract('a memory transport', memory);
loopbackContract('a memory transport', memory);

it('a partition holds frames back and refuses dials, and healing lets both through', async (t) => {
  const network = new MemoryNetwork();
  const urls: string[] = [];
  const sides = [1, 2, 3].map(() => ({
    transport: new MemoryTransport(network),
    witness: new Witness(),
  }));
  for (const { transport, witness } of sides) {
    transport.start(witness);
    t.after(() => transport.close());
    urls.push(await transport.listen('ws://127.0.0.1:0'));
  }
  const [one, two, three] = sides;
  assert.ok(one && two && three);
  const [first, second, third] = urls;
  assert.ok(first && second && third);
  one.transport.dial(2, second);
  one.transport.dial(3, third);
  const links = [await one.witness.get('opened', 1), await one.witness.get('opened', 2)];
  network.partition([first, third], [second]);
  for (const { link } of links) one.transport.send(link, new Uint8Array(8));
  await three.witness.get('frame');
  two.transport.dial(3, third);
  await two.witness.get('failed');
  assert.equal(two.witness.count('frame'), 0);
  network.heal();
  await two.witness.get('frame');
  await two.witness.until((told) => told.type === 'opened' && told.dialer === 'self');
});

it('a peer that dies in its part of a partition is missed there at once', async (t) => {
  const network = new MemoryNetwork();
  const [one, two] = [new MemoryTransport(network), new MemoryTransport(network)];
  const witness = new Witness();
  one.start(witness);
  two.start(new Witness());
  t.after(() => one.close());
  const urls = [await one.listen('ws://127.0.0.1:0'), await two.listen('ws://127.0.0.1:0')];
  one.dial(2, urls[1] ?? '');
  await witness.get('opened');
  network.partition(urls);
  await two.close();
  await witness.get('closed');
});
