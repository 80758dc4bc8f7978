/** Damages a store behind LevelDB's back, as a failing disk does. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Cuts the largest file below a directory short, or turns a bit of it. Resolves with its name. @param place as a share of the file */
export async function damageFile(
  directory: string,
  place: number,
  cutsShort: boolean,
): Promise<string> {
  const names = await readdir(directory, { recursive: true });
  const files = names.filter((name) => /\.(log|ldb)$/.test(name));
  const sized = await Promise.all(
    files.map(async (name) => ({ name, size: (await stat(join(directory, name))).size })),
  );
  const [largest] = sized.sort((a, b) => b.size - a.size);
  if (largest === undefined || largest.size === 0) return 'nothing';
  const file = await open(join(directory, largest.name), 'r+');
  try {
    const position = Math.floor(place * largest.size);
    if (cutsShort) await file.truncate(position);
    else {
      const byte = new Uint8Array(1);
      await file.read(byte, 0, 1, position);
      byte[0] = (byte[0] ?? 0) ^ 16;
      await file.write(byte, 0, 1, position);
    }
  } finally {
    await file.close();
  }
  return largest.name;
}
