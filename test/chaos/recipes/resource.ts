/** Something outside of the tree that holders write to: it refuses whoever has a lower fence than it has seen (Kleppmann's storage service). */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Instant } from '../history.ts';
import { instant } from '../recorder.ts';
import { PARTITIONS } from './recipe-places.ts';

/** What a holder sends. Fences as text. */
export interface Written {
  readonly contested: string;
  readonly fence: string;
  readonly peer: number;
}

/** Who came too late, and when. */
export interface Refused {
  readonly contested: string;
  readonly fence: bigint;
  readonly at: Instant;
}

export class Resource {
  /** What was accepted, in this order, for each thing that is contended for. */
  readonly accepted: Map<string, bigint[]> = new Map();
  readonly refused: Refused[] = [];
  #latest: { readonly peer: number; readonly at: number } | undefined;
  readonly #highest = new Map<string, bigint>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      try {
        const chunks: Uint8Array[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const written: Written = JSON.parse(Buffer.concat(chunks).toString());
        response.statusCode = this.#write(written) ? 204 : 409;
      } catch {
        response.statusCode = 400;
      }
      response.end();
    });
  }

  /** Whose process wrote last as the holder of a lock, if that is no more than so many ms ago: it may hold something. */
  writer(age: number): number | undefined {
    const latest = this.#latest;
    return latest && performance.now() - latest.at <= age ? latest.peer : undefined;
  }

  static async open(): Promise<Resource> {
    const resource = new Resource();
    resource.#server.listen(0, '127.0.0.1');
    await once(resource.#server, 'listening');
    return resource;
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #write({ contested, fence, peer }: Written): boolean {
    const number = BigInt(fence);
    if (number < (this.#highest.get(contested) ?? 0n)) {
      this.refused.push({ contested, fence: number, at: instant() });
      return false;
    }
    this.#highest.set(contested, number);
    // Partitions are owned all the time.
    if (!PARTITIONS.includes(contested)) this.#latest = { peer, at: performance.now() };
    const accepted = this.accepted.get(contested) ?? [];
    accepted.push(number);
    this.accepted.set(contested, accepted);
    return true;
  }
}

/** Writes to it from another process; resolves with whether it was taken, rejects if nobody answers. */
export async function writeTo(port: number, written: Written): Promise<boolean> {
  const body = JSON.stringify(written);
  const signal = AbortSignal.timeout(5_000);
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, signal });
  return answer.status === 204;
}
