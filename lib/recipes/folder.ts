import { QuorateError } from '../base/errors.ts';
import { parentOf } from '../base/path.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { RawSession } from './any-client.ts';
import { beforehand } from './beforehand.ts';

/**
 * What recipes keep their nodes in are containers, and so is what had to be made above it: the group sweeps those
 * that nobody uses any more. Between that and its use one may be gone again: whoever needs it asks again.
 */
export function makeFolder(session: RawSession, folder: string, wait: WaitOptions): Promise<void> {
  return beforehand(make(session, folder, wait));
}

async function make(session: RawSession, folder: string, wait: WaitOptions): Promise<void> {
  if (folder === '/' || (await isMade(session, folder, wait))) return;
  await make(session, parentOf(folder), wait);
  await isMade(session, folder, wait);
}

/** False: what it would stand on is missing. Not looked for before: whoever may create there may not be allowed to look. */
async function isMade(session: RawSession, folder: string, wait: WaitOptions): Promise<boolean> {
  try {
    await session.create(folder, new Uint8Array(0), { container: true, ...wait });
  } catch (error) {
    if (QuorateError.is(error, 'NO_NODE')) return false;
    if (!QuorateError.is(error, 'NODE_EXISTS')) throw error;
  }
  return true;
}
