/**
 * UTF-8 to strings for many short texts, most of which come again and again: paths, schemes, store
 * ids. A small direct-mapped memory of texts seen gives back the same string, which costs neither an
 * allocation nor, later, the hashing of a new map key. What it gives never depends on what it holds.
 */
const SLOTS = 2048;
/** Longer texts are not remembered. */
const LONGEST = 64;
const SEEN: string[] = new Array(SLOTS).fill('');
/** By length, to be filled again and again. */
const UNITS: number[][] = Array.from({ length: LONGEST + 1 }, (_, length) => {
  return new Array<number>(length).fill(0);
});
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text in `length` bytes from `at`; undefined if they are not well-formed UTF-8. `likely` is tried first. */
export function readText(
  bytes: Uint8Array,
  at: number,
  length: number,
  likely: string,
): string | undefined {
  if (length === likely.length && isText(likely, bytes, at)) return likely;
  if (length > LONGEST) return decode(bytes, at, length);
  let hash = length;
  let all = 0;
  for (let index = at; index < at + length; index += 1) {
    const byte = bytes[index] as number;
    hash = Math.imul(hash ^ byte, 0x0100_0193);
    all |= byte;
  }
  if (all > 0x7f) return decode(bytes, at, length);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const seen = SEEN[slot] as string;
  if (seen.length === length && isText(seen, bytes, at)) return seen;
  const text = String.fromCharCode.apply(null, asUnits(bytes, at, length));
  SEEN[slot] = text;
  return text;
}

/** As {@link readText}, of a text that has hardly been seen before: it takes no other's place in the memory. */
export function readNewText(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (length > LONGEST) return decode(bytes, at, length);
  const units = UNITS[length] as number[];
  let all = 0;
  for (let index = 0; index < length; index += 1) {
    const byte = bytes[at + index] as number;
    units[index] = byte;
    all |= byte;
  }
  return all > 0x7f ? decode(bytes, at, length) : String.fromCharCode.apply(null, units);
}

/** ASCII only: of other texts, units and bytes are not the same numbers. */
function isText(text: string, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit !== bytes[at + index] || unit > 0x7f) return false;
  }
  return true;
}

function asUnits(bytes: Uint8Array, at: number, length: number): number[] {
  const units = new Array<number>(length);
  for (let index = 0; index < length; index += 1) units[index] = bytes[at + index] as number;
  return units;
}

function decode(bytes: Uint8Array, at: number, length: number): string | undefined {
  try {
    return UTF8.decode(bytes.subarray(at, at + length));
  } catch {
    return undefined;
  }
}
