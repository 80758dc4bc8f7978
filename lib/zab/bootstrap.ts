/**
 * How a group is born: once, and only when EVERY configured voter has an empty store. A quorum of
 * empty stores is not enough, since it may have forgotten what a former group committed: unless an
 * operator gives his word that it has not (`bootstrap`), to all who are there.
 *
 * In two phases, because reports age. A voter that sees all voters unborn PLEDGES the set of their
 * (id, store) pairs, durably; it is BORN when it sees all of them pledged to the same set. Whoever is
 * born thus knows that every store of the set has pledged it. A store that is wiped before that comes
 * back under another id; the others may then pledge the new set, which the wiped store's old set can
 * never become whole against, since a born voter pledges nothing any more. A voter that has pledged
 * learns from any born one of its set that it is born too.
 *
 * With the operator's word a quorum of the voters pledges a set in which the others have no store yet;
 * they are admitted later, as lost stores are. Two such sets share a voter, so at most one becomes
 * whole: a pledge is exchanged only for one that all those it names can still pledge, too. They must be
 * seen, and unborn, so the pledges of a voter never go back to one without them.
 */
import { hashText } from '../base/hash.ts';
import { ZERO } from '../base/zxid.ts';
import { type Configuration, isVoter, type Member, voterKey } from './configuration.ts';
import type { Links, Remote } from './links.ts';
import type { Birth } from './messages.ts';
import type { ZabOptions } from './options.ts';
import { isQuorum } from './quorum.ts';

/** What a peer that is not born should do now. */
export type BirthStep =
  | { readonly type: 'pledge'; readonly birth: Birth }
  | { readonly type: 'born'; readonly genesis: Configuration }
  | undefined;

function sameVoters(a: readonly Member[], b: readonly Member[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((voter, at) => voter.id === b[at]?.id && voter.store === b[at]?.store);
}

/** What a voter that nobody has seen yet has for a store. */
const NO_STORE = '';

/** The voters that report now. */
interface Reported {
  /** All that are configured; who does not report has no store. */
  readonly voters: Member[];
  /** Of the others that report. */
  readonly births: Birth[];
  /** Everybody who reports was started with the operator's word. */
  flagged: boolean;
}

/** The voters that report now, if none of them is born. */
function reportedVoters(options: ZabOptions, store: string, links: Links): Reported | undefined {
  const remotes = new Map<number, Remote>();
  for (const remote of links.remotes()) remotes.set(remote.hello.id, remote);
  const reported: Reported = { voters: [], births: [], flagged: options.bootstrap };
  const { voters, births } = reported;
  for (const { id, weight, group } of options.voters) {
    if (id === options.id) {
      voters.push({ id, store, start: 0, weight, group });
      continue;
    }
    const remote = remotes.get(id);
    if (remote === undefined) {
      voters.push({ id, store: NO_STORE, start: 0, weight, group });
      continue;
    }
    if (remote.hello.role === 'observer' || remote.birth.state === 'born') return undefined;
    if (!remote.hello.bootstrap) reported.flagged = false;
    voters.push({ id, store: remote.hello.store, start: 0, weight, group });
    births.push(remote.birth);
  }
  voters.sort((a, b) => a.id - b.id);
  return reported;
}

function mayBeFounder({ id, role, voters }: ZabOptions, own: Birth): boolean {
  if (own.state === 'born' || role === 'observer') return false;
  return voters.some((voter) => voter.id === id);
}

/** Whether those who report may found the group: all, or by the operator's word a quorum that breaks no pledge. */
function mayFound(own: Birth, { voters, flagged }: Reported): boolean {
  const there = voters.filter(({ store }) => store !== NO_STORE);
  if (there.length === voters.length) return true;
  if (!flagged) return false;
  const keys = new Set(there.map(({ id, store }) => voterKey(id, store)));
  if (!isQuorum(genesisOf(voters), keys)) return false;
  const pledged = own.state === 'pledged' ? own.voters : [];
  return pledged.every(({ id, store }) => store === NO_STORE || there.some((at) => at.id === id));
}

/** The voters whose first start this one waits for, to found the group with; undefined: it does not. */
export function awaitedVoters(
  options: ZabOptions,
  store: string,
  own: Birth,
  links: Links,
): readonly number[] | undefined {
  if (!mayBeFounder(options, own)) return undefined;
  const reported = reportedVoters(options, store, links);
  const absent = reported?.voters.filter((voter) => voter.store === NO_STORE);
  return absent?.map(({ id }) => id);
}

/** The next step of a voter that is not born, by what the live links report. */
export function birthStep(options: ZabOptions, store: string, own: Birth, links: Links): BirthStep {
  if (!mayBeFounder(options, own)) return undefined;
  const reported = reportedVoters(options, store, links);
  if (reported === undefined || !mayFound(own, reported)) return undefined;
  const { voters, births } = reported;
  if (own.state !== 'pledged' || !sameVoters(own.voters, voters)) {
    return { type: 'pledge', birth: { state: 'pledged', voters } };
  }
  const all = births.every(
    (birth) => birth.state === 'pledged' && sameVoters(birth.voters, voters),
  );
  return all ? { type: 'born', genesis: genesisOf(voters) } : undefined;
}

/** Whether a born peer's genesis makes this store, which has never promised anything, a voter too. */
export function isBornBy(genesis: Configuration, id: number, store: string): boolean {
  return isVoter(genesis, id, store);
}

export function genesisOf(voters: readonly Member[]): Configuration {
  return { version: ZERO, voters, origin: { type: 'genesis' } };
}

/** Names are asked for at every HELLO, and follow from values that never change. */
const clusterNames = new WeakMap<Configuration, string>();
const hashes = new WeakMap<ZabOptions['voters'], number>();

/** The cluster's id: 28 hexadecimal digits that follow from who founded it. */
export function clusterOf(genesis: Configuration): string {
  const known = clusterNames.get(genesis);
  if (known !== undefined) return known;
  const founders = genesis.voters.map(({ id, store }) => `${id}=${store}`).join(',');
  const digits = (seed: number): string => hashText(seed, founders).toString(16).padStart(14, '0');
  const name = `${digits(1)}${digits(2)}`;
  clusterNames.set(genesis, name);
  return name;
}

/** Two peers whose options name other voters are not of one group. */
export function votersHash({ voters }: ZabOptions): number {
  const known = hashes.get(voters);
  if (known !== undefined) return known;
  const named = voters.map(({ id, weight, group }) => `${id}/${weight}/${group}`).sort();
  const hash = hashText(0, named.join(','));
  hashes.set(voters, hash);
  return hash;
}
