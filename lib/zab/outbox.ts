/** What one turn of ZAB asks of the world, gathered until the driver takes it with ready(). */
import type { Configuration } from './configuration.ts';
import type { Mark } from './log-entry.ts';
import type { ZabMessage } from './messages.ts';
import type { Envelope, LinkId, Ready, ZabEvent } from './ready.ts';

export class Outbox {
  #send: Envelope[] = [];
  #close: { link: LinkId; reason: string }[] = [];
  #restore: { first: boolean; bytes: Uint8Array; last: boolean }[] = [];
  #snapshots: LinkId[] = [];
  #confirmed: number[] = [];
  #events: ZabEvent[] = [];
  installed: Mark | undefined;
  established: number | undefined;
  configure: Configuration | undefined;

  send(to: LinkId, message: ZabMessage): void {
    this.#send.push({ to: [to], message });
  }

  /** One message to many: encoded once. */
  broadcast(to: readonly LinkId[], message: ZabMessage): void {
    if (to.length > 0) this.#send.push({ to, message });
  }

  close(link: LinkId, reason: string): void {
    this.#close.push({ link, reason });
  }

  restore(first: boolean, bytes: Uint8Array, last: boolean): void {
    this.#restore.push({ first, bytes, last });
  }

  snapshot(link: LinkId): void {
    this.#snapshots.push(link);
  }

  confirmed(tokens: readonly number[]): void {
    this.#confirmed.push(...tokens);
  }

  event(event: ZabEvent): void {
    this.#events.push(event);
  }

  /** Confirmations do not outlive the leadership they speak of. */
  forgetConfirmed(): void {
    this.#confirmed = [];
    this.established = undefined;
    this.configure = undefined;
  }

  take(deliver: Ready['deliver'], snapshotZxid: Ready['snapshots'][number]['zxid']): Ready {
    const ready: Ready = {
      deliver,
      restore: this.#restore,
      installed: this.installed,
      snapshots: this.#snapshots.map((link) => ({ link, zxid: snapshotZxid })),
      send: this.#send,
      close: this.#close,
      confirmed: this.#confirmed,
      established: this.established,
      configure: this.configure,
      events: this.#events,
    };
    this.#send = [];
    this.#close = [];
    this.#restore = [];
    this.#snapshots = [];
    this.#confirmed = [];
    this.#events = [];
    this.installed = undefined;
    this.established = undefined;
    this.configure = undefined;
    return ready;
  }
}
