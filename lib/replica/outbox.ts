import type { ServiceMessage } from '../wire/service-messages.ts';
import type { Envelope, LinkId } from '../zab/ready.ts';
import type { Delivery, PeerEnvelope, ReplicaEvent } from './ready.ts';

/** The link that a leader has to itself: what its own host asks takes the same way as what others ask. */
export const SELF: LinkId = -1;

/** What the parts of a replica have said in this turn. */
export class Outbox {
  #deliveries: Delivery[] = [];
  #send: PeerEnvelope[] = [];
  #close: { readonly link: LinkId; readonly reason: string }[] = [];
  #events: ReplicaEvent[] = [];

  /** Whether something waits to be delivered: a read made now must queue behind it (S24). */
  get undelivered(): boolean {
    return this.#deliveries.length > 0;
  }

  deliver(delivery: Delivery): void {
    this.#deliveries.push(delivery);
  }

  send(link: LinkId, message: ServiceMessage): void {
    this.#send.push({ to: [link], message });
  }

  forward(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.#send.push(envelope);
  }

  broadcast(links: readonly LinkId[], message: ServiceMessage): void {
    if (links.length > 0) this.#send.push({ to: links, message });
  }

  close(link: LinkId, reason: string): void {
    this.#close.push({ link, reason });
  }

  event(event: ReplicaEvent): void {
    this.#events.push(event);
  }

  take(): {
    readonly deliveries: readonly Delivery[];
    readonly send: readonly PeerEnvelope[];
    readonly close: readonly { readonly link: LinkId; readonly reason: string }[];
    readonly events: readonly ReplicaEvent[];
  } {
    const taken = {
      deliveries: this.#deliveries,
      send: this.#send,
      close: this.#close,
      events: this.#events,
    };
    this.#deliveries = [];
    this.#send = [];
    this.#close = [];
    this.#events = [];
    return taken;
  }
}
