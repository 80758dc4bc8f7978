import type { Codec } from '../client/codec.ts';
import { utf8 } from '../client/codec.ts';

/** A whole number as decimal text, as kazoo's Counter writes it; empty data is 0. */
export const wholeNumber: Codec<number> = {
  encode(value) {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is beyond 2^53 - 1`);
    return utf8.encode(String(value));
  },
  decode(data) {
    const text = utf8.decode(data);
    if (text === '') return 0;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
      throw new RangeError(`'${text.slice(0, 40)}' is no whole number up to 2^53 - 1`);
    }
    return value;
  },
};
