import { type Codec, PROMISED, refusePromise, textCodec, utf8 } from './codec.ts';
import { requireSchema, type StandardSchema, validate } from './standard-schema.ts';

const EMPTY = new Uint8Array(0);

/** JSON. Empty data is `undefined`. */
export function json<T = unknown>(): Codec<T>;
/**
 * JSON that a schema checks, when it is written and when it is read. What was written stays as it is;
 * the defaults and transformations of the schema are applied when it is read.
 */
export function json<T, In>(schema: StandardSchema<In, T>): Codec<T, In>;
export function json<T, In>(schema?: StandardSchema<In, T>): Codec<T, In> {
  if (schema !== undefined) requireSchema(schema);
  return textCodec(
    (value: In) => {
      refusePromise(value, PROMISED);
      if (schema !== undefined) validate(schema, value);
      if (value === undefined) return EMPTY;
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new RangeError(`a ${typeof value} has no JSON`);
      return utf8.encode(text);
    },
    (text) => {
      const value: unknown = text === '' ? undefined : JSON.parse(text);
      return schema === undefined ? (value as T) : validate(schema, value);
    },
  );
}
