/** Every bug that is put back, and those that have to wait. */
import { BROADCAST } from './broadcast.ts';
import { DISK } from './disk.ts';
import { DUTIES } from './duties.ts';
import type { Injection } from './injection.ts';
import { KEEPING } from './kept.ts';
import { PROMISES } from './promises.ts';
import { QUEUES } from './queues.ts';
import { REAL_DISK } from './real-disk.ts';
import { RECIPES } from './recipes.ts';
import { SCANS } from './scans.ts';
import { SESSIONS } from './sessions.ts';
import { SHARED_WORK } from './shared-work.ts';
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
  ...RECIPES,
  ...SHARED_WORK,
  ...DUTIES,
  ...KEEPING,
  ...SCANS,
];
