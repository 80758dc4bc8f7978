/** Addresses of the `ip` scheme: `10.0.0.0/8`, `fd00::/8`; without bits, one address. */

function parseV4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined;
  return parts.map(Number);
}

/** `tail`: the end of the address, where an IPv4 address may stand. */
function parseGroups(text: string, tail: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const v4 = tail && index === groups.length - 1 ? parseV4(group) : undefined;
      if (v4 === undefined) return undefined;
      bytes.push(...v4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    }
  }
  return bytes;
}

function parseV6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The bytes of an address, 4 or 16; an IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 one. */
function parseAddress(text: string): number[] | undefined {
  if (!text.includes(':')) return parseV4(text);
  const bytes = parseV6(text);
  const mapped =
    bytes?.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes?.slice(12) : bytes;
}

interface Range {
  readonly bytes: number[];
  readonly bits: number;
}

function parseRange(text: string): Range | undefined {
  const slash = text.indexOf('/');
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  if (slash < 0) return { bytes, bits: bytes.length * 8 };
  const suffix = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(suffix) || Number(suffix) > bytes.length * 8) return undefined;
  return { bytes, bits: Number(suffix) };
}

/** Whether an ACL may name this range. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/** Whether an address lies in a range. */
export function addressMatches(address: string, range: string): boolean {
  const bytes = parseAddress(address);
  const within = parseRange(range);
  if (bytes === undefined || within === undefined || bytes.length !== within.bytes.length)
    return false;
  for (let index = 0, bits = within.bits; bits > 0; index += 1, bits -= 8) {
    const mask = bits >= 8 ? 255 : (255 << (8 - bits)) & 255;
    if (((bytes[index] ?? 0) & mask) !== ((within.bytes[index] ?? 0) & mask)) return false;
  }
  return true;
}
