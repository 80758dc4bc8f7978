import type { ReadOptions } from '../client/client.ts';
import type { RawSession } from './any-client.ts';
import type { Contender } from './lock.ts';

const decoder = new TextDecoder();

/** Who stands at these places; those that are gone by now are left out. */
export async function contendersAt(
  session: RawSession,
  paths: readonly string[],
  options: ReadOptions | undefined,
): Promise<Contender[]> {
  const nodes = await Promise.all(paths.map((path) => session.find(path, options)));
  return nodes
    .filter((node) => node !== undefined)
    .map(({ path, data, stat }) => ({
      path,
      // Others may write what they like into their nodes: Curator writes an address.
      owner: decoder.decode(data),
      since: stat.ctime,
      fence: stat.czxid,
    }));
}

/** Who holds what one waits for, as a sentence. */
export async function whoIsAhead(
  session: RawSession,
  ahead: readonly string[],
  options: ReadOptions,
): Promise<string> {
  const [holder] = await contendersAt(session, ahead.slice(0, 1), options);
  if (holder === undefined) return 'its holder has just gone';
  const seconds = Math.max(0, Math.round((Date.now() - holder.since) / 1_000));
  return `held by ${holder.owner}, who asked for it ${seconds} s ago; ${ahead.length} before you`;
}
