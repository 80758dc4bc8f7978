/** Groups of a log that are whole, each under its own checksum, but are not this log: none is believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import { type Level, openLevel } from '../../lib/storage/level-database.ts';
import { LOGS, logKey } from '../../lib/storage/level-keys.ts';
import { decodeLogRecord, encodeLogRecord, type LogRecord } from '../../lib/wire/log-record.ts';
import { chained, type Entry, type Mark } from '../../lib/zab/log-entry.ts';
import { assertRefused, directory, written } from './directories.ts';

type Groups = readonly LogRecord[];

/** The entries under other zxids and with other payloads, one behind the other from a mark on. */
function rewritten(
  previous: Mark,
  entries: readonly Entry[],
  change: (entry: Entry) => Partial<Entry>,
): readonly Entry[] {
  let before = previous;
  return entries.map((entry) => {
    const next = chained(before, { ...entry, ...change(entry) });
    before = next;
    return next;
  });
}

/** A group whose payloads are others. */
function otherwise(group: LogRecord): LogRecord {
  const bytes = new Uint8Array(9);
  return { ...group, entries: rewritten(group.previous, group.entries, () => ({ bytes })) };
}

function later(zxid: Zxid): Zxid {
  return (zxid + 1n) as Zxid;
}

const CASES: Readonly<Record<string, readonly [(groups: Groups) => Groups, RegExp]>> = {
  'a group is missing': [(all) => all.toSpliced(1, 1), /not followed by the next group/],
  'the first group is missing': [(all) => all.slice(1), /not preceded by the base/],
  'the last group is missing': [(all) => all.slice(0, -1), /another end than it had/],
  'a group is of another history': [
    (all) => all.map((group, at) => (at === 1 ? otherwise(group) : group)),
    /not followed by the next group/,
  ],
  'a group is of another history, and so is what it says of the one before': [
    (all) =>
      all.map((group, at) =>
        at === 2 ? otherwise({ ...group, previous: { ...group.previous, chain: 1 } }) : group,
      ),
    /not followed by the next group/,
  ],
  'the first group follows another base': [
    (all) =>
      all.map((group, at) =>
        at === 0 ? otherwise({ ...group, previous: { ...group.previous, chain: 1 } }) : group,
      ),
    /another history than that of the base/,
  ],
  'a counter is left out': [
    (all) =>
      all.map((group, at) => {
        if (at !== 3) return group;
        const entries = rewritten(group.previous, group.entries, ({ zxid }) => ({
          zxid: later(zxid),
        }));
        return { ...group, entries };
      }),
    /followed by a gap/,
  ],
};

async function groupsOf(level: Level): Promise<LogRecord[]> {
  const groups: LogRecord[] = [];
  for await (const value of level.values(LOGS)) groups.push(decodeLogRecord(value));
  return groups;
}

for (const [name, [change, message]] of Object.entries(CASES)) {
  test(name, async (t) => {
    const path = await directory(t);
    await written(path);
    const level = await openLevel(path);
    const groups = await groupsOf(level);
    assert.equal(groups.length, 4);
    await level.clear(LOGS);
    for (const group of change(groups)) {
      const { zxid } = group.entries.at(-1) ?? assert.fail();
      await level.put(logKey(0, zxid), encodeLogRecord(group));
    }
    await level.close();
    await assertRefused(path, 'QUARANTINED', message);
  });
}

test('a group lies in the place of another', async (t) => {
  const path = await directory(t);
  await written(path);
  const level = await openLevel(path);
  const groups = await groupsOf(level);
  const last = groups.at(-1)?.entries.at(-1) ?? assert.fail();
  await level.del(logKey(0, last.zxid));
  await level.put(logKey(0, makeZxid(9, 1)), encodeLogRecord(groups.at(-1) ?? assert.fail()));
  await level.close();
  await assertRefused(path, 'QUARANTINED', /in a wrong place/);
});
