/** What keeps frames whole and in their order on a link that nobody else guards. */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Bytes that a seal adds to a frame: HMAC-SHA256, cut to half. */
export const SEAL_BYTES = 16;

/**
 * Behind every frame stands a MAC over the frame and its number. The number is not sent: both ends
 * count, so that a frame which was changed, left out, repeated or moved does not fit. Each direction
 * has a key of its own, so that a frame does not fit when it is sent back either. Nothing is encrypted.
 */
export class FrameSeal {
  readonly #sending: KeyObject;
  readonly #receiving: KeyObject;
  #sent = 0;
  #received = 0;

  constructor(sending: Uint8Array, receiving: Uint8Array) {
    this.#sending = createSecretKey(sending);
    this.#receiving = createSecretKey(receiving);
  }

  /** The frame, sealed. Frames must leave in the order in which they were sealed. */
  seal(frame: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(frame.length + SEAL_BYTES);
    sealed.set(frame);
    sealed.set(mac(this.#sending, this.#sent, frame), frame.length);
    this.#sent += 1;
    return sealed;
  }

  /** The frame inside; undefined if it is not the one that the other side sent next. The link is not to be used then. */
  open(sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - SEAL_BYTES;
    if (length < 0) return undefined;
    const frame = sealed.subarray(0, length);
    const expected = mac(this.#receiving, this.#received, frame);
    if (!timingSafeEqual(expected, sealed.subarray(length))) return undefined;
    this.#received += 1;
    return frame;
  }
}

function mac(key: KeyObject, number: number, frame: Uint8Array): Buffer {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(number));
  const whole = createHmac('sha256', key).update(counter).update(frame).digest();
  return whole.subarray(0, SEAL_BYTES);
}
