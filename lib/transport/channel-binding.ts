/** What ties a handshake to the TLS connection that it runs on. */
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CHANNEL_BYTES } from './challenge.ts';

/**
 * Bytes that only the two ends of this TLS connection can derive (RFC 5705); empty without TLS. Where
 * TLS ends at a proxy, or at somebody in the middle, the peers find different ones.
 */
export function channelBinding(carrier: Duplex): Uint8Array {
  if (!(carrier instanceof TLSSocket)) return new Uint8Array(0);
  const label = 'EXPORTER-quorate-link-1';
  return new Uint8Array(carrier.exportKeyingMaterial(CHANNEL_BYTES, label, Buffer.alloc(0)));
}
