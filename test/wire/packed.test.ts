import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { PackedReader } from '../../lib/wire/packed-reader.ts';
import { PackedWriter } from '../../lib/wire/packed-writer.ts';

function read<T>(hex: string, field: (reader: PackedReader) => T): T {
  const reader = new PackedReader(new Uint8Array(Buffer.from(hex, 'hex')), 'test');
  const value = field(reader);
  reader.end();
  return value;
}

function write(field: (writer: PackedWriter) => void): string {
  const writer = new PackedWriter();
  writer.begin();
  field(writer);
  return Buffer.from(writer.finish()).toString('hex');
}

describe('packed counts', () => {
  const spellings: readonly (readonly [number, string])[] = [
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 32, '8080808010'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f'],
  ];
  for (const [value, hex] of spellings) {
    test(`${value} is ${hex} and nothing else`, () => {
      assert.equal(
        write((writer) => writer.count(value)),
        hex,
      );
      assert.equal(
        read(hex, (reader) => reader.count()),
        value,
      );
      const padded = hex.slice(0, -2) + (parseInt(hex.slice(-2), 16) | 0x80).toString(16);
      assert.throws(() => read(`${padded}00`, (reader) => reader.count()), DecodeError);
    });
  }

  test('beyond 53 bits are refused, however long', () => {
    assert.throws(() => read('ffffffffffffff10', (reader) => reader.count()), /above/);
    assert.throws(() => read('ff'.repeat(2000), (reader) => reader.count()), /above/);
    assert.throws(() => read('05', (reader) => reader.count(4)), /above 4/);
  });
});

describe('packed fields', () => {
  const refused: readonly (readonly [string, string, (reader: PackedReader) => unknown])[] = [
    ['a flag of 2', '02', (reader) => reader.flag()],
    ['an unknown word', '02', (reader) => reader.word(['a', 'b'])],
    ['53 bits and one more', '0020000000000000', (reader) => reader.safe()],
    ['eight bytes cut short', '00000000000000', (reader) => reader.uint64()],
    ['bytes behind a length that lies', '05aabb', (reader) => reader.bytes(100)],
    ['bytes above their bound', '03aabbcc', (reader) => reader.bytes(2)],
    ['a list longer than what is left', '0a', (reader) => reader.length(100)],
    ['bytes after the end', '0100', (reader) => reader.uint8()],
    ['an overlong UTF-8 slash', '02c0af', (reader) => reader.text(10)],
    ['half a surrogate pair', '03eda080', (reader) => reader.text(10)],
    ['UTF-8 cut short', '01c3', (reader) => reader.text(10)],
    ['a text above its bound', '0361 6161'.replaceAll(' ', ''), (reader) => reader.text(2)],
  ];
  for (const [name, hex, field] of refused) {
    test(`refuse ${name}`, () => assert.throws(() => read(hex, field), DecodeError));
  }

  test('lists have an end together', () => {
    const reader = new PackedReader(new Uint8Array(64).fill(8), 'test', 20);
    reader.length(10);
    reader.length(10);
    assert.throws(() => reader.length(10), /too many elements/);
  });

  const texts = [
    '',
    '/',
    '/é',
    '日本',
    '😀',
    '\u0000',
    '\ufeffmark',
    'x'.repeat(96),
    'é'.repeat(97),
  ];
  for (const text of [...texts, 'y'.repeat(10_000)]) {
    test(`${JSON.stringify(text.slice(0, 12))} of ${text.length} is the same after and after`, () => {
      const hex = write((writer) => writer.text(text));
      for (let again = 0; again < 3; again += 1) {
        assert.equal(
          read(hex, (reader) => reader.text(100_000)),
          text,
        );
      }
    });
  }

  test('a likely text is taken for itself only', () => {
    const likely = (hex: string, text: string) => read(hex, (reader) => reader.text(10, text));
    assert.equal(likely('026162', 'ab'), 'ab');
    assert.equal(likely('026163', 'ab'), 'ac');
    assert.equal(likely('02c3a9', 'é'), 'é');
    assert.throws(() => likely('01e9', 'é'), DecodeError);
  });

  test('texts that share a place in the memory are never taken for one another', () => {
    for (let round = 0; round < 2; round += 1) {
      for (let number = 0; number < 20_000; number += 1) {
        const text = `/n/${number}`;
        const hex = write((writer) => writer.text(text));
        assert.equal(
          read(hex, (reader) => reader.text(100)),
          text,
        );
      }
    }
  });
});

describe('a packed writer', () => {
  test('leaves what it gave away untouched when it goes on', () => {
    const writer = new PackedWriter();
    const given = Array.from({ length: 3000 }, (_, index) => {
      writer.begin();
      writer.raw(new Uint8Array(index % 97).fill(index));
      return writer.finish();
    });
    given.forEach((bytes, index) => {
      assert.deepEqual(bytes, new Uint8Array(index % 97).fill(index));
    });
  });

  test('writes what is longer than its slab', () => {
    const writer = new PackedWriter();
    writer.begin();
    writer.uint8(1);
    writer.bytes(new Uint8Array(1_000_000).fill(2));
    writer.uint8(3);
    const bytes = writer.finish();
    assert.equal(bytes.length, 1_000_005);
    assert.deepEqual([bytes[0], bytes[500_000], bytes.at(-1)], [1, 2, 3]);
  });

  test('forgets a value that was not finished', () => {
    const writer = new PackedWriter();
    writer.begin();
    writer.uint8(1);
    writer.begin();
    writer.uint8(2);
    assert.deepEqual(writer.finish(), Uint8Array.of(2));
  });
});
