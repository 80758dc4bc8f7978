import { parsePeerUrl } from '../transport/peer-url.ts';
import { checkCount, checkId, describe, isObject, refuseUnknown } from './checks.ts';
import { messageOf } from './events.ts';
import type { PeerAddress } from './settings.ts';

/** One peer of the group, with every default filled in. */
export interface Address {
  readonly id: number;
  readonly url: string;
  readonly role: 'participant' | 'observer';
  readonly weight: number;
  readonly group: number;
}

const ADDRESS_FIELDS: ReadonlySet<string> = new Set<keyof PeerAddress>([
  'url',
  'role',
  'weight',
  'group',
]);

/** All peers of the group, ascending by id. @throws {TypeError | RangeError} */
export function checkPeers(id: number, value: unknown): readonly Address[] {
  if (!isObject(value)) {
    throw new TypeError(`openPeer: peers must be an object, not ${describe(value)}`);
  }
  const addresses = Object.entries(value).map(([key, peer]: [string, unknown]) => {
    const peerId = checkId(`openPeer: peers: the id '${key}'`, Number(key));
    // '01' is 1, too: two spellings of one id would be two peers.
    if (key !== String(peerId)) throw new TypeError(`openPeer: peers: write '${key}' as ${peerId}`);
    return checkAddress(`openPeer: peers[${key}]`, peerId, peer);
  });
  addresses.sort((a, b) => a.id - b.id);
  if (!addresses.some((address) => address.id === id)) {
    throw new TypeError(`openPeer: peers must contain this peer, id ${id}`);
  }
  const owners = new Map<string, number>();
  for (const { id: peer, url } of addresses) {
    const other = owners.get(url);
    if (other !== undefined)
      throw new TypeError(`openPeer: peers ${other} and ${peer} share ${url}`);
    owners.set(url, peer);
  }
  if (!addresses.some(({ role, weight }) => role === 'participant' && weight > 0)) {
    throw new TypeError('openPeer: peers must contain a participant with a weight');
  }
  return addresses;
}

function checkAddress(name: string, id: number, peer: unknown): Address {
  if (typeof peer === 'string') {
    return { id, url: checkUrl(name, peer), role: 'participant', weight: 1, group: 0 };
  }
  if (!isObject(peer)) {
    throw new TypeError(`${name} must be a URL or an object with one, not ${describe(peer)}`);
  }
  const given: Readonly<Record<string, unknown>> = { ...peer };
  refuseUnknown(name, given, ADDRESS_FIELDS);
  const { url, role = 'participant' } = given;
  if (typeof url !== 'string') {
    throw new TypeError(`${name}.url must be a URL, not ${describe(url)}`);
  }
  if (role !== 'participant' && role !== 'observer') {
    throw new TypeError(`${name}.role must be 'participant' or 'observer', not ${describe(role)}`);
  }
  const weight = checkCount(`${name}.weight`, given.weight ?? 1);
  const group = checkCount(`${name}.group`, given.group ?? 0);
  return { id, url: checkUrl(`${name}.url`, url), role, weight, group };
}

function checkUrl(name: string, text: string): string {
  try {
    const url = parsePeerUrl(text);
    if (url.port === '') throw new TypeError(`${text}: a peer's URL names its port`);
    return url.href;
  } catch (error) {
    throw new TypeError(`${name}: ${messageOf(error)}`);
  }
}
