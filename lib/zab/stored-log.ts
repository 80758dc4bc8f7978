import type { Zxid } from '../base/zxid.ts';
import type { Configuration } from './configuration.ts';
import type { Entry } from './log-entry.ts';
import { PackedLog } from './packed-log.ts';

/**
 * The log as a store holds it when it is opened, verified. Packed as it is read: a hundred thousand entries that
 * live until the last one is read are what the collector has most work with at a start. An entry is made
 * anew for whoever asks, and the history takes over all of them at once.
 */
export class StoredLog {
  readonly #log = new PackedLog();
  readonly #configurations: Configuration[] = [];

  static of(entries: Iterable<Entry>): StoredLog {
    const log = new StoredLog();
    log.add(entries);
    return log;
  }

  get length(): number {
    return this.#log.length;
  }

  /** Adds the next entries. */
  add(entries: Iterable<Entry>): void {
    for (const entry of entries) {
      this.#log.push(entry);
      const { zxid, configuration } = entry;
      // Its bytes do not say its version: the entry does.
      if (configuration !== undefined)
        this.#configurations.push({ ...configuration, version: zxid });
    }
    this.#log.settle(this.#log.length);
  }

  /** As of an array: from the end if negative; undefined if there is none. */
  at(index: number): Entry | undefined {
    const place = index < 0 ? this.length + index : index;
    if (place < 0 || place >= this.length) return undefined;
    const entry = this.#log.entry(place);
    if (entry.kind !== 'configuration') return entry;
    const configuration = this.configurations.find(({ version }) => version === entry.zxid);
    return configuration === undefined ? entry : { ...entry, configuration };
  }

  zxid(index: number): Zxid {
    return this.#log.zxid(index);
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (let index = 0; index < this.length; index += 1) {
      const entry = this.at(index);
      if (entry !== undefined) yield entry;
    }
  }

  /** Of its entries, in their order. */
  get configurations(): readonly Configuration[] {
    return this.#configurations;
  }

  /** All of it, for somebody to go on with. */
  packed(): PackedLog {
    return this.#log.copy();
  }
}
