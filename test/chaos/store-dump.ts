/** What the disks hold after a run: every store opens, and no two of them contradict each other. */
import { LevelStorage } from '../../lib/storage/level-storage.ts';

/** A store's directory, and whose it is. */
export interface Place {
  readonly id: number;
  readonly directory: string;
}

/** What the stores have shown. */
export interface StoresVerdict {
  readonly violations: readonly string[];
  /** In figures. */
  readonly line: string;
}

/** Opens all stores, whose peers are closed, and compares their logs entry by entry. */
export async function compareStores(places: readonly Place[]): Promise<StoresVerdict> {
  const violations: string[] = [];
  const chains = new Map<bigint, string>();
  let entries = 0;
  let last = 0n;
  for (const { id, directory } of places) {
    const store = new LevelStorage(directory, id);
    try {
      const { durable } = await store.open();
      for (const { zxid, chain } of durable.entries) {
        entries += 1;
        if (zxid > last) last = zxid;
        const text = chain.toString();
        const other = chains.get(zxid);
        if (other === undefined) chains.set(zxid, text);
        else if (other !== text) violations.push(`store ${id} has another log at ${zxid}`);
      }
    } catch (error) {
      violations.push(`store ${id} does not open: ${String(error)}`);
    } finally {
      await store.close();
    }
  }
  const line = `stores: ${places.length} opened; ${entries} entries of their logs, ${chains.size} different ones, up to ${last}`;
  return { violations, line };
}
