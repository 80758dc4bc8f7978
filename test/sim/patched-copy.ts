/** A copy of the source with a bug in it, in a directory of its own. The source itself is only read. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Patch } from './injections/injection.ts';

/** Top of the repository. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** What the simulator and the directed tests need. */
const COPIED = [
  'lib',
  'test/sim',
  'test/zab',
  'test/client',
  'test/recipes',
  'test/storage',
  'test/contracts',
  'test/datadriven.ts',
  'package.json',
  'tsconfig.json',
];

/** A patch does not match the source exactly once: the source has moved on, and the patch must follow. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Any white space matches any other, and none next to a bracket: a formatter may break lines elsewhere. */
function pattern(find: string): RegExp {
  const words = find.trim().split(/\s+/).map(escapePattern);
  return new RegExp(words.join('\\s+'), 'g');
}

/** The source with one edit. @throws PatchError */
export function applyPatch(source: string, { file, find, replace }: Patch): string {
  const count = [...source.matchAll(pattern(find))].length;
  if (count !== 1) throw new PatchError(`${file}: ${count} matches of: ${find}`);
  return source.replace(pattern(find), () => replace);
}

/** The changed files, by their place. @throws PatchError */
export async function applyPatches(
  patches: readonly Patch[],
): Promise<ReadonlyMap<string, string>> {
  const changed = new Map<string, string>();
  for (const patch of patches) {
    const source = changed.get(patch.file) ?? (await readFile(join(ROOT, patch.file), 'utf8'));
    changed.set(patch.file, applyPatch(source, patch));
  }
  return changed;
}

export interface PatchedCopy extends AsyncDisposable {
  readonly directory: string;
}

/** A new copy with these patches; it is removed in the end. @throws PatchError */
export async function patchedCopy(patches: readonly Patch[]): Promise<PatchedCopy> {
  const changed = await applyPatches(patches);
  const directory = await mkdtemp(join(tmpdir(), 'quorate-inject-'));
  await mkdir(join(directory, 'test'));
  for (const part of COPIED) {
    await cp(join(ROOT, part), join(directory, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const [file, source] of changed) await writeFile(join(directory, file), source);
  return {
    directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
