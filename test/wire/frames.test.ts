import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeItem, type Item } from '../../lib/wire/cbor.ts';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { decodeFrame, encodeFrames, encodeMessage, packFrames } from '../../lib/wire/frames.ts';
import { MAX_SHARED_FRAME_BYTES } from '../../lib/wire/limits.ts';
import type { PeerMessage } from '../../lib/wire/messages.ts';
import { frameOf } from './codecs.ts';
import { ENTRIES, MESSAGES } from './samples.ts';

const EVERY = Object.values<PeerMessage>(MESSAGES);

function chunk(length: number, sequence: number): PeerMessage {
  return { type: 'CHUNK', epoch: 1, sequence, bytes: new Uint8Array(length), last: false };
}

describe('frames', () => {
  test('carry every message there is, in order', () => {
    assert.deepStrictEqual(decodeFrame(frameOf(EVERY)), EVERY);
  });

  test('of two links share what was encoded once', () => {
    const proposal = encodeMessage(MESSAGES.PROPOSAL);
    const [one] = packFrames([proposal]);
    const [other] = packFrames([encodeMessage(MESSAGES.COMMIT), proposal]);
    assert.deepStrictEqual(decodeFrame(one ?? proposal), [MESSAGES.PROPOSAL]);
    assert.deepStrictEqual(decodeFrame(other ?? proposal), [MESSAGES.COMMIT, MESSAGES.PROPOSAL]);
  });

  test('give payloads as plain bytes, whatever the transport gave', () => {
    const [message] = decodeFrame(Buffer.from(frameOf([MESSAGES.PROPOSAL])));
    assert.ok(message?.type === 'PROPOSAL');
    for (const entry of message.entries) assert.equal(entry.bytes.constructor, Uint8Array);
  });

  test('carry the chain of the last entry of a group only', () => {
    const entries = ENTRIES.map((entry, index) => ({ ...entry, chain: index + 5 }));
    const [message] = decodeFrame(frameOf([{ ...MESSAGES.PROPOSAL, entries }]));
    assert.ok(message?.type === 'PROPOSAL');
    assert.deepEqual(
      message.entries.map((entry) => entry.chain),
      [0, 6],
    );
  });

  test('a turn without messages has no frame', () => {
    assert.deepEqual(encodeFrames([]), []);
  });

  test('many messages become several frames, none lost and none long', () => {
    const messages = Array.from({ length: 300 }, (_, index) => chunk(1000, index));
    const frames = encodeFrames(messages);
    assert.ok(frames.length > 3 && frames.length < 10, `${frames.length} frames`);
    assert.ok(frames.every((frame) => frame.length <= MAX_SHARED_FRAME_BYTES));
    assert.deepStrictEqual(frames.flatMap(decodeFrame), messages);
  });

  test('a long message has a frame of its own, and the order stays', () => {
    const messages = [chunk(10, 0), chunk(200_000, 1), chunk(10, 2), chunk(10, 3)];
    const frames = encodeFrames(messages);
    assert.deepEqual(
      frames.map((frame) => decodeFrame(frame).length),
      [1, 1, 2],
    );
    assert.deepStrictEqual(frames.flatMap(decodeFrame), messages);
  });

  test('small messages by the ten thousand pass', () => {
    const messages = Array.from({ length: 10_000 }, () => MESSAGES.ACK);
    assert.equal(encodeFrames(messages).flatMap(decodeFrame).length, 10_000);
  });

  test('a remark of any kind becomes a short printable one', () => {
    const detail = `naïve\n${'x'.repeat(1000)}`;
    const [message] = decodeFrame(frameOf([{ type: 'FORGOTTEN', detail }]));
    assert.ok(message?.type === 'FORGOTTEN');
    assert.equal(message.detail, `na?ve?${'x'.repeat(506)}`);
  });
});

describe('a frame is refused', () => {
  const ack: Item = [16, 5, 7n];
  const refused: readonly (readonly [string, Item])[] = [
    ['of another version', [2, [ack]]],
    ['without messages', [1, []]],
    ['that is no pair', [1, [ack], 0]],
    ['that is no list', 5],
    ['whose message is a number', [1, [5]]],
    ['whose message is empty', [1, [[]]]],
    ['whose message is unknown', [1, [[99, 5, 7n]]]],
    ['whose message names itself by a text', [1, [['ACK', 5, 7n]]]],
    ['with a field too few', [1, [[16, 5]]]],
    ['with a field too many', [1, [[16, 5, 7n, 0]]]],
    ['with an epoch of 64 bits', [1, [[16, 5n, 7n]]]],
    ['with a zxid of 32 bits', [1, [[16, 5, 7]]]],
    ['with a flag that is a number', [1, [[10, 5, 0, new Uint8Array(0), 1]]]],
    ['with a word beyond the list', [1, [[3, 1n, 4, null]]]],
    ['with a vote for peer 0', [1, [[3, 1n, 0, [0, 1, 1n]]]]],
    ['with a vote for peer 256', [1, [[3, 1n, 0, [256, 1, 1n]]]]],
    ['with a nonce above 53 bits', [1, [[19, 5, 0x20_0000_0000_0000n]]]],
    ['with a birth that is none', [1, [[2, [3], null, '']]]],
    ['with an identifier that is long', [1, [[2, [0], null, 'x'.repeat(65)]]]],
    ['with 256 voters', [1, [[2, [1, new Array(256).fill([1, 'a', 1, 0])], null, '']]]],
    ['with half a session', [1, [[45, 1n, new Uint8Array(12)]]]],
    ['with entries that are a list', [1, [[15, 5, 7n, []]]]],
    ['with an entry of counter 0', [1, [[15, 5, 7n, new Uint8Array(19).fill(1, 0, 1)]]]],
  ];
  for (const [name, item] of refused) {
    test(name, () => assert.throws(() => decodeFrame(encodeItem(item)), DecodeError));
  }

  test('when it is long and has two messages', () => {
    const long: Item = [10, 5, 0, new Uint8Array(MAX_SHARED_FRAME_BYTES), true];
    assert.equal(decodeFrame(encodeItem([1, [long]])).length, 1);
    assert.throws(() => decodeFrame(encodeItem([1, [long, ack]])), /not 1 to 1 messages/);
  });

  test('with the name of the field that is wrong', () => {
    assert.throws(() => decodeFrame(encodeItem([1, [[16, 5, 7]]])), /message ACK\.zxid/);
  });
});
