/** What has come to a leader and could not be taken yet. */
import { Fifo } from '../base/fifo.ts';
import type { Meter } from '../base/meter.ts';
import type { Request } from '../tree/request.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import type { LinkId } from '../zab/ready.ts';
import { SENT_TWICE_MAX } from './request-pipeline.ts';

export interface Arrival {
  readonly link: LinkId;
  readonly request: Request;
}

type Question = Extract<ServiceMessage, { readonly type: 'READINDEX' | 'TOUCH' }>;

export interface EarlyQuestion {
  readonly link: LinkId;
  readonly message: Question;
}

export class Inbox {
  /** In the order of arrival; of one session that is the order of its numbers. */
  readonly #requests = new Fifo<Arrival>();
  /** Questions before EPOCH_START was applied here. The newest of a kind also stands for those that came before it over its link. */
  readonly #early = new Map<string, EarlyQuestion>();

  push(link: LinkId, requests: readonly Request[]): void {
    for (const request of requests) this.#requests.push({ link, request });
  }

  shift(): Arrival | undefined {
    return this.#requests.shift();
  }

  /** A question that must wait for the epoch to begin. */
  keep(link: LinkId, message: Question): void {
    this.#early.set(`${link} ${message.type}`, { link, message });
  }

  /** What was kept; the epoch has begun. */
  takeEarly(): readonly EarlyQuestion[] {
    const early = [...this.#early.values()];
    this.#early.clear();
    return early;
  }

  /** The link ended: nobody waits for an answer on it, and its host sends its requests again (step 26). */
  unlinked(link: LinkId): void {
    this.#requests.keep((arrival) => arrival.link !== link);
    for (const [key, early] of this.#early) if (early.link === link) this.#early.delete(key);
  }

  /** Every host bounds what it has under way here. @param hosts those that are linked, and this peer's own */
  measure(meter: Meter, hosts: number): void {
    meter('requests that arrived', this.#requests.size, hosts * SENT_TWICE_MAX);
    meter('early questions', this.#early.size, 2 * hosts);
  }
}
