import type { TestContext } from 'node:test';
import { type ErrorCode, openPeer, type Peer, QuorateError } from '../../lib/index.ts';

/** A group of one in memory that ends with its test. */
export async function solo(t: TestContext): Promise<Peer> {
  const peer = await openPeer();
  t.after(() => peer.close());
  await peer.ready();
  return peer;
}

/** For assert.rejects: an error of quorate with this code, and perhaps more. */
export function failsWith(
  code: ErrorCode,
  more: Partial<Pick<QuorateError, 'path' | 'index' | 'outcome'>> & { message?: RegExp } = {},
): (error: unknown) => boolean {
  return (error) => {
    if (!QuorateError.is(error, code)) throw error;
    const { message, ...fields } = more;
    for (const [name, value] of Object.entries(fields)) {
      const actual = error[name as 'path'];
      if (actual !== value) throw new Error(`${name} is ${String(actual)}: ${error.message}`);
    }
    if (message !== undefined && !message.test(error.message)) throw new Error(error.message);
    return true;
  };
}
