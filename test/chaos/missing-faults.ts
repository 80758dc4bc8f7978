/** What this machine has no means for. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { shimIsMissing } from '../storage/shim/disk-shim.ts';
import type { FaultKind } from './plan.ts';

/** The faults that cannot be made here, each with the reason. */
export async function missingFaults(): Promise<ReadonlyMap<FaultKind, string>> {
  const missing = new Map<FaultKind, string>();
  const shim = await shimIsMissing();
  if (shim !== false) missing.set('disk', shim);
  try {
    await promisify(execFile)('prlimit', ['--version']);
  } catch {
    missing.set('full-disk', 'there is no prlimit');
  }
  return missing;
}
