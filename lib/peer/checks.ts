/** Checks that all options share. Each names what is wrong, and never repeats a long value. */

export function checkId(name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  }
  if (!Number.isInteger(value) || value < 1 || value > 255) {
    throw new RangeError(`${name} must be a whole number of 1 to 255, not ${value}`);
  }
  return value;
}

export function checkCount(name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > 1_000) {
    throw new RangeError(`${name} must be a whole number of 0 to 1000, not ${value}`);
  }
  return value;
}

export function refuseUnknown(
  name: string,
  given: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
): void {
  for (const key of Object.keys(given)) {
    if (!known.has(key)) {
      throw new TypeError(`${name}: unknown option '${key}'; known are ${[...known].join(', ')}`);
    }
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it may stand in a message: short, and never a secret's worth of text. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? 'a long text' : `'${value}'`;
  if (value === null || typeof value !== 'object') return String(value);
  return Array.isArray(value) ? 'an array' : 'an object';
}
