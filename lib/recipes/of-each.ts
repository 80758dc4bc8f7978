/** Asks for each, all at once. Most have one, for which a promise of promises would cost more than the answer. */
export async function ofEach<T, R>(
  all: readonly T[],
  ask: (one: T) => Promise<R>,
): Promise<readonly R[]> {
  const [only] = all;
  if (only !== undefined && all.length === 1) return [await ask(only)];
  return Promise.all(all.map(ask));
}
