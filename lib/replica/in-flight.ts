/** What a leader has proposed and not applied yet: how much more it may propose. */
import { Fifo } from '../base/fifo.ts';
import type { Meter } from '../base/meter.ts';
import type { Zxid } from '../base/zxid.ts';
import { MAX_ENTRY_BYTES } from '../wire/limits.ts';

/** Entries; then requests wait in their inboxes. */
const ENTRIES_MAX = 8192;
/** Sessions that expire do so whatever is in flight; what one turn adds by that is small. */
const EXPIRIES_MAX = 65_536;

export class InFlight {
  readonly #entries = new Fifo<{ readonly zxid: Zxid; readonly bytes: number }>();
  #bytes = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get hasRoom(): boolean {
    return this.#entries.size < ENTRIES_MAX && this.#bytes < this.#bytesMax;
  }

  proposed(zxid: Zxid, bytes: number): void {
    this.#entries.push({ zxid, bytes });
    this.#bytes += bytes;
  }

  /** Everything through here is applied. */
  applied(zxid: Zxid): void {
    for (let first = this.#entries.at(0); first !== undefined; first = this.#entries.at(0)) {
      if (first.zxid > zxid) return;
      this.#bytes -= first.bytes;
      this.#entries.shift();
    }
  }

  measure(meter: Meter): void {
    meter('entries proposed', this.#entries.size, ENTRIES_MAX + EXPIRIES_MAX);
    meter('bytes proposed', this.#bytes, this.#bytesMax + 2 * MAX_ENTRY_BYTES);
  }
}
