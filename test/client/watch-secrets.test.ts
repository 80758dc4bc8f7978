/** What a transaction leaves behind may be for others' eyes than what it began with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { solo } from './solo.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a node that a transaction replaces by a secret one is not shown to who saw the former', async (t) => {
  const peer = await solo(t);
  const [knowing, ignorant] = [await peer.openSession(), await peer.openSession()];
  await knowing.addAuth('digest', 'ann:secret');
  await peer.create('/w/node', '0', { parents: true });
  peer.on('error', () => {});
  const seen: string[] = [];
  const told = new Map<string, string | undefined>();
  for (const [name, session] of [
    ['knowing', knowing],
    ['ignorant', ignorant],
  ] as const) {
    session.watch('/w/node').subscribe((node) => void seen.push(`${name} ${node?.data}`));
    session.watchTree('/w').subscribe(({ changes }) => {
      for (const change of changes) {
        if (change.path !== '/w/node') continue;
        told.set(name, change.type === 'deleted' ? undefined : change.data);
      }
    });
  }
  await turn();
  await knowing.multi([
    { set: '/w/node', data: '1' },
    { delete: '/w/node' },
    { create: '/w/node', data: 'a secret', acl: ['auth::cdrwa'] },
  ]);
  await ignorant.sync();
  assert.deepEqual(seen, ['knowing 0', 'ignorant 0', 'knowing a secret']);
  assert.deepEqual(
    [...told],
    [
      ['knowing', 'a secret'],
      ['ignorant', undefined],
    ],
  );
});
