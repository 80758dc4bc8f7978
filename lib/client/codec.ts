/// <reference lib="es2024.string" />
import { QuorateError } from '../base/errors.ts';
import { isThenable } from '../base/thenable.ts';
import { textOf } from '../base/utf8.ts';
import { messageOf } from '../peer/events.ts';

/**
 * How a value stands in a node's data. Both ways are synchronous. What either of them throws refuses
 * the data: the caller gets INVALID_DATA with it as the cause.
 */
export interface Codec<T, In = T> {
  /** The bytes of a value; called before the call returns that was given the value. */
  encode(value: In): Uint8Array;
  /** The value of bytes, which are the codec's own. */
  decode(data: Uint8Array): T;
}

/** A codec used in a way that no data can excuse, such as an asynchronous schema. Passed on as it is. */
export class CodecMisuse extends TypeError {}

/**
 * For what must be a value at once. A promise that came by mistake may reject, and nobody waits for that.
 * @throws {TypeError} with this message: it is a promise
 */
export function refusePromise(value: unknown, message: string): void {
  if (!isThenable(value)) return;
  void Promise.resolve(value).catch(() => undefined);
  throw new CodecMisuse(message);
}

/** JSON and CBOR would write it as an empty object. */
export const PROMISED = 'data must not be a promise: await it before it is written';

/** The data as it is. */
export const bytes: Codec<Uint8Array> = {
  encode(value) {
    if (!(value instanceof Uint8Array)) {
      throw new CodecMisuse(`data must be a Uint8Array, not ${typeof value}`);
    }
    return new Uint8Array(value);
  },
  decode: (data) => data,
};

/** What a codec makes of the text that its bytes are. */
export type FromText<T> = (text: string) => T;

/** Of the codecs of this library that read text, and of no other that was made of their parts. */
const fromTexts = new WeakMap<object, FromText<unknown>>();

/** How a codec reads text, if it does: then the bytes need neither be copied for it nor decoded again. */
export function fromTextOf<T>(codec: Codec<T, never>): FromText<T> | undefined {
  return fromTexts.get(codec) as FromText<T> | undefined;
}

/** A codec of text, or of what a text says. */
export function textCodec<T, In>(
  encode: (value: In) => Uint8Array,
  fromText: FromText<T>,
): Codec<T, In> {
  const decode = (data: Uint8Array): T => fromText(requireText(textOf(data)));
  // Nobody gives it another decode() beside which this one would still be used.
  const codec = Object.freeze({ encode, decode });
  fromTexts.set(codec, fromText);
  return codec;
}

function requireText(text: string | undefined): string {
  if (text === undefined) throw new RangeError('the bytes are no UTF-8');
  return text;
}

/** Text, the default. Refuses bytes that are no UTF-8 and strings that are no text (lone surrogates). */
export const utf8: Codec<string> = textCodec(
  (value: string) => {
    if (typeof value !== 'string') {
      throw new CodecMisuse(
        `data must be a string, not ${typeof value}; use as(json()), as(cbor()) or as(bytes)`,
      );
    }
    if (!value.isWellFormed()) throw new RangeError('a lone surrogate is no text');
    // A piece of Node's pool: a buffer of its own, with what the collector has to do for it, costs four times as much.
    const { buffer, byteOffset, length } = Buffer.from(value);
    return new Uint8Array(buffer, byteOffset, length);
  },
  (text) => text,
);

/** @throws {TypeError} it is no codec: found out here, it is not taken for data that cannot be read */
export function requireCodec(codec: Codec<unknown, never>): void {
  if (typeof codec?.encode === 'function' && typeof codec.decode === 'function') return;
  throw new TypeError(
    'as: a codec has encode() and decode(); json and cbor are functions that make one',
  );
}

const EMPTY = new Uint8Array(0);

/** The bytes of a value, the caller's buffers not among them. */
export function encodeWith<In>(codec: Codec<unknown, In>, value: In, path: string): Uint8Array {
  let data: Uint8Array;
  try {
    data = codec.encode(value);
  } catch (error) {
    throw refusal(error, path, 'be written');
  }
  if (!(data instanceof Uint8Array)) {
    throw new CodecMisuse('encode() of the codec must return a Uint8Array');
  }
  if (data.length === 0) return EMPTY;
  // A codec of the application may keep what it returned, and write into it later.
  return codec === utf8 || codec === bytes ? data : new Uint8Array(data);
}

/**
 * The value of a node's data.
 * @param data a copy of the tree's bytes: the codec may hand it out
 */
export function decodeWith<T>(codec: Codec<T, never>, data: Uint8Array, path: string): T {
  try {
    return codec.decode(data);
  } catch (error) {
    throw refusal(error, path, 'be read');
  }
}

/** Likewise of data that the tree has given as text; undefined if it is none. */
export function decodeText<T>(fromText: FromText<T>, text: string | undefined, path: string): T {
  try {
    return fromText(requireText(text));
  } catch (error) {
    throw refusal(error, path, 'be read');
  }
}

/** Likewise of bytes that others are shown as well: who may hand them out is given a copy. */
export function decodeShared<T>(
  codec: Codec<T, never>,
  fromText: FromText<T> | undefined,
  data: Uint8Array,
  path: string,
): T {
  if (fromText === undefined) return decodeWith(codec, new Uint8Array(data), path);
  return decodeText(fromText, sharedText(data), path);
}

/** By their bytes, as long as anybody holds these. */
const texts = new WeakMap<Uint8Array, string>();

/** Decodes once, however many ask. The bytes are never written again. */
function sharedText(data: Uint8Array): string | undefined {
  const known = texts.get(data);
  if (known !== undefined) return known;
  const text = textOf(data);
  if (text !== undefined) texts.set(data, text);
  return text;
}

function refusal(error: unknown, path: string, what: string): unknown {
  if (error instanceof CodecMisuse) return error;
  return QuorateError.make(
    'INVALID_DATA',
    `${path}: the data cannot ${what}: ${messageOf(error)}`,
    {
      path,
      cause: error,
    },
  );
}
