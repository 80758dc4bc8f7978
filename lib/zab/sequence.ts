/** Which zxid may follow which. */
import { counterOf, epochOf, type Zxid } from '../base/zxid.ts';

/** Whether `next` follows `previous` without a gap: the next counter, or the first of a later epoch up to `epochMax`. */
export function followsIn(previous: Zxid, next: Zxid, epochMax: number): boolean {
  if (next === previous + 1n && counterOf(next) > 0) return true;
  const epoch = epochOf(next);
  return counterOf(next) === 1 && epoch > epochOf(previous) && epoch <= epochMax;
}
