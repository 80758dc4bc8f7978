/** A promise: also that of another library, or of another realm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const holds = typeof value === 'object' || typeof value === 'function';
  return holds && value !== null && 'then' in value && typeof value.then === 'function';
}
