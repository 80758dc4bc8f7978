/**
 * The log as this peer has queued it: everything after the base, in memory, each entry with its chain.
 * It is the one source of DIFFs (ZOOKEEPER-4925 came of a second one). The disk lags behind it by what
 * is queued or in flight; {@link History.durable} says how far the disk is.
 */
import { assert, present } from '../base/assert.ts';
import { counterOf, epochOf, type Zxid } from '../base/zxid.ts';
import type { Configuration } from './configuration.ts';
import { chainOf, type Entry, type Mark } from './log-entry.ts';
import { PackedLog } from './packed-log.ts';
import type { Active } from './quorum.ts';
import type { Base } from './ready.ts';
import { StoredLog } from './stored-log.ts';

/** What the smallest entry counts when work is shared out, in bytes. */
const ENTRY_LEAST = 256;

/** What a role change may have to go back to. */
export interface HistoryCopy {
  readonly base: Base;
  readonly log: PackedLog;
  readonly configurations: readonly Configuration[];
}

export class History {
  #base: Base;
  /** Contiguous: each entry's chain continues the one before, the first continues the base. */
  #log: PackedLog;
  /** Ascending by version; the first is the base's. */
  #configurations: Configuration[];
  /** What survives a crash: the last entry of the disk's log. Never above the last queued one. */
  durable: Zxid;

  /** @param entries that continue the base and one another, chains verified. */
  constructor(base: Base, entries: StoredLog = new StoredLog()) {
    this.#base = base;
    this.#log = entries.packed();
    this.#configurations = [base.configuration, ...entries.configurations];
    this.durable = this.last.zxid;
  }

  get base(): Base {
    return this.#base;
  }

  /** The last queued entry, or the base. */
  get last(): Mark {
    return this.#log.last ?? this.#base;
  }

  get length(): number {
    return this.#log.length;
  }

  /** Adds the next entry; its chain must continue the log. */
  append(entry: Entry): void {
    const { last } = this;
    assert(entry.zxid > last.zxid, 'zxids rise');
    assert(entry.chain === chainOf(last.chain, entry.zxid, entry.bytes), 'the chain continues');
    this.#push(entry);
  }

  /** Adds an entry whose chain was computed a moment ago from `last`. */
  appendChained(entry: Entry): void {
    assert(entry.zxid > this.last.zxid, 'zxids rise');
    this.#push(entry);
  }

  #push(entry: Entry): void {
    this.#log.push(entry);
    if (entry.configuration !== undefined) this.#configurations.push(entry.configuration);
  }

  /** Drops every entry above `to`, which must be the base or an entry. */
  truncate(to: Zxid): void {
    const keep = this.#countThrough(to);
    assert(this.markAt(to) !== undefined, 'TRUNC goes to an entry of the log');
    this.#log.truncate(keep);
    // The base's stays, also where it is the first that a peer without a log was ever told.
    this.#configurations = this.#configurations.filter(
      ({ version }, index) => index === 0 || version <= to,
    );
    if (this.durable > to) this.durable = to;
  }

  /** A log that begins at the base of a received checkpoint. */
  restart(base: Base): void {
    this.#base = base;
    this.#log = new PackedLog();
    this.#configurations = [base.configuration];
    if (this.durable > base.zxid) this.durable = base.zxid;
  }

  /** Forgets entries through `to`: a checkpoint holds what they did. */
  trim(to: Zxid): void {
    const count = this.#countThrough(to);
    if (count === 0) return;
    const { zxid, chain } = this.#log.mark(count - 1);
    const configuration = this.configurationAt(zxid);
    this.#log.trim(count);
    this.#base = { zxid, chain, configuration };
    this.#configurations = [
      configuration,
      ...this.#configurations.filter(({ version }) => version > zxid),
    ];
  }

  copy(): HistoryCopy {
    return {
      base: this.#base,
      log: this.#log.copy(),
      configurations: [...this.#configurations],
    };
  }

  restore(copy: HistoryCopy): void {
    this.#base = copy.base;
    this.#log = copy.log.copy();
    this.#configurations = [...copy.configurations];
  }

  /** The place of exactly that zxid. */
  markAt(zxid: Zxid): Mark | undefined {
    const floor = this.floor(zxid);
    return floor?.zxid === zxid ? floor : undefined;
  }

  /** The greatest place at or below `zxid`; undefined if the log begins above it. */
  floor(zxid: Zxid): Mark | undefined {
    if (zxid < this.#base.zxid) return undefined;
    const count = this.#countThrough(zxid);
    return count === 0 ? this.#base : this.#log.mark(count - 1);
  }

  /** Entries in (after, through]. */
  slice(after: Zxid, through: Zxid): readonly Entry[] {
    const entries = this.#log.slice(this.#countThrough(after), this.#countThrough(through));
    const { version } = this.configurationAt(through);
    return version > after ? entries.map((entry) => this.#whole(entry)) : entries;
  }

  /** The first entries in (after, through], at least one, that are no more than `bytes`; small ones count as {@link ENTRY_LEAST}. */
  page(after: Zxid, through: Zxid, bytes: number): readonly Entry[] {
    const from = this.#countThrough(after);
    const most = from + Math.ceil(bytes / ENTRY_LEAST);
    const last = most < this.#countThrough(through) ? this.#log.zxid(most - 1) : through;
    const entries = this.slice(after, last);
    let left = bytes;
    const end = entries.findIndex((entry) => {
      left -= Math.max(entry.bytes.length, ENTRY_LEAST);
      return left <= 0;
    });
    return end < 0 ? entries : entries.slice(0, end + 1);
  }

  /** What was delivered is seldom asked for again. */
  delivered(through: Zxid): void {
    this.#log.settle(this.#countThrough(through));
  }

  #whole(entry: Entry): Entry {
    if (entry.kind !== 'configuration' || entry.configuration !== undefined) return entry;
    const configuration = this.#configurations.find(({ version }) => version === entry.zxid);
    return { ...entry, configuration: present(configuration, 'the configuration of an entry') };
  }

  /** The last configuration at or below `zxid`. */
  configurationAt(zxid: Zxid): Configuration {
    const found = this.#configurations.findLast(({ version }) => version <= zxid);
    return found ?? this.#base.configuration;
  }

  /** The last configuration of the log, committed or not. */
  get configuration(): Configuration {
    return present(this.#configurations[this.#configurations.length - 1], 'a configuration');
  }

  /** The configurations in force for decisions about `zxid` and what follows, with `commit` known (step 37). */
  activeAt(zxid: Zxid, commit: Zxid): readonly Active[] {
    const known = this.#configurations.filter(({ version }) => version <= zxid);
    const last = known[known.length - 1] ?? this.#base.configuration;
    if (last.version <= commit) return [{ configuration: last, committed: true }];
    const before = known[known.length - 2];
    const pending: Active = { configuration: last, committed: false };
    return before === undefined ? [pending] : [{ configuration: before, committed: true }, pending];
  }

  /** The configurations in force for elections, epochs, rounds and whatever follows the log's end. */
  active(commit: Zxid): readonly Active[] {
    return this.activeAt(this.last.zxid, commit);
  }

  /** Number of entries with a zxid of at most `zxid`. */
  #countThrough(zxid: Zxid): number {
    const { last } = this.#log;
    if (last === undefined || zxid < this.#base.zxid) return 0;
    if (zxid >= last.zxid) return this.#log.length;
    return this.#guess(last.zxid, zxid) ?? this.#search(zxid);
  }

  /** Within the last epoch counters are contiguous: the place follows from the distance. */
  #guess(last: Zxid, zxid: Zxid): number | undefined {
    if (epochOf(last) !== epochOf(zxid)) return undefined;
    const count = this.#log.length - (counterOf(last) - counterOf(zxid));
    return count > 0 && this.#log.zxid(count - 1) === zxid ? count : undefined;
  }

  #search(zxid: Zxid): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#log.zxid(middle) <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
