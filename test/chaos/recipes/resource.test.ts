import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Resource, writeTo } from './resource.ts';

test('a resource takes what is not older than the last, and tells who is late', async (t) => {
  const resource = await Resource.open();
  t.after(() => resource.close());
  const write = (fence: string): Promise<boolean> =>
    writeTo(resource.port, { contested: 'mutex', fence, peer: 2 });
  assert.equal(await write('7'), true);
  assert.equal(await write('7'), true);
  assert.equal(await write('6'), false);
  assert.equal(await write('18446744073709551615'), true);
  assert.deepEqual(resource.accepted.get('mutex'), [7n, 7n, 18446744073709551615n]);
  assert.deepEqual(
    [resource.refused.map(({ fence }) => fence), resource.writer(60_000)],
    [[6n], 2],
  );
});
