import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/base/errors.ts';
import { cbor } from '../../lib/client/cbor-codec.ts';
import { bytes, type Codec, decodeWith, encodeWith, utf8 } from '../../lib/client/codec.ts';
import { json } from '../../lib/client/json-codec.ts';
import type { StandardSchema } from '../../lib/client/standard-schema.ts';
import { solo } from './solo.ts';

function roundTrip<T>(codec: Codec<T>, value: T): T {
  return decodeWith(codec, encodeWith(codec, value, '/a'), '/a');
}

function refusal(work: () => unknown): QuorateError {
  try {
    work();
  } catch (error) {
    if (QuorateError.is(error, 'INVALID_DATA')) return error;
    throw error;
  }
  return assert.fail('nothing was refused');
}

test('utf8 keeps every text, and an empty one is empty data', () => {
  for (const text of [
    '',
    'a',
    'größer',
    '漢字',
    '😀',
    '\u0000',
    'x'.repeat(100_000),
    '\ufffd',
    '\ufeffa',
  ]) {
    assert.equal(roundTrip(utf8, text), text);
  }
  assert.equal(encodeWith(utf8, '', '/a').length, 0);
});

test('utf8 refuses bytes that are no text instead of handing out replacement characters', () => {
  for (const data of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x61, 0x80]]) {
    const error = refusal(() => decodeWith(utf8, Uint8Array.from(data), '/config/db'));
    assert.equal(error.path, '/config/db');
    assert.equal(error.outcome, 'not-applied');
  }
});

test('a codec that is made of the parts of another reads as its own decode() says', async (t) => {
  const peer = await solo(t);
  await peer.create('/a', '"x"');
  const loud: Codec<string> = { ...utf8, decode: (data) => utf8.decode(data).toUpperCase() };
  assert.equal((await peer.as(loud).get('/a')).data, '"X"');
  const listed: Codec<unknown> = { ...json(), decode: (data) => [json().decode(data)] };
  assert.deepEqual((await peer.as(listed).get('/a')).data, ['x']);
  assert.throws(() => Object.assign(utf8, { decode: loud.decode }), TypeError);
});

test('utf8 refuses a string that is no text', () => {
  assert.match(refusal(() => encodeWith(utf8, 'a\ud800', '/a')).message, /lone surrogate/);
});

test('data of the wrong type is a TypeError that names the way out', () => {
  const number: unknown = 7;
  assert.throws(() => encodeWith(utf8, number as string, '/a'), {
    name: 'TypeError',
    message: /json/,
  });
  assert.throws(() => encodeWith(bytes, number as Uint8Array, '/a'), TypeError);
});

test('bytes are copied before they are written: the caller may write into theirs', () => {
  const given = Uint8Array.of(1, 2, 3);
  const data = encodeWith(bytes, given, '/a');
  given[0] = 9;
  assert.deepEqual(data, Uint8Array.of(1, 2, 3));
  const pooled = Buffer.from('abc');
  assert.equal(encodeWith(bytes, pooled, '/a').buffer.byteLength, 3, 'no view of a larger buffer');
});

test('what a codec of the application returned is copied too', () => {
  const scratch = new Uint8Array(1);
  const codec: Codec<number> = {
    encode: (value) => {
      scratch[0] = value;
      return scratch;
    },
    decode: (data) => data[0] ?? -1,
  };
  const first = encodeWith(codec, 1, '/a');
  encodeWith(codec, 2, '/a');
  assert.equal(decodeWith(codec, first, '/a'), 1);
});

test('a codec that throws refuses the data, with the cause; one that returns no bytes is misused', () => {
  const cause = new Error('no');
  const throwing: Codec<string> = {
    encode: () => {
      throw cause;
    },
    decode: () => {
      throw cause;
    },
  };
  assert.equal(refusal(() => encodeWith(throwing, '', '/a')).cause, cause);
  assert.equal(refusal(() => decodeWith(throwing, new Uint8Array(1), '/a')).cause, cause);
  const text: unknown = 'text';
  const wrong: Codec<string> = { encode: () => text as Uint8Array, decode: () => '' };
  assert.throws(() => encodeWith(wrong, '', '/a'), TypeError);
});

const PLAIN = [null, true, 0, -1.5, 'text', [], [1, [2]], {}, { a: { b: 'c' } }];

for (const [name, codec] of [
  ['json', json()],
  ['cbor', cbor()],
] as const) {
  test(`${name} keeps plain values, and undefined is empty data`, () => {
    for (const value of PLAIN) assert.deepEqual(roundTrip(codec, value), value);
    assert.equal(encodeWith(codec, undefined, '/a').length, 0);
    assert.equal(roundTrip(codec, undefined), undefined);
  });

  test(`${name} refuses what has no representation`, () => {
    refusal(() => encodeWith(codec, () => 1, '/a'));
    refusal(() => encodeWith(codec, Symbol('s'), '/a'));
    refusal(() => decodeWith(codec, Uint8Array.of(0x7b, 0xff, 0x00), '/a'));
  });

  test(`${name} gives no prototype to data that asks for one`, () => {
    const hostile = JSON.parse('{"__proto__": {"admin": true}}');
    const value = roundTrip<unknown>(codec, hostile) as { admin?: boolean };
    assert.equal(value.admin, undefined);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
}

test('json refuses what JSON cannot say', () => {
  const circular: unknown[] = [];
  circular.push(circular);
  refusal(() => encodeWith(json(), circular, '/a'));
  refusal(() => encodeWith(json(), 1n, '/a'));
});

test('cbor keeps what JSON cannot say', () => {
  const value = {
    big: 2n ** 70n,
    at: new Date(86_400_000),
    set: new Set([1]),
    map: new Map([[1, 'a']]),
  };
  assert.deepEqual(roundTrip<unknown>(cbor(), value), value);
  const { raw } = roundTrip<{ raw: Uint8Array }>(cbor(), { raw: Uint8Array.of(1, 2) });
  assert.deepEqual([...raw], [1, 2]);
});

test('cbor refuses bytes behind the value', () => {
  refusal(() => decodeWith(cbor(), Uint8Array.of(1, 2), '/a'));
});

/** A schema as zod would make it: a port with a default, given as text or number. */
interface PortIn {
  port?: number;
}
interface PortOut {
  port: number;
}

function schema(check: (value: unknown) => unknown): StandardSchema<PortIn, PortOut> {
  return { '~standard': { version: 1, vendor: 'test', validate: check } };
}

const PORTS = schema((value) => {
  const port = typeof value === 'object' && value !== null && 'port' in value ? value.port : 80;
  return typeof port === 'number'
    ? { value: { port } }
    : { issues: [{ message: 'not a number', path: [{ key: 'port' }] }] };
});

for (const [name, codec] of [
  ['json', json(PORTS)],
  ['cbor', cbor(PORTS)],
] as const) {
  test(`${name}: a schema is asked when data is written and when it is read`, () => {
    const data = encodeWith(codec, {}, '/a');
    assert.deepEqual(decodeWith(codec, data, '/a'), { port: 80 }, 'defaults belong to the reader');
    const wrong: unknown = { port: 'http' };
    const error = refusal(() => encodeWith(codec, wrong as PortIn, '/a'));
    assert.match(error.message, /port: not a number/);
    const foreign = encodeWith(name === 'json' ? json() : cbor(), wrong, '/a');
    assert.match(
      refusal(() => decodeWith(codec, foreign, '/b')).message,
      /^\/b: .*port: not a number/,
    );
  });
}

test('an asynchronous schema and a thing that is no schema are misuse', () => {
  const asynchronous = json(schema(async (value) => ({ value })));
  assert.throws(() => encodeWith(asynchronous, {}, '/a'), {
    name: 'TypeError',
    message: /asynchronous/,
  });
  const nothing: unknown = {};
  assert.throws(() => json(nothing as StandardSchema<PortIn, PortOut>), TypeError);
});

test('a promise is no data, and nobody is left to hear of it if it rejects', async () => {
  const failing = () => Promise.reject(new Error('nobody waits for it'));
  for (const codec of [json(), cbor()]) {
    assert.throws(() => codec.encode(failing()), { name: 'TypeError', message: /await it/ });
  }
  const asynchronous = json(schema(failing));
  assert.throws(() => asynchronous.decode(utf8.encode('1')), { message: /asynchronous/ });
  // A rejection that is unhandled is told behind the microtasks, and fails this file.
  await new Promise((resolve) => setImmediate(resolve));
});

test('who gives the memory away that he was given takes nothing from what others have read', async (t) => {
  const raw = (await solo(t)).as(bytes);
  await raw.create('/mine', Uint8Array.of(1, 2, 3));
  await raw.create('/theirs', Uint8Array.of(4, 5, 6));
  const [mine, theirs] = [await raw.get('/mine'), await raw.get('/theirs')];
  try {
    const sent = structuredClone(mine.data, { transfer: [mine.data.buffer as ArrayBuffer] });
    assert.deepEqual(sent, Uint8Array.of(1, 2, 3));
  } catch (error) {
    // As later versions of Node say of a Buffer, too.
    assert.ok(error instanceof DOMException && error.name === 'DataCloneError', String(error));
  }
  assert.deepEqual(theirs.data, Uint8Array.of(4, 5, 6));
});
