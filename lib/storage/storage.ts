/**
 * The port to the disk. One store belongs to one peer id; it keeps a peer's promises, its log and its
 * checkpoint, and is written in one way only: whole batches, one at a time (rule G4).
 *
 * Two stores stand behind it: {@link LevelStorage} on a directory and {@link MemoryStorage} on a
 * {@link MemoryDisk}; `test/contracts/storage.ts` holds both to the same contract.
 */
import type { Opened, StoreBatch } from '../wire/store-batch.ts';

export interface Storage {
  /**
   * Opens or creates the store, verifies all of it and counts `boot` up, synced. At most once.
   *
   * The log is checked entry by entry: contiguous from the base, chains and checksums right, the
   * checkpoint within it. That all chunks of the checkpoint are there is checked as they are read, so
   * the iterable may still throw `QUARANTINED`; what is in a chunk has a checksum of its own and is
   * for its decoder to judge. The iterable is to be read before `close()`, and before a write that
   * brings another checkpoint.
   *
   * @throws `DIRECTORY_LOCKED` if another store, here or in another process, has it open;
   * `STORE_MISMATCH` if it belongs to another peer id; `FORMAT_UNKNOWN` if a newer version or another
   * program wrote it; `QUARANTINED` if it is damaged. A store that was refused is left as it was.
   */
  open(): Promise<Opened>;

  /**
   * Makes a batch durable: resolved means synced, and after a crash all of the batch is there or none
   * of it. `log` takes effect before `checkpoint`, and what is in `log` in the order that `Batch`
   * states. The next call must wait until this one is settled.
   *
   * An install forgets a checkpoint of the peer's own that is half written: begin it anew.
   *
   * @throws `QUARANTINED`, with the cause. A store that refused a write is never written again,
   * because what the disk then holds is unknown (rule G6): close it, open it, let it verify itself.
   */
  write(batch: StoreBatch): Promise<void>;

  /** Waits for the write under way and frees the directory. May be called at any time, and again. */
  close(): Promise<void>;
}
