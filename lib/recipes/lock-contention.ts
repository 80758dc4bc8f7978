import { utf8 } from '../client/codec.ts';
import { checkCall, type WaitOptions } from '../client/wait.ts';
import type { AnyClient } from './any-client.ts';
import { Contention, type ContentionOptions } from './contention.ts';
import type { LockOptions } from './lock.ts';
import { ownerHere } from './owner.ts';
import type { Rules } from './rules.ts';

/**
 * The contention of a lock, whose nodes say who their owner is.
 * @throws {TypeError} the options
 */
export function lockContention<O extends WaitOptions = WaitOptions>(
  what: string,
  client: AnyClient,
  options: LockOptions | undefined,
  rules: (owner: string) => Rules<string, O>,
  more: Omit<ContentionOptions, 'reentrant'> = {},
): Contention<string, O> {
  checkCall(what, options, ['owner', 'reentrant']);
  const { owner = ownerHere(), reentrant = false } = options ?? {};
  if (typeof owner !== 'string') throw new TypeError(`${what}: owner is a text`);
  if (typeof reentrant !== 'boolean') throw new TypeError(`${what}: reentrant is true or false`);
  return new Contention(client.as(utf8), rules(owner), { ...more, reentrant });
}
