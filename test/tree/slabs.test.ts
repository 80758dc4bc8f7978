import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BytePool } from '../../lib/tree/byte-pool.ts';
import { type Address, Slabs } from '../../lib/tree/slabs.ts';

const SLAB = 0x4000;
const LEAD = 8;

test('an item finds room when the living half of a full slab has moved in before it', () => {
  const pool = new BytePool();
  const places = new Map<number, Address>();
  const slabs = new Slabs({ moved: (row, slab, offset) => places.set(row, { slab, offset }) });
  const put = (row: number, length: number): void => {
    places.set(row, slabs.put(row, new Uint8Array(length).fill(row)));
  };
  // One slab, full to the brim, of which less than half lives.
  put(1, 8188 - LEAD);
  put(2, SLAB - 8188 - LEAD);
  const dead = places.get(2);
  assert.ok(dead);
  slabs.free(dead.slab, dead.offset);
  put(3, 0x2000);
  for (const [row, length] of [
    [1, 8180],
    [3, 0x2000],
  ] as const) {
    const place = places.get(row);
    assert.ok(place);
    assert.deepEqual(slabs.copy(place.slab, place.offset, pool), new Uint8Array(length).fill(row));
  }
});
