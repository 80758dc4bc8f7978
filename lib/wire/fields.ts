/**
 * Fields of a message: how each is written as a CBOR item, and how what comes back is checked. A
 * codec is declared as the list of its fields, in the order of the wire; nothing that is not declared
 * gets in, and every field has a bound.
 */
import { isZxid, type Zxid } from '../base/zxid.ts';
import type { Item } from './cbor.ts';
import { DecodeError } from './decode-error.ts';
import { MAX_IDENTIFIER } from './limits.ts';

/** Both directions of one field. `read` throws {@link DecodeError}, which names `what`. */
export interface Field<T> {
  write(value: T): Item;
  read(item: Item, what: string): T;
}

/** The fields of an object, in the order of the wire. */
export type Shape<T> = { readonly [K in keyof T]-?: Field<T[K]> };

function refuse(what: string, expected: string): never {
  throw new DecodeError(what, `not ${expected}`);
}

/** An integer from `min` to `max`, of 32 bits at most. */
export function uint(max = 0xffff_ffff, min = 0): Field<number> {
  return {
    write: (value) => value,
    read: (item, what) =>
      typeof item === 'number' && item >= min && item <= max ? item : refuse(what, 'in range'),
  };
}

/** A number that may need more than 32 bits: a hash, a nonce, a count for ever. */
export const safe: Field<number> = {
  write: (value) => BigInt(value),
  read: (item, what) =>
    typeof item === 'bigint' && item <= Number.MAX_SAFE_INTEGER
      ? Number(item)
      : refuse(what, 'a safe integer of eight bytes'),
};

/** 64 bits. */
export const zxid: Field<Zxid> = {
  write: (value) => value,
  read: (item, what) =>
    typeof item === 'bigint' && isZxid(item) ? item : refuse(what, 'a zxid of eight bytes'),
};

/** 64 bits that are no zxid by type: the number of a session. */
export const wide: Field<bigint> = zxid as Field<bigint>;

export const flag: Field<boolean> = {
  write: (value) => value,
  read: (item, what) => (typeof item === 'boolean' ? item : refuse(what, 'true or false')),
};

/** Printable ASCII of a bounded length. */
function ascii(max: number, min = 0): Field<string> {
  return {
    write: (value) => value,
    read: (item, what) =>
      typeof item === 'string' && item.length >= min && item.length <= max
        ? item
        : refuse(what, `a text of ${min} to ${max} characters`),
  };
}

/** A remark for a person: cut off at `max` characters, and whatever is not printable ASCII becomes `?`. */
export function remark(max: number): Field<string> {
  return { ...ascii(max), write: (value) => value.slice(0, max).replace(/[^ -~]/g, '?') };
}

/** The name of a store, a cluster or a voter; empty for "none yet". */
export const identifier: Field<string> = ascii(MAX_IDENTIFIER);

/** Bytes; a view of the input. */
export function bytes(max: number): Field<Uint8Array> {
  return {
    write: (value) => value,
    read: (item, what) =>
      item instanceof Uint8Array && item.length <= max ? item : refuse(what, `up to ${max} bytes`),
  };
}

/** One of some words, written as its place in the list; a list may only grow at its end. */
export function word<const W extends string>(...words: readonly W[]): Field<W> {
  return {
    write: (value) => words.indexOf(value),
    read: (item, what) =>
      (typeof item === 'number' ? words[item] : undefined) ?? refuse(what, 'a known word'),
  };
}

/** Up to `max` of the same. */
export function list<T>(field: Field<T>, max: number): Field<readonly T[]> {
  return {
    write: (values) => values.map((value) => field.write(value)),
    read: (item, what) =>
      Array.isArray(item) && item.length <= max
        ? item.map((value: Item) => field.read(value, what))
        : refuse(what, `a list of up to ${max}`),
  };
}

/** A field that may be `undefined`, which is written as null. */
export function nullable<T>(field: Field<T>): Field<T | undefined> {
  return {
    write: (value) => (value === undefined ? null : field.write(value)),
    read: (item, what) => (item === null ? undefined : field.read(item, what)),
  };
}

/** Another encoding inside a byte string, such as a packed list. */
export function nested<T>(
  max: number,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): Field<T> {
  const field = bytes(max);
  return { write: encode, read: (item, what) => decode(field.read(item, what)) };
}

/** An object: an array of its fields. */
export function object<T extends object>(shape: Shape<T>): Field<T> {
  const keys = Object.keys(shape) as (keyof T & string)[];
  return {
    write: (value) => keys.map((key) => shape[key].write(value[key])),
    read: (item, what) => {
      if (!Array.isArray(item) || item.length !== keys.length) refuse(what, 'of that many fields');
      return readKeys({} as T, keys, shape, item, 0, what);
    },
  };
}

/** A kind of a union: its number on the wire and its fields. */
export type Variant<T> = readonly [code: number, shape: Shape<T>];

/** Every kind of the union `U`, by the word in its key `K`. */
export type Variants<U, K extends keyof U> = {
  readonly [W in U[K] & string]: Variant<Omit<Extract<U, { readonly [key in K]: W }>, K>>;
};

/** One of several kinds of object that a word in `key` tells apart: an array of its number and its fields. */
export function union<U extends object, K extends keyof U & string>(
  key: K,
  name: string,
  variants: Variants<U, K>,
): Field<U> {
  const kinds = Object.entries<Variant<object>>(variants).map(([kind, [code, shape]]) =>
    variantOf<U>(key, name, kind, code, shape as Shape<U>),
  );
  const byWord = new Map(kinds.map((kind) => [kind.word, kind]));
  const byCode = new Map(kinds.map((kind) => [kind.code, kind]));
  return {
    write: (value) => {
      const kind = byWord.get(String(value[key]));
      if (kind === undefined) throw new TypeError(`${name}: no such kind`);
      return kind.write(value);
    },
    read: (item, what) => {
      const code = Array.isArray(item) ? item[0] : undefined;
      const kind = typeof code === 'number' ? byCode.get(code) : undefined;
      return kind === undefined ? refuse(what, `a ${name}`) : kind.read(item as readonly Item[]);
    },
  };
}

interface Kind<U> {
  readonly word: string;
  readonly code: number;
  write(value: U): Item;
  read(item: readonly Item[]): U;
}

function variantOf<U extends object>(
  key: string,
  name: string,
  word: string,
  code: number,
  shape: Shape<U>,
): Kind<U> {
  const keys = Object.keys(shape) as (keyof U & string)[];
  const what = `${name} ${word}`;
  return {
    word,
    code,
    write: (value) => [code, ...keys.map((field) => shape[field].write(value[field]))],
    read: (item) => {
      if (item.length !== keys.length + 1) refuse(what, 'of that many fields');
      return readKeys({ [key]: word } as U, keys, shape, item, 1, what);
    },
  };
}

function readKeys<T extends object>(
  value: T,
  keys: readonly (keyof T & string)[],
  shape: Shape<T>,
  items: readonly Item[],
  from: number,
  what: string,
): T {
  let at = from;
  for (const key of keys) {
    value[key] = shape[key].read(items[at] ?? null, `${what}.${key}`);
    at += 1;
  }
  return value;
}
