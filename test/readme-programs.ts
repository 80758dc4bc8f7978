import { readFileSync } from 'node:fs';

/** The fenced programs of a Markdown file in one language, in their order. */
export function programsOf(path: string, language: 'ts' | 'js'): string[] {
  const text = readFileSync(path, 'utf8');
  const fences = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(fences)].map(([, source = '']) => source);
}
