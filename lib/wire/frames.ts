/**
 * A frame is `[version, [message...]]`: what one peer has to say to another after one turn, in as few
 * frames as are worth while. Messages are encoded apart and then joined, so that what goes to several
 * links is encoded once.
 */
import { assert } from '../base/assert.ts';
import { arrayHead, decodeItem, encodeItem, type Item } from './cbor.ts';
import { DecodeError } from './decode-error.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGES, MAX_SHARED_FRAME_BYTES } from './limits.ts';
import { message, type PeerMessage } from './messages.ts';

/** The layout of frames and messages; HELLO's range of protocols agrees on it before anything else is said. */
const FRAME_VERSION = 1;

/** An array of two, and its first item, the version. */
const PREFIX: Uint8Array = Uint8Array.of(0x82, FRAME_VERSION);
/** The prefix and the longest head of the list of messages. */
const OVERHEAD = PREFIX.length + 3;

/** The bytes of one message, to be put into the frames of any number of links. */
export function encodeMessage(value: PeerMessage): Uint8Array {
  return encodeItem(message.write(value));
}

/**
 * Frames of messages that were encoded before, in their order. A frame of more than 64 KiB has one
 * message only: joining long ones would cost latency and gain nothing.
 */
export function packFrames(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let from = 0;
  let length = OVERHEAD;
  messages.forEach((bytes, index) => {
    const full = length + bytes.length > MAX_SHARED_FRAME_BYTES || index - from === MAX_MESSAGES;
    if (full && index > from) {
      frames.push(join(messages.slice(from, index)));
      from = index;
      length = OVERHEAD;
    }
    length += bytes.length;
  });
  if (messages.length > from) frames.push(join(messages.slice(from)));
  return frames;
}

/** The frames of `messages` for one link. */
export function encodeFrames(messages: readonly PeerMessage[]): readonly Uint8Array[] {
  return packFrames(messages.map(encodeMessage));
}

function join(messages: readonly Uint8Array[]): Uint8Array {
  const head = arrayHead(messages.length);
  let at = PREFIX.length + head.length;
  const length = messages.reduce((sum, bytes) => sum + bytes.length, at);
  assert(length <= MAX_FRAME_BYTES, 'a message fits into a frame');
  const frame = new Uint8Array(length);
  frame.set(PREFIX);
  frame.set(head, PREFIX.length);
  for (const bytes of messages) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

/**
 * The messages of a frame. Payloads, data and chunks in them are views of `frame`: whoever keeps one
 * keeps the frame alive, so what outlives the log (a node's data) has to be copied.
 *
 * @throws DecodeError
 */
export function decodeFrame(frame: Uint8Array): readonly PeerMessage[] {
  if (frame.length > MAX_FRAME_BYTES) throw new DecodeError('frame', 'too long');
  const item = decodeItem(frame, 'frame');
  if (!Array.isArray(item) || item.length !== 2) throw new DecodeError('frame', 'not a pair');
  const [version, items] = item as readonly Item[];
  if (version !== FRAME_VERSION) throw new DecodeError('frame', 'an unknown version');
  const most = frame.length > MAX_SHARED_FRAME_BYTES ? 1 : MAX_MESSAGES;
  if (!Array.isArray(items) || items.length === 0 || items.length > most) {
    throw new DecodeError('frame', `not 1 to ${most} messages`);
  }
  return items.map((one: Item) => message.read(one, 'message'));
}
