/**
 * A frame is what one peer has to say to another after one turn: `[version, [message...]]`. Messages
 * are encoded apart and then joined, so that what goes to several links is encoded once.
 */
import { assert } from '../base/assert.ts';
import { arrayHead, decodeItem, encodeItem, type Item } from './cbor.ts';
import { DecodeError } from './decode-error.ts';
import { FRAME_TARGET_BYTES, MAX_ENTRIES, MAX_FRAME_BYTES, MAX_MESSAGES } from './limits.ts';
import { message, type PeerMessage } from './messages.ts';

/** The layout of frames and messages; HELLO's range of protocols agrees on it before anything else is said. */
export const FRAME_VERSION = 1;

/** An array of two, and its first item, the version. */
const PREFIX: Uint8Array = Uint8Array.of(0x82, FRAME_VERSION);

/** The bytes of one message, to be put into any number of frames. */
export function encodeMessage(value: PeerMessage): Uint8Array {
  return encodeItem(message.write(value));
}

/** One frame of messages that were encoded before, in their order. */
export function joinFrame(messages: readonly Uint8Array[]): Uint8Array {
  const head = arrayHead(messages.length);
  let length = PREFIX.length + head.length;
  for (const bytes of messages) length += bytes.length;
  assert(messages.length <= MAX_MESSAGES && length <= MAX_FRAME_BYTES, 'a frame has its bounds');
  const frame = new Uint8Array(length);
  frame.set(PREFIX);
  frame.set(head, PREFIX.length);
  let at = PREFIX.length + head.length;
  for (const bytes of messages) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

/**
 * The same, as several frames where one would be long: a new one begins where the next message would
 * take it beyond {@link FRAME_TARGET_BYTES} bytes.
 */
export function packFrames(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let from = 0;
  let length = 0;
  messages.forEach((bytes, index) => {
    const full = length + bytes.length > FRAME_TARGET_BYTES || index - from === MAX_MESSAGES;
    if (full && index > from) {
      frames.push(joinFrame(messages.slice(from, index)));
      from = index;
      length = 0;
    }
    length += bytes.length;
  });
  if (messages.length > from) frames.push(joinFrame(messages.slice(from)));
  return frames;
}

/** One frame of `messages`. */
export function encodeFrame(messages: readonly PeerMessage[]): Uint8Array {
  return joinFrame(messages.map(encodeMessage));
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
  if (!Array.isArray(items) || items.length > MAX_MESSAGES) {
    throw new DecodeError('frame', `not up to ${MAX_MESSAGES} messages`);
  }
  return decodeMessages(items);
}

/** Counts the entries of all messages too: each takes more memory than its bytes. */
function decodeMessages(items: readonly Item[]): readonly PeerMessage[] {
  const messages: PeerMessage[] = [];
  let entries = 0;
  for (const item of items) {
    const read = message.read(item, 'message');
    if ('entries' in read) entries += read.entries.length;
    if (entries > MAX_ENTRIES) throw new DecodeError('frame', 'too many entries');
    messages.push(read);
  }
  return messages;
}
