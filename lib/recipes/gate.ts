import { QuorateError } from '../base/errors.ts';
import { bytes } from '../client/codec.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { AnyClient } from './any-client.ts';
import { cutShort } from './cut-short.ts';
import { inEachSession } from './each-session.ts';
import { Patience } from './patience.ts';
import { gone } from './queue-rules.ts';

/** A node that others wait for the end of. */
export class Gate {
  readonly #client: AnyClient;
  readonly #path: string;

  constructor(client: AnyClient, path: string) {
    this.#client = client;
    this.#path = path;
  }

  async raise(options: WaitOptions | undefined): Promise<void> {
    try {
      await this.#client
        .as(bytes)
        .create(this.#path, new Uint8Array(0), { parents: true, ...options });
    } catch (error) {
      if (!QuorateError.is(error, 'NODE_EXISTS')) throw error;
    }
  }

  async lift(options: WaitOptions | undefined): Promise<void> {
    try {
      await this.#client.delete(this.#path, options);
    } catch (error) {
      if (!QuorateError.is(error, 'NO_NODE')) throw error;
    }
  }

  async wait(options: WaitOptions | undefined): Promise<void> {
    const path = this.#path;
    const wait = new Patience(options, Number.POSITIVE_INFINITY);
    try {
      await inEachSession(this.#client, wait, async (present) => {
        const session = present.as(bytes);
        // Raised before this call, by whomever: it is waited for.
        await session.sync(wait.left);
        await gone(session, path, wait);
        return true;
      });
    } catch (error) {
      const because = () => Promise.resolve('it is closed');
      throw await cutShort(error, { what: `wait ${path}`, path, wait, because });
    }
  }
}
