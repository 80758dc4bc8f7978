import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  HANDSHAKE_MESSAGE_BYTES,
  Handshake,
  type HandshakeParty,
  type HandshakeStep,
} from '../../lib/transport/handshake.ts';

const SECRET = 'the secret of the group';
const NO_CHANNEL = new Uint8Array(0);

function party(change: Partial<HandshakeParty> = {}): HandshakeParty {
  return { id: 1, cluster: '', channel: NO_CHANNEL, secrets: [SECRET], ...change };
}

function dialler(change: Partial<HandshakeParty> = {}, wanted = 2): Handshake {
  return new Handshake(party({ id: 1, ...change }), wanted);
}

function listener(change: Partial<HandshakeParty> = {}): Handshake {
  return new Handshake(party({ id: 2, ...change }), undefined);
}

function opening(side: Handshake): Uint8Array {
  assert.ok(side.opening, 'the listener begins');
  return side.opening;
}

/** What a step says, where it says something. */
function said(step: HandshakeStep): Uint8Array {
  assert.ok(step.type !== 'refused', `refused: ${JSON.stringify(step)}`);
  assert.ok(step.bytes, 'an answer');
  return step.bytes;
}

function reason(step: HandshakeStep): string {
  assert.equal(step.type, 'refused');
  return step.type === 'refused' ? step.reason : '';
}

interface Ends {
  readonly dialler: HandshakeStep;
  readonly listener: HandshakeStep;
}

function meet(one: Handshake, two: Handshake): Ends {
  const answer = said(one.receive(opening(two)));
  const atListener = two.receive(answer);
  return { dialler: one.receive(said(atListener)), listener: atListener };
}

function isTrusted(step: HandshakeStep): step is HandshakeStep & { type: 'trusted' } {
  return step.type === 'trusted';
}

function bothTrusted(ends: Ends) {
  const { dialler: one, listener: two } = ends;
  assert.ok(isTrusted(one) && isTrusted(two), JSON.stringify(ends));
  return { one, two };
}

/** Frames go through, in both directions. */
function talk({ one, two }: ReturnType<typeof bothTrusted>): void {
  assert.ok(one.seal && two.seal);
  for (const [from, to] of [
    [one.seal, two.seal],
    [two.seal, one.seal],
  ] as const) {
    for (const text of ['first', 'second']) {
      const opened = to.open(from.seal(Buffer.from(text)));
      assert.ok(opened);
      assert.equal(Buffer.from(opened).toString(), text);
    }
  }
}

describe('a handshake', () => {
  it('lets peers with one secret talk, and tells who they are', () => {
    const ends = bothTrusted(meet(dialler(), listener()));
    assert.deepEqual([ends.one.peer, ends.two.peer], [2, 1]);
    talk(ends);
  });

  it('gives each direction a key of its own', () => {
    const { one, two } = bothTrusted(meet(dialler(), listener()));
    for (const seal of [one.seal, two.seal]) {
      assert.equal(seal?.open(seal.seal(Buffer.from('sent back'))), undefined);
    }
  });

  it('never says the secret, and keeps its messages short', () => {
    const longest = { cluster: 'c'.repeat(64), channel: new Uint8Array(32).fill(7) };
    const one = dialler(longest);
    const two = listener(longest);
    const messages = [opening(two)];
    messages.push(said(one.receive(opening(two))));
    messages.push(said(two.receive(messages[1] ?? NO_CHANNEL)));
    for (const message of messages) {
      assert.ok(message.length <= HANDSHAKE_MESSAGE_BYTES);
      assert.ok(!Buffer.from(message).includes(SECRET));
    }
  });

  it('refuses another secret before it has proved anything itself', () => {
    const two = listener();
    const wrong = dialler({ secrets: ['the secret of others'] });
    assert.match(reason(two.receive(said(wrong.receive(opening(two))))), /secrets differ/);
  });

  it('finds out a listener that does not know the secret', () => {
    const one = dialler();
    const two = listener();
    said(one.receive(opening(two)));
    assert.match(reason(one.receive(new Uint8Array(32))), /secrets differ/);
  });

  it('bears every step of a rotation, and nothing but them', () => {
    const [old, next] = ['the old secret', 'the next secret'];
    const steps = [[old], [old, next], [next, old], [next]];
    for (const [at, mine] of steps.entries()) {
      for (const theirs of steps.slice(Math.max(0, at - 1), at + 2)) {
        talk(bothTrusted(meet(dialler({ secrets: mine }), listener({ secrets: theirs }))));
      }
    }
    const two = listener({ secrets: [next] });
    const late = said(dialler({ secrets: [old] }).receive(opening(two)));
    assert.match(reason(two.receive(late)), /secrets differ/);
  });

  it('refuses what was said in an earlier one', () => {
    const one = dialler();
    const before = listener();
    const answer = said(one.receive(opening(before)));
    const proof = said(before.receive(answer));
    assert.match(reason(listener().receive(answer)), /secrets differ/);
    const again = dialler();
    said(again.receive(opening(before)));
    assert.match(reason(again.receive(proof)), /secrets differ/);
  });

  it('cannot be answered with its own words', () => {
    const two = listener();
    // The challenge, sent back with whatever proof there is.
    assert.match(
      reason(two.receive(Buffer.concat([opening(two), new Uint8Array(32)]))),
      /secrets differ/,
    );
    const one = dialler();
    const other = listener();
    const answer = said(one.receive(opening(other)));
    assert.match(reason(one.receive(answer.subarray(-32))), /secrets differ/, 'its own proof');
  });

  it('cannot be relayed to a peer that was not meant', () => {
    // Somebody at the address of peer 2 passes on what peer 3 says.
    assert.match(reason(dialler({}, 2).receive(opening(listener({ id: 3 })))), /peer 3/);
    // He says that he were 2, then: but the proofs are about what was said.
    const three = listener({ id: 3 });
    const lie = Buffer.from(opening(three));
    lie[1] = 2;
    const answer = said(dialler({}, 2).receive(lie));
    assert.match(reason(three.receive(answer)), /secrets differ/);
  });

  it('keeps groups apart that share a secret, and lets an empty peer into its group', () => {
    const step = dialler({ cluster: 'a' }).receive(opening(listener({ cluster: 'b' })));
    assert.match(reason(step), /another group/);
    talk(bothTrusted(meet(dialler({ cluster: 'a' }), listener({ cluster: 'a' }))));
    talk(bothTrusted(meet(dialler({ cluster: '' }), listener({ cluster: 'a' }))));
    talk(bothTrusted(meet(dialler({ cluster: 'a' }), listener({ cluster: '' }))));
  });

  it('leaves frames to TLS only if both ends see the same connection', () => {
    const [here, there] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const same = bothTrusted(meet(dialler({ channel: here }), listener({ channel: here })));
    assert.deepEqual([same.one.seal, same.two.seal], [undefined, undefined]);
    talk(bothTrusted(meet(dialler({ channel: here }), listener({ channel: there }))));
    talk(bothTrusted(meet(dialler({ channel: here }), listener())));
    talk(bothTrusted(meet(dialler(), listener({ channel: here }))));
  });

  it('cannot be talked out of its seals', () => {
    const channel = new Uint8Array(32).fill(1);
    const two = listener({ channel });
    const one = dialler();
    const answer = Buffer.from(said(one.receive(opening(two))));
    const forged = Buffer.concat([
      answer.subarray(0, 3),
      Buffer.of(32),
      channel,
      answer.subarray(4),
    ]);
    assert.match(reason(two.receive(forged)), /secrets differ/);
  });

  it('is spoilt by any bit that changes on the way', () => {
    const bit = fc.nat(8 * 200);
    fc.assert(
      fc.property(bit, fc.constantFrom('challenge', 'answer', 'proof'), (at, which) => {
        const one = dialler({ cluster: 'abc' });
        const two = listener({ cluster: 'abc' });
        const flip = (bytes: Uint8Array): Uint8Array => {
          const copy = Uint8Array.from(bytes);
          const index = Math.floor(at / 8) % copy.length;
          copy[index] = (copy[index] ?? 0) ^ (1 << (at % 8));
          return copy;
        };
        const pass = (name: string, bytes: Uint8Array) => (name === which ? flip(bytes) : bytes);
        const first = one.receive(pass('challenge', opening(two)));
        if (first.type === 'refused') return;
        const second = two.receive(pass('answer', said(first)));
        if (second.type === 'refused') return;
        assert.equal(which, 'proof', 'the listener has trusted what it did not get');
        assert.equal(one.receive(pass('proof', said(second))).type, 'refused');
      }),
      { numRuns: 500 },
    );
  });

  it('refuses noise, whatever its length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        assert.equal(listener().receive(noise).type, 'refused');
        const one = dialler();
        assert.equal(one.receive(noise).type, 'refused');
        const late = dialler();
        said(late.receive(opening(listener())));
        assert.equal(late.receive(noise).type, 'refused');
      }),
      { numRuns: 500 },
    );
  });
});
