import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from 'cbor-x';
import { decodeItem, encodeItem, type Item } from '../../lib/wire/cbor.ts';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { MAX_ITEMS } from '../../lib/wire/limits.ts';

const REFUSED: readonly (readonly [name: string, hex: string])[] = [
  ['nothing', ''],
  ['two items', '0000'],
  ['a number cut short', '1901'],
  ['5 in two bytes', '1805'],
  ['23 in two bytes', '1817'],
  ['255 in three bytes', '1900ff'],
  ['65535 in five bytes', '1a0000ffff'],
  ['an array of one in two bytes', '980100'],
  ['a text of one in three bytes', '79000161'],
  ['a negative number', '20'],
  ['a negative number of 64 bits', '3b0000000000000001'],
  ['a map', 'a0'],
  ['a map with __proto__', 'a1695f5f70726f746f5f5fa0'],
  ['a map of unknown length', 'bfff'],
  ['an array of unknown length', '9f00ff'],
  ['bytes of unknown length', '5f4100ff'],
  ['a text of unknown length', '7f6161ff'],
  ['a break', 'ff'],
  ['a date', 'c074323031332d30332d32315432303a30343a30305a'],
  ['an epoch date', 'c11a514b67b0'],
  ['a bignum', 'c249010000000000000000'],
  ['a generic object', 'd81b8265457272 6f7261 61'.replaceAll(' ', '')],
  ['a regular expression', 'd81b8366526567457870612a6167'],
  ['a shared reference', 'd81c80'],
  ['a set', 'd9010280'],
  ['a record definition', 'd9dfff8319e000816161182a'],
  ['a typed array', 'd84041aa'],
  ['undefined', 'f7'],
  ['another simple value', 'f0'],
  ['a simple value in two bytes', 'f8ff'],
  ['a half float', 'f93c00'],
  ['a float', 'fa47c35000'],
  ['a double', 'fb3ff199999999999a'],
  ['an array that promises 2^32 - 1', '9affffffff'],
  ['bytes that promise 2^32 - 1', '5affffffff'],
  ['a text that promises 2^64 - 1', '7bffffffffffffffff'],
  ['an array with a length of 64 bits', '9b0000000000000001 00'.replaceAll(' ', '')],
  ['a text that is not ASCII', '62c3a9'],
  ['a text with a control character', '6107'],
  ['an array nested too deep', `${'81'.repeat(9)}00`],
];

const ACCEPTED: readonly (readonly [item: Item, hex: string])[] = [
  [0, '00'],
  [23, '17'],
  [24, '1818'],
  [255, '18ff'],
  [256, '190100'],
  [65_535, '19ffff'],
  [65_536, '1a00010000'],
  [0xffff_ffff, '1affffffff'],
  [0n, '1b0000000000000000'],
  [1n, '1b0000000000000001'],
  [0xffff_ffff_ffff_ffffn, '1bffffffffffffffff'],
  [false, 'f4'],
  [true, 'f5'],
  [null, 'f6'],
  ['', '60'],
  ['ab ~', '6461622 07e'.replaceAll(' ', '')],
  [Uint8Array.of(0, 255), '4200ff'],
  [[], '80'],
  [[1, [2n, ['x']]], '8201821b0000000000000002816178'],
];

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

describe('the subset of CBOR', () => {
  for (const [name, hex] of REFUSED) {
    test(`refuses ${name}`, () => {
      assert.throws(() => decodeItem(bytesOf(hex), 'test'), DecodeError);
      if (hex !== '') assert.throws(() => decodeItem(bytesOf(`81${hex}`), 'test'), DecodeError);
    });
  }

  for (const [item, hex] of ACCEPTED) {
    test(`has one spelling of ${JSON.stringify(item, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))}`, () => {
      assert.equal(Buffer.from(encodeItem(item)).toString('hex'), hex);
      assert.deepStrictEqual(decodeItem(bytesOf(hex), 'test'), item);
    });
  }

  test('has an end to the number of items', () => {
    const most = encodeItem(new Array(MAX_ITEMS - 1).fill(0));
    assert.equal((decodeItem(most, 'test') as readonly Item[]).length, MAX_ITEMS - 1);
    const more = encodeItem(new Array(MAX_ITEMS).fill(0));
    assert.throws(() => decodeItem(more, 'test'), /too many items/);
  });

  test('is CBOR that others read', () => {
    assert.deepEqual(decode(encodeItem([1, 'two', [true, null]])), [1, 'two', [true, null]]);
  });

  test('gives byte strings as plain views of a Buffer', () => {
    const input = Buffer.from('8142abcd', 'hex');
    const [bytes] = decodeItem(input, 'test') as [Uint8Array];
    assert.equal(bytes.constructor, Uint8Array);
    assert.equal(bytes.buffer, input.buffer);
  });

  test('decoding leaves every prototype as it was', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).join();
    assert.throws(() => decodeItem(bytesOf('a1695f5f70726f746f5f5fa1617801'), 'test'), DecodeError);
    assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before);
    assert.equal(Reflect.get({}, 'x'), undefined);
  });
});
