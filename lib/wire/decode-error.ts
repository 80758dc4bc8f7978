/**
 * Bytes from a peer or a disk that are no value of this protocol. Decoders throw this and nothing
 * else, so a caller that catches it has caught everything that bad input can do.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** Which value was being read, as `ACK.zxid`. */
  readonly what: string;

  constructor(what: string, reason: string) {
    super(`${what}: ${reason}`);
    this.what = what;
  }
}
