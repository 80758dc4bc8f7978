import { QuorateError } from '../base/errors.ts';
import { parentOf } from '../base/path.ts';
import type { WaitOptions } from '../client/wait.ts';
import type { RawSession } from './any-client.ts';
import { beforehand } from './beforehand.ts';

/** What recipes keep their nodes in are containers: the group sweeps those that nobody uses any more. What is above stays. */
export function makeFolder(session: RawSession, folder: string, wait: WaitOptions): Promise<void> {
  return beforehand(make(session, folder, wait));
}

async function make(session: RawSession, folder: string, wait: WaitOptions): Promise<void> {
  await session.ensurePath(parentOf(folder), wait);
  try {
    await session.create(folder, new Uint8Array(0), { container: true, ...wait });
  } catch (error) {
    if (!QuorateError.is(error, 'NODE_EXISTS', 'NO_NODE')) throw error;
  }
}
