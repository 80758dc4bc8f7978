import { Encoder } from 'cbor-x';
import { type Codec, PROMISED, refusePromise } from './codec.ts';
import { requireSchema, type StandardSchema, validate } from './standard-schema.ts';

const EMPTY = new Uint8Array(0);
/** No shared structures: every node's data can be read alone, by any implementation of CBOR. */
const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });

/** CBOR: as JSON, and also bigints, dates, maps, sets and byte strings. Empty data is `undefined`. */
export function cbor<T = unknown>(): Codec<T>;
/** CBOR that a schema checks, when it is written and when it is read, as {@link json} does. */
export function cbor<T, In>(schema: StandardSchema<In, T>): Codec<T, In>;
export function cbor<T, In>(schema?: StandardSchema<In, T>): Codec<T, In> {
  if (schema !== undefined) requireSchema(schema);
  return {
    encode(value) {
      refusePromise(value, PROMISED);
      if (schema !== undefined) validate(schema, value);
      if (value === undefined) return EMPTY;
      if (typeof value === 'function' || typeof value === 'symbol') {
        throw new RangeError(`a ${typeof value} has no CBOR`);
      }
      return encoder.encode(value);
    },
    decode(data) {
      const value: unknown = data.length === 0 ? undefined : encoder.decode(data);
      return schema === undefined ? (value as T) : validate(schema, value);
    },
  };
}
