/** Every bug that is put back, and those that have to wait. */
import { BROADCAST } from './broadcast.ts';
import { DISK } from './disk.ts';
import type { Injection } from './injection.ts';
import { PROMISES } from './promises.ts';
import { QUEUES } from './queues.ts';
import { REAL_DISK } from './real-disk.ts';
import { SESSIONS } from './sessions.ts';
import { STALLS } from './stalls.ts';
import { SYNCHRONIZATION } from './synchronization.ts';

export const INJECTIONS: readonly Injection[] = [
  ...PROMISES,
  ...SYNCHRONIZATION,
  ...BROADCAST,
  ...DISK,
  ...SESSIONS,
  ...QUEUES,
  ...STALLS,
  ...REAL_DISK,
];

/** Known bugs whose mechanism lies in rooms that a simulation cannot enter. */
export const WAITING: readonly { readonly origin: string; readonly reason: string }[] = [
  {
    origin: 'row 54, CURATOR-498',
    reason: 'needs the recipes',
  },
];
