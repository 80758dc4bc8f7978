import { readFile } from 'node:fs/promises';

/** What a file holds; undefined: there is no such file. */
export async function readIfAny(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
