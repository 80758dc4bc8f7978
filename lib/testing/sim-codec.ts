/** How messages become frames and come out of them again. */
import { decodeFrame, encodeMessage, packFrames } from '../wire/frames.ts';
import type { PeerMessage } from './machine.ts';
import type { Frame } from './sim-network.ts';

export interface SimCodec {
  encode(messages: readonly PeerMessage[]): readonly Frame[];
  decode(frame: Frame): readonly PeerMessage[];
}

/** The real wire: every frame is bytes on its way. A message for several links is encoded once. */
export function wireCodec(): SimCodec {
  let last: PeerMessage | undefined;
  let bytes: Uint8Array = new Uint8Array();
  const encode = (message: PeerMessage): Uint8Array => {
    if (message !== last) {
      last = message;
      bytes = encodeMessage(message);
    }
    return bytes;
  };
  return {
    encode(messages) {
      return packFrames(messages.map(encode)).map((frame) => ({ body: frame, size: frame.length }));
    },
    decode(frame) {
      return frame.body instanceof Uint8Array ? decodeFrame(frame.body) : [];
    },
  };
}
