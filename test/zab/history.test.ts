/** The packed log against a plain list of entries: whatever is appended, cut, trimmed, brought back and read again, both hold the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeZxid, ZERO, type Zxid } from '../../lib/base/zxid.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import { History, type HistoryCopy } from '../../lib/zab/history.ts';
import { chained, type Entry, type EntryKind, type Mark } from '../../lib/zab/log-entry.ts';
import type { Base } from '../../lib/zab/ready.ts';
import { StoredLog } from '../../lib/zab/stored-log.ts';

const GENESIS: Configuration = { version: ZERO, voters: [], origin: { type: 'genesis' } };

/** What {@link History} says it is, as simply as it can be said. */
class Model {
  base: Base = { zxid: ZERO, chain: 0, configuration: GENESIS };
  entries: Entry[] = [];

  get last(): Mark {
    return this.entries.at(-1) ?? this.base;
  }

  /** What an entry of another payload, epoch or configuration comes to behind the last one. */
  next(kind: EntryKind, size: number, turn: boolean): Entry {
    const epoch = Number(this.last.zxid >> 32n);
    const counter = Number(this.last.zxid & 0xffff_ffffn);
    const zxid = turn || epoch === 0 ? makeZxid(epoch + 1, 1) : makeZxid(epoch, counter + 1);
    // A view into the middle of a larger buffer, as it comes out of a frame.
    const bytes = new Uint8Array(size + 7).fill(counter, 3).subarray(3, 3 + size);
    const entry = { zxid, kind, bytes, chain: 0 };
    return chained(
      this.last,
      kind === 'configuration' ? { ...entry, configuration: GENESIS } : entry,
    );
  }

  through(zxid: Zxid): Entry[] {
    return this.entries.filter((entry) => entry.zxid <= zxid);
  }

  configurationAt(zxid: Zxid): Configuration {
    const found = this.through(zxid).findLast(({ configuration }) => configuration !== undefined);
    return found?.configuration ?? this.base.configuration;
  }

  trim(zxid: Zxid): void {
    const last = this.through(zxid).at(-1);
    if (last === undefined) return;
    const configuration = this.configurationAt(zxid);
    this.entries = this.entries.filter((entry) => entry.zxid > zxid);
    this.base = { zxid: last.zxid, chain: last.chain, configuration };
  }
}

interface Kept {
  readonly copy: HistoryCopy;
  readonly base: Base;
  readonly entries: readonly Entry[];
}

/** Both, and what was copied of both. */
class Pair {
  history: History = new History(new Model().base);
  readonly model: Model = new Model();
  #kept: Kept | undefined;

  /** One of the marks, by a number of any size. */
  markAt(index: number): Mark {
    const marks: Mark[] = [this.model.base, ...this.model.entries];
    return marks[index % marks.length] ?? this.model.base;
  }

  keep(): void {
    const { base, entries } = this.model;
    this.#kept = { copy: this.history.copy(), base, entries: [...entries] };
  }

  bringBack(): void {
    if (this.#kept === undefined) return;
    this.history.restore(this.#kept.copy);
    this.model.base = this.#kept.base;
    this.model.entries = [...this.#kept.entries];
  }

  /** As a store reads it again, so many entries at a time. */
  restart(group: number): void {
    const { base, entries } = this.model;
    const log = new StoredLog();
    for (let at = 0; at < entries.length; at += group) log.add(entries.slice(at, at + group));
    this.history = new History(base, log);
    assert.equal(this.history.durable, this.model.last.zxid);
  }

  check(): void {
    const { history, model } = this;
    assert.equal(history.length, model.entries.length);
    assert.deepEqual(history.base, model.base);
    assert.equal(history.last.zxid, model.last.zxid);
    assert.equal(history.last.chain, model.last.chain);
    assert.deepEqual(history.configuration, model.configurationAt(model.last.zxid));
  }

  /** Everything in (after, through], and what is known of its ends. */
  compare(after: Zxid, through: Zxid): void {
    const { history, model } = this;
    const expected = model.through(through).filter(({ zxid }) => zxid > after);
    const found = history.slice(after, through);
    assert.deepEqual(found.map(plain), expected.map(plain));
    const page = history.page(after, through, 1_000);
    assert.deepEqual(page.map(plain), expected.slice(0, page.length).map(plain));
    const weight = (part: readonly Entry[]): number =>
      part.reduce((sum, { bytes }) => sum + Math.max(bytes.length, 256), 0);
    assert.ok(weight(page.slice(0, -1)) < 1_000, 'no more than is asked for');
    assert.ok(page.length === expected.length || weight(page) >= 1_000, 'and no less');
    const floor = model.through(through).at(-1) ?? model.base;
    if (through < model.base.zxid) assert.equal(history.floor(through), undefined);
    else assert.equal(history.floor(through)?.chain, floor.chain);
    assert.equal(history.markAt(through)?.chain, floor.zxid === through ? floor.chain : undefined);
  }
}

function plain({ bytes, ...entry }: Entry): unknown {
  return { ...entry, bytes: Buffer.from(bytes).toString('hex') };
}

type Act = (pair: Pair) => void;

const place = fc.nat(10_000);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        count: fc.integer({ min: 1, max: 400 }),
        kind: fc.constantFrom<EntryKind>('transaction', 'transaction', 'configuration'),
        size: fc.nat(90),
        turn: fc.boolean(),
      })
      .map(
        ({ count, kind, size, turn }): Act =>
          ({ history, model }) => {
            for (let at = 0; at < count; at += 1) {
              const first = at === 0;
              const entry = model.next(first ? kind : 'transaction', size, turn && first);
              if (at % 2 === 0) history.append(entry);
              else history.appendChained(entry);
              model.entries.push(entry);
            }
          },
      ),
  },
  {
    weight: 2,
    arbitrary: place.map(
      (index): Act =>
        (pair) => {
          pair.history.delivered(pair.markAt(index).zxid);
        },
    ),
  },
  {
    weight: 2,
    arbitrary: place.map(
      (index): Act =>
        (pair) => {
          const { zxid } = pair.markAt(index);
          pair.history.truncate(zxid);
          pair.model.entries = pair.model.through(zxid);
        },
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (index): Act =>
        (pair) => {
          const { zxid } = pair.markAt(index);
          pair.history.trim(zxid);
          pair.model.trim(zxid);
        },
    ),
  },
  { weight: 1, arbitrary: fc.constant<Act>((pair) => pair.keep()) },
  { weight: 1, arbitrary: fc.constant<Act>((pair) => pair.bringBack()) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 300 }).map(
      (group): Act =>
        (pair) =>
          pair.restart(group),
    ),
  },
);

test('a packed log is the list of its entries, however it was cut, trimmed, brought back and read again', () => {
  const looks = fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 4 });
  const steps = fc.array(fc.tuple(act, looks), { minLength: 1, maxLength: 25 });
  fc.assert(
    fc.property(steps, (chosen) => {
      const pair = new Pair();
      for (const [does, ranges] of chosen) {
        does(pair);
        pair.check();
        for (const [from, to] of ranges) {
          const after = pair.markAt(from).zxid;
          // Also places that nobody wrote to: behind the end of an epoch.
          const odd = to % 5 === 0 ? 0x8000_0000n : 0n;
          pair.compare(after, (pair.markAt(to).zxid | odd) as Zxid);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('a log that begins at a received checkpoint has nothing before it', () => {
  const pair = new Pair();
  for (let at = 0; at < 3; at += 1) {
    const entry = pair.model.next('transaction', 10, false);
    pair.history.append(entry);
    pair.model.entries.push(entry);
  }
  const base = { zxid: makeZxid(7, 1), chain: 5, configuration: GENESIS };
  pair.history.restart(base);
  assert.equal(pair.history.length, 0);
  assert.deepEqual(pair.history.last, base);
  assert.equal(pair.history.markAt(makeZxid(1, 2)), undefined);
  assert.deepEqual(pair.history.slice(ZERO, makeZxid(9, 1)), []);
});
