import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fifo } from '../../lib/base/fifo.ts';

describe('a first-in-first-out queue', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('push' as const), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant('keep' as const), modulus: fc.integer({ min: 2, max: 5 }) }),
    fc.constant({ do: 'drain' as const }),
  );

  it('does what an array does', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const fifo = new Fifo<number>();
        let array: number[] = [];
        let next = 0;
        for (const one of steps) {
          if (one.do === 'push') {
            for (let count = 0; count < one.count; count += 1) {
              fifo.push(next);
              array.push(next);
              next += 1;
            }
          } else if (one.do === 'shift') {
            for (let count = 0; count < one.count; count += 1)
              assert.equal(fifo.shift(), array.shift());
          } else if (one.do === 'keep') {
            fifo.keep((item) => item % one.modulus !== 0);
            array = array.filter((item) => item % one.modulus !== 0);
          } else {
            assert.deepEqual(fifo.drain(), array);
            array = [];
          }
          assert.equal(fifo.size, array.length);
          for (const index of [0, 1, array.length]) assert.equal(fifo.at(index), array[index]);
        }
        assert.deepEqual(fifo.drain(), array);
      }),
    );
  });
});
