/** The group's membership, and what a store knows of the group's birth, as fields and as bytes. */
import type { Configuration, Member, Origin } from '../zab/configuration.ts';
import type { Birth } from '../zab/messages.ts';
import type { Base } from '../zab/ready.ts';
import { decodeItem, encodeItem } from './cbor.ts';
import { type Field, identifier, list, object, safe, uint, union, zxid } from './fields.ts';
import { MAX_PEER_ID, MAX_STARTS, MAX_VOTERS } from './limits.ts';

/** The id of a peer, 1 to 255. */
export const peerId: Field<number> = uint(MAX_PEER_ID, 1);

/** The starts of a store, the newest last. */
export const starts: Field<readonly number[]> = list(safe, MAX_STARTS);

const member: Field<Member> = object<Member>({
  id: peerId,
  store: identifier,
  start: safe,
  weight: uint(),
  group: uint(),
});

const members: Field<readonly Member[]> = list(member, MAX_VOTERS);

const origin: Field<Origin> = union<Origin, 'type'>('type', 'origin', {
  genesis: [0, {}],
  'replace-store': [1, { id: peerId, lost: identifier }],
  'record-starts': [2, {}],
});

export const configuration: Field<Configuration> = object<Configuration>({
  version: zxid,
  voters: members,
  origin,
});

export const birth: Field<Birth> = union<Birth, 'state'>('state', 'birth', {
  unborn: [0, {}],
  pledged: [1, { voters: members }],
  born: [2, {}],
});

export const base: Field<Base> = object<Base>({
  zxid,
  chain: safe,
  configuration,
});

/** The payload of a `configuration` entry. */
export function encodeConfiguration(value: Configuration): Uint8Array {
  return encodeItem(configuration.write(value));
}

/** @throws DecodeError */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  return configuration.read(decodeItem(bytes, 'configuration'), 'configuration');
}
