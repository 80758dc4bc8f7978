import type { CustomSchemes } from '../tree/reader.ts';
import type { Outbox } from './outbox.ts';

/**
 * The application's schemes, with their failures told: the first of each function, for one that always
 * throws would be told of with every request. Checks deny and go on (`tree/acl-check.ts`).
 */
export function reportFailures(
  schemes: CustomSchemes | undefined,
  outbox: Outbox,
): CustomSchemes | undefined {
  if (schemes === undefined) return undefined;
  const told = new Set<string>();
  return {
    valid: (scheme, id) => schemes.valid(scheme, id),
    matches: (identity, entry) => schemes.matches(identity, entry),
    failed: (what, error) => {
      if (told.has(what)) return;
      told.add(what);
      const reason = error instanceof Error ? error.message : 'it threw no Error';
      outbox.event({ type: 'scheme-failed', what, reason });
    },
  };
}
