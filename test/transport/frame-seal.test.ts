import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameSeal, SEAL_BYTES } from '../../lib/transport/frame-seal.ts';

/** The two ends of a link. */
function ends(): readonly [FrameSeal, FrameSeal] {
  const [out, back] = [randomBytes(32), randomBytes(32)];
  return [new FrameSeal(out, back), new FrameSeal(back, out)];
}

const frame = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a sealed frame', () => {
  it('comes out as it went in, of any length and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (frames) => {
        const [one, two] = ends();
        for (const bytes of frames) {
          const sealed = one.seal(bytes);
          assert.equal(sealed.length, bytes.length + SEAL_BYTES);
          assert.deepEqual(two.open(sealed), bytes);
        }
      }),
    );
  });

  it('does not come out when a bit has changed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(), (bytes, at) => {
        const [one, two] = ends();
        const sealed = one.seal(bytes);
        const index = Math.floor(at / 8) % sealed.length;
        sealed[index] = (sealed[index] ?? 0) ^ (1 << (at % 8));
        assert.equal(two.open(sealed), undefined);
      }),
    );
  });

  it('does not come out when one before it is missing, or it comes again, or too early', () => {
    const [one, two] = ends();
    const [first, second] = [one.seal(frame('1')), one.seal(frame('2'))];
    assert.equal(two.open(second), undefined);
    assert.deepEqual(two.open(first), frame('1'));
    assert.equal(two.open(first), undefined);
  });

  it('does not come out where it was sent from', () => {
    const [one] = ends();
    assert.equal(one.open(one.seal(frame('mine'))), undefined);
  });

  it('does not come out at another link, nor cut short', () => {
    const [one, two] = ends();
    const [, stranger] = ends();
    const sealed = one.seal(frame('mine'));
    assert.equal(stranger.open(sealed), undefined);
    for (let length = 0; length < sealed.length; length += 1) {
      assert.equal(two.open(sealed.subarray(0, length)), undefined);
    }
  });
});
