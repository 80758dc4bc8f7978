import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The fenced programs of a Markdown file in one language, in their order. */
export function programsOf(path: string, language: 'ts' | 'js'): string[] {
  const text = readFileSync(path, 'utf8');
  const fences = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(fences)].map(([, source = '']) => source);
}

/** The examples in the comments of the sources that are whole programs: those that import quorate. */
export function examplesIn(folder: string): { readonly file: string; readonly source: string }[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const fences = text.matchAll(/^ *\* ```ts\n([\s\S]*?)^ *\* ```$/gm);
      return [...fences].map(([, lines = '']) => ({ file, source: uncommented(lines) }));
    })
    .filter(({ source }) => source.includes(`from 'quorate`));
}

function uncommented(lines: string): string {
  return lines.replaceAll(/^ *\* ?/gm, '');
}
