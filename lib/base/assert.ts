/** An impossible state: a bug in quorate or memory that was overwritten. The peer that finds one stops; it never goes on from it. */
class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** States an invariant. Never compiled out: an impossible state stops the peer instead of corrupting it. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new InvariantError(invariant);
}

/** The default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`);
}

/** A value that must be there. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new InvariantError(`absent: ${what}`);
  return value;
}
