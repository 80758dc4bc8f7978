/** The log as a store holds it: the entries that went in, and a history that goes on from them by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAIN_START } from '../../lib/base/hash.ts';
import { makeZxid, ZERO, type Zxid } from '../../lib/base/zxid.ts';
import type { Configuration } from '../../lib/zab/configuration.ts';
import { History } from '../../lib/zab/history.ts';
import { chained, type Entry, type Mark } from '../../lib/zab/log-entry.ts';
import { StoredLog } from '../../lib/zab/stored-log.ts';

function configuration(version: Zxid, id: number): Configuration {
  const voters = [{ id, store: `${id}`.repeat(32), start: 1, weight: 1, group: 0 }];
  return { version, voters, origin: { type: 'record-starts' } };
}

const BASE = { zxid: ZERO, chain: CHAIN_START, configuration: configuration(ZERO, 1) };

/** Entries behind the base; the third and the sixth change the membership. */
function entries(count: number): readonly Entry[] {
  let before: Mark = BASE;
  return Array.from({ length: count }, (_, at) => {
    const zxid = makeZxid(1, at + 1);
    const bytes = Uint8Array.from({ length: 20 + at }, (_, place) => at + place);
    const change = at === 2 || at === 5 ? { configuration: configuration(ZERO, at) } : {};
    const kind = at === 2 || at === 5 ? 'configuration' : 'transaction';
    const entry = chained(before, { zxid, kind, bytes, chain: 0, ...change });
    before = entry;
    return entry;
  });
}

test('gives back what was added, each configuration under the zxid of its entry', () => {
  const added = entries(9);
  const log = StoredLog.of(added.slice(0, 4));
  log.add(added.slice(4));
  assert.equal(log.length, 9);
  assert.deepEqual([...log], added);
  assert.deepEqual(log.at(-1), added[8]);
  assert.deepEqual(log.at(5), added[5]);
  assert.deepEqual([log.at(9), log.at(-10)], [undefined, undefined]);
  assert.deepEqual(
    log.configurations.map(({ version }) => version),
    [makeZxid(1, 3), makeZxid(1, 6)],
  );
});

test('a history takes all of it over, and what becomes of that leaves the log as it was', () => {
  const added = entries(9);
  const log = StoredLog.of(added);
  const history = new History(BASE, log);
  assert.deepEqual(
    [history.length, history.last.zxid, history.durable],
    [9, 0x1_0000_0009n, 0x1_0000_0009n],
  );
  assert.deepEqual(history.slice(ZERO, makeZxid(1, 9)), added);
  assert.equal(history.configuration.version, makeZxid(1, 6));
  history.truncate(makeZxid(1, 4));
  history.trim(makeZxid(1, 3));
  assert.equal(history.configuration.version, makeZxid(1, 3));
  assert.deepEqual([...log], added);
});
