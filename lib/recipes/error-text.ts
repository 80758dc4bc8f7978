const LENGTH_MAX = 1_000;

/** What was thrown, for a node that tells of it: the beginning of its message, be it no error at all. */
export function errorText(error: unknown): string {
  return textOf(error).slice(0, LENGTH_MAX).toWellFormed();
}

function textOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'something without a text was thrown';
  }
}
