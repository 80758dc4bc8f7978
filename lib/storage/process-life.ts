/** What one process can tell of another on the same machine. */
import { readFile } from 'node:fs/promises';

/** Another one after each start of the machine; empty where the system does not say. */
export async function kernelBoot(): Promise<string> {
  return (await readQuietly('/proc/sys/kernel/random/boot_id')).trim();
}

/** When a process began, in ticks of its kernel, so that a number used again is not taken for the same process. */
export async function startOfProcess(pid: number): Promise<string> {
  // The name, in brackets, may hold spaces and brackets of its own; the start is the 20th field behind it.
  const [, fields = ''] = /.*\) (.*)/s.exec(await readQuietly(`/proc/${pid}/stat`)) ?? [];
  return fields.split(' ')[19] ?? '';
}

/** Whether there is a process of this number. */
export function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function readQuietly(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
