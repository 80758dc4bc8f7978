/**
 * Two-phase commit in a group of three, in one process: all sites apply a transaction or none does, whoever dies.
 * `node --import tsx examples/two-phase-commit.ts`
 *
 * `/tx/<name>` is a transaction. Each site votes with an ephemeral node below it, which goes when the site does. The
 * coordinator is elected. It aborts as soon as one site says so or is gone; it commits in one transaction of the
 * tree, which checks that all votes are still there. Both are guarded by its term: who is late decides nothing.
 */
import { type Peer, QuorateError } from '../lib/index.ts';
import { type Grant, LeaderElection } from '../lib/recipes/index.ts';
import { createTestGroup } from '../lib/testing/index.ts';

type Vote = 'commit' | 'abort';

await using group = await createTestGroup(3);
const sites = group.peers.map(({ id }) => id);
const booksOf = new Map(sites.map((site) => [site, new Map<string, string>()]));

/** How long a coordinator waits for votes, ms. */
const PATIENCE = 2_000;

const voteOf = (name: string, site: number) => `/tx/${name}/vote-${site}`;
const decisionOf = (name: string) => `/tx/${name}/decision`;

/** What a site makes of a transaction: what it can do, or a vote that is on its way until it is given. */
const answers = new Map<string, Promise<Vote>>();

/** First phase: a vote. Second phase: what was decided goes into the books. */
async function takePart(peer: Peer, name: string): Promise<void> {
  if ((await peer.exists(decisionOf(name))) === undefined) {
    const vote = (await answers.get(`${name} ${peer.id}`)) ?? 'commit';
    await peer.session.create(voteOf(name, peer.id), vote, { ephemeral: true });
  }
  const decision = await peer.watch(decisionOf(name)).until((node) => node !== undefined);
  booksOf.get(peer.id)?.set(name, decision?.data ?? '');
}

/** Until something is certain: all have voted, one has said no, or one that had voted is gone. */
async function votesAreIn(peer: Peer, term: Grant, name: string): Promise<boolean> {
  const votes = new Map<string, string>();
  let isHopeless = false;
  await peer.watchTree(`/tx/${name}`).until(
    ({ changes }) => {
      for (const change of changes) {
        if (!change.path.includes('/vote-')) continue;
        if (change.type === 'deleted') isHopeless = true;
        else votes.set(change.path, change.data);
      }
      isHopeless ||= [...votes.values()].includes('abort');
      return isHopeless || votes.size === sites.length;
    },
    { signal: term.signal, timeout: PATIENCE },
  );
  return !isHopeless;
}

async function coordinate(peer: Peer, term: Grant, name: string): Promise<void> {
  if ((await peer.exists(decisionOf(name))) !== undefined) return;
  // A new coordinator may find a vote missing that its predecessor has seen: it waits no longer than for the others.
  const isIn = await votesAreIn(peer, term, name).catch((error: unknown) => {
    if (QuorateError.is(error, 'TIMED_OUT')) return false;
    throw error;
  });
  const tree = peer.guardedBy(term);
  const votes = isIn ? sites.map((site) => ({ check: voteOf(name, site) })) : [];
  const decision = { create: decisionOf(name), data: isIn ? 'commit' : 'abort' };
  try {
    await tree.multi([...votes, decision]);
  } catch (error) {
    if (!QuorateError.is(error, 'NO_NODE')) throw error;
    await tree.create(decisionOf(name), 'abort');
  }
}

/** What runs in each process. */
function start(peer: Peer): void {
  const endsWithPeer = (error: unknown) => {
    if (!QuorateError.is(error, 'CLOSED', 'GRANT_LOST')) throw error;
  };
  const known = new Set<string>();
  peer.watchChildren('/tx').subscribe((names) => {
    for (const name of names.filter((one) => !known.has(one))) {
      known.add(name);
      takePart(peer, name).catch(endsWithPeer);
    }
  });
  const election = new LeaderElection(peer, '/coordinator', { data: String(peer.id) });
  const lead = async (term: Grant) => {
    const seen = new Set<string>();
    for await (const names of peer.watchChildren('/tx', { signal: term.signal })) {
      for (const name of names.filter((one) => !seen.has(one))) {
        seen.add(name);
        await coordinate(peer, term, name);
      }
    }
  };
  election.run(lead).catch(endsWithPeer);
}

/** Waits until all sites have it in their books, and checks that they agree. */
async function concluded(name: string, expected: Vote): Promise<void> {
  const entries = () => [...booksOf.values()].map((books) => books.get(name));
  while (entries().includes(undefined)) await new Promise((resolve) => setTimeout(resolve, 5));
  if (entries().some((entry) => entry !== expected))
    throw new Error(`${name}: ${entries().join()}`);
  console.log(`${name}: all ${sites.length} sites ${expected}`);
}

async function peerOf(id: number): Promise<Peer> {
  return group.peers.find((peer) => peer.id === id) ?? (await group.restart(id));
}

for (const peer of group.peers) start(peer);
const asker = () => group.peers[0] ?? group.leader();
const coordinator = async () => {
  const leader = await new LeaderElection(await asker(), '/coordinator')
    .watch()
    .until((one) => one !== undefined);
  return Number(leader?.data);
};

await (await asker()).create('/tx/transfer', '', { parents: true });
await concluded('transfer', 'commit');

answers.set(`refused ${sites[1]}`, Promise.resolve('abort'));
await (await asker()).create('/tx/refused');
await concluded('refused', 'abort');

/** One dies when it has voted, while another one's vote is on its way. */
async function loses(name: string, doomed: number): Promise<void> {
  const [slow, other] = sites.filter((site) => site !== doomed);
  if (slow === undefined || other === undefined) throw new Error('there are three sites');
  let voteLate: (vote: Vote) => void = () => {};
  const late = new Promise<Vote>((resolve) => {
    voteLate = resolve;
  });
  answers.set(`${name} ${slow}`, late);
  const peer = await peerOf(other);
  await peer.create(`/tx/${name}`);
  await peer.watch(voteOf(name, doomed)).until((vote) => vote !== undefined);
  await group.kill(doomed);
  console.log(`${name}: site ${doomed} dies, with its vote`);
  await peer.watch(decisionOf(name)).until((decision) => decision !== undefined);
  start(await group.restart(doomed));
  voteLate('commit');
  await concluded(name, 'abort');
}

const present = await coordinator();
await loses('site-lost', sites.find((site) => site !== present) ?? 0);
await loses('coordinator-lost', await coordinator());
