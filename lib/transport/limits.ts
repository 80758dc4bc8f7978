/** The bounds of a link, and of what wants to become one. */
import { MAX_FRAME_BYTES } from '../wire/limits.ts';

export interface LinkLimits {
  /** A longer frame from the other side ends the link, unread. */
  readonly frameBytes: number;
  /** More bytes waiting to be sent end the link (ZOOKEEPER-2201: one stuck peer must not fill the memory of another). */
  readonly queueBytes: number;
  /** Connections that came in and have not shown the secret yet; further ones are turned away. */
  readonly strangers: number;
  /** As many of them from one address, or one network of IPv6, so that nobody keeps the others out alone; of this machine: all. */
  readonly strangersOfOne: number;
  /** How long the other side may take to agree to a WebSocket, and then stay a stranger; in ms. */
  readonly handshakeTime: number;
}

export const LINK_LIMITS: LinkLimits = {
  frameBytes: MAX_FRAME_BYTES,
  queueBytes: 2 * MAX_FRAME_BYTES,
  strangers: 32,
  strangersOfOne: 8,
  handshakeTime: 3_000,
};
