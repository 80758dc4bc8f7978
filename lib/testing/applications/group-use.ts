/** Those who join a group and those who watch it, in every process. */
import { formatZxid } from '../../base/zxid.ts';
import { Group, type Member } from '../../recipes/index.ts';
import { demand, type Predicate } from '../predicates/predicate.ts';
import { Actor } from './actor.ts';
import type { Application, Life } from './application.ts';
import { Keeper, picky } from './keeper.ts';
import { KeptBook } from './kept-book.ts';
import { operate } from './operator.ts';
import { listed, SubtreeBook } from './subtree-book.ts';
import { Views } from './views.ts';
import { Watcher } from './watcher.ts';

const JUDGE = 'S41';
const PATH = '/groups/workers';
/** Mean ms for which an auditor reckons. */
const TERM = 6_000;

export class GroupUse implements Application {
  readonly #members = new KeptBook(JUDGE, PATH);
  readonly #book = new SubtreeBook(PATH, (nodes) => {
    const members = [...nodes].filter(([path]) => path !== PATH);
    return listed(members.map(([path, { data, made }]) => wordsOf(path, data, made)));
  });
  readonly #views = new Views(this.#book);
  #count = 0;

  get predicate(): Predicate {
    return {
      name: JUDGE,
      title: 'a group is who has joined it and lives, and all who watch it see just that',
      judges: 'replica',
      watch: () => ({
        decided: (decided) => {
          this.#members.decided(decided);
          this.#book.decided(decided);
        },
      }),
    };
  }

  begin(life: Life): void {
    const { prng } = life.process;
    const group = new Group(life.client.as(picky), PATH);
    for (let count = prng.pick([1, 1, 2]); count > 0; count -= 1) {
      const member = new Actor(life, 'member', JUDGE);
      member.repeat(() => this.#take(member, group));
    }
    for (let count = prng.pick([1, 2]); count > 0; count -= 1) {
      const watcher = new Actor(life, 'watcher', JUDGE);
      const watch = new Watcher(watcher, this.#views, {
        watch: (options) => group.watch(options),
        words: wordsOfAll,
      });
      watcher.repeat(() => watch.watch());
    }
    if (prng.chance(0.5)) {
      const auditor = new Actor(life, 'auditor', JUDGE);
      auditor.repeat(() => this.#audit(auditor, group));
    }
    if (prng.chance(0.2)) operate(life, JUDGE, (operator) => this.#throwOut(operator));
  }

  owed(): () => readonly string[] {
    const debts = [this.#members.owed(), this.#views.behind()];
    return () => debts.flatMap((owed) => owed());
  }

  left(): readonly string[] {
    return this.#members.standing;
  }

  async #take(member: Actor, group: Group): Promise<void> {
    this.#count += 1;
    const name = `m${this.#count}`;
    const keeper = new Keeper(member, this.#members, (data, options) => {
      return group.join(data, { name, ...options });
    });
    await keeper.keep(`${PATH}/${name}`);
  }

  /** Reckons who is there from who came and went. */
  async #audit(auditor: Actor, group: Group): Promise<void> {
    const { process, life } = auditor;
    const leave = new AbortController();
    setTimeout(() => leave.abort(), process.prng.exponential(TERM));
    const signal = AbortSignal.any([life.stop, leave.signal]);
    const view = this.#views.open(auditor);
    const present = new Map<string, Member<string>>();
    try {
      for await (const change of group.changes({ signal })) {
        for (const { name } of change.left) present.delete(name);
        for (const one of [...change.joined, ...change.changed]) present.set(one.name, one);
        const words = wordsOfAll(change.members);
        process.call(() => {
          view.told(words);
          demand(wordsOfAll(present) === words, JUDGE, () => {
            return `who came and went makes ${wordsOfAll(present)}, and there are ${words}`;
          });
        });
        auditor.count('audited');
      }
    } finally {
      this.#views.close(view);
    }
  }

  /** Deletes the node of some member, which comes back. */
  async #throwOut({ client, process }: Actor): Promise<void> {
    const all = this.#members.standing;
    if (all.length > 0) await client.delete(process.prng.pick(all));
  }
}

function wordsOf(path: string, data: string, made: bigint): string {
  return `${path}=${data}@${formatZxid(made)}`;
}

function wordsOfAll(members: ReadonlyMap<string, Member<string>>): string {
  return listed([...members.values()].map(({ path, data, fence }) => wordsOf(path, data, fence)));
}
