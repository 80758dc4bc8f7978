import assert from 'node:assert/strict';
import { it } from 'node:test';
import { printable } from '../../lib/transport/printable.ts';
import { listening, SECRET, side } from './sides.ts';

it('what is not to be seen is not left out, but seen', () => {
  assert.equal(printable('a\r\nwarn\u001b[2J\u2028b\u202ec'), 'a??warn?[2J?b?c');
  assert.equal(printable('größer 大'), 'größer 大');
  assert.equal(printable('a'.repeat(10_000)).length, 200);
  assert.ok(printable(`${'a'.repeat(199)}😀`).endsWith('a?'), 'half a letter is none');
});

it('nobody writes lines of their own into the log of whoever is linked to them', async (t) => {
  const two = await listening(t);
  const one = side(t, { id: 1, secrets: [SECRET] });
  one.transport.dial(2, two.url);
  const { link } = await two.witness.get('opened');
  await one.witness.get('opened');
  two.transport.disconnect(link, 'gone\nFATAL: all is lost');
  const { reason } = await one.witness.get('closed');
  assert.equal(reason, 'gone?FATAL: all is lost');
});
