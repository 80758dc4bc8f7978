/** Who takes part in a barrier is named in one transaction, which holds only so many. */
export const SIZE_MAX = 1_000;

/** @throws {TypeError} it is no number. RangeError: it is not 1 to 1_000 */
export function checkSize(what: string, size: unknown): void {
  if (typeof size !== 'number') throw new TypeError(`${what}: size is a number`);
  if (Number.isInteger(size) && size >= 1 && size <= SIZE_MAX) return;
  throw new RangeError(`${what}: size is 1 to ${SIZE_MAX}, not ${size}`);
}
