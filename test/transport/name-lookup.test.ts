/** A name server that does not answer must not hold the threads that the disk needs. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { it } from 'node:test';
import { NameLookup } from '../../lib/transport/name-lookup.ts';

type Found = (error: Error | null, addresses: readonly LookupAddress[]) => void;

/** A name server that answers when it is told to. */
function server() {
  const asked: { readonly name: string; readonly found: Found }[] = [];
  const subject = new NameLookup((name, found) => asked.push({ name, found }));
  return { subject, asked };
}

it('one name is asked for at a time, each once for every dial', () => {
  const { subject, asked } = server();
  const found: string[] = [];
  for (const name of ['a', 'b', 'a']) {
    subject.resolve(name, (error) => found.push(`${name} ${error === null ? 'ok' : 'failed'}`));
  }
  assert.equal(asked.length, 1);
  asked[0]?.found(null, [{ address: '10.0.0.1', family: 4 }]);
  assert.equal(asked.length, 2);
  asked[1]?.found(new Error('ENOTFOUND'), []);
  asked[2]?.found(null, []);
  assert.deepEqual(found, ['a ok', 'b failed', 'a ok']);
  assert.deepEqual(
    asked.map(({ name }) => name),
    ['a', 'b', 'a'],
  );
});

it('addresses and localhost are not asked for, even while a name server is silent', () => {
  const { subject, asked } = server();
  subject.resolve('silent.example', () => assert.fail('it answered'));
  const found: (readonly LookupAddress[])[] = [];
  for (const name of ['10.1.2.3', '::1', 'localhost']) {
    subject.resolve(name, (_error, addresses) => found.push(addresses));
  }
  assert.equal(asked.length, 1);
  assert.deepEqual(found.flat(), [
    { address: '10.1.2.3', family: 4 },
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]);
});

it('a real name is found', async () => {
  const found = await new Promise<readonly LookupAddress[]>((resolve, reject) => {
    new NameLookup().resolve('LOCALHOST', (error, addresses) =>
      error === null ? resolve(addresses) : reject(error),
    );
  });
  assert.ok(found.some(({ address }) => address === '127.0.0.1' || address === '::1'));
});

it('one that is closed asks for nothing more', () => {
  const { subject, asked } = server();
  for (const name of ['a', 'b', 'c']) subject.resolve(name, () => undefined);
  subject.close();
  asked[0]?.found(null, []);
  assert.equal(asked.length, 1, 'a process would live on for every name that is not answered');
});
