/** What one process can tell of another on the same machine. */
import { readFile } from 'node:fs/promises';

/** Where a process' start stands behind its name. */
const START_FIELD = 19;

/** Another one after each start of the machine; empty where the system does not say. */
export async function kernelBoot(): Promise<string> {
  return (await readQuietly('/proc/sys/kernel/random/boot_id')).trim();
}

/** When a process began, in ticks of its kernel, so that a number used again is not taken for the same process. */
export async function startOfProcess(pid: number): Promise<string> {
  return (await statOf(pid))[START_FIELD] ?? '';
}

/** Whether there is a process of this number that can still do something. */
export async function isProcess(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not ours to signal, but there.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  // Killed, but nobody has asked how it ended: in a container without an init that may stay so for ever.
  const [state] = await statOf(pid);
  return state !== 'Z' && state !== 'X';
}

/** What the kernel says of a process, its state first; nothing where it does not say. */
async function statOf(pid: number): Promise<readonly string[]> {
  // The name, in brackets, may hold spaces and brackets of its own.
  const [, fields = ''] = /.*\) (.*)/s.exec(await readQuietly(`/proc/${pid}/stat`)) ?? [];
  return fields.split(' ');
}

async function readQuietly(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
