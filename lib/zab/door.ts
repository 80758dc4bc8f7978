/**
 * Who comes in: links, their HELLOs, and the birth of the group, which happens between links before
 * there is any role to have.
 */
import { birthStep, isBornBy } from './bootstrap.ts';
import { type Configuration, voterKey } from './configuration.ts';
import type { Core } from './core.ts';
import { clusterName, judge, ownBirthNotice, ownHello } from './handshake.ts';
import type { Link, Remote } from './links.ts';
import type { BirthNotice, Hello } from './messages.ts';
import type { PeerRole } from './peer-role.ts';
import type { LinkId, Refusal } from './ready.ts';

export class Door {
  readonly #core: Core;
  readonly #role: PeerRole;

  constructor(core: Core, role: PeerRole) {
    this.#core = core;
    this.#role = role;
  }

  /** A connection stands; nobody has said anything on it yet. */
  linked(id: LinkId, dialer: 'self' | 'peer'): void {
    if (this.#role.role === 'quarantined') {
      this.#core.outbox.close(id, 'quarantined');
      return;
    }
    this.#core.links.add(id, dialer, this.#core.now);
    this.#core.send(id, ownHello(this.#core));
  }

  /** A connection is gone; nothing more comes from it. */
  unlinked(id: LinkId): void {
    const link = this.#core.links.remove(id);
    if (link === undefined) return;
    this.#role.forget(link);
    this.#role.afterInput();
  }

  /** The first word on a link. */
  receiveHello(link: Link, hello: Hello): void {
    const core = this.#core;
    const verdict = judge(core, link, hello);
    switch (verdict.type) {
      case 'surplus':
        this.#role.drop(link, 'another link stays');
        return;
      case 'refuse':
        this.#refuse(link, verdict.reason, verdict.detail);
        return;
      case 'accept':
        this.#greet(link, hello, verdict.replaces);
    }
  }

  #refuse(link: Link, reason: Refusal, detail: string): void {
    this.#core.outbox.event({ type: 'refused', link: link.id, reason, detail });
    this.#role.drop(link, reason);
  }

  #greet(link: Link, hello: Hello, replaces: LinkId | undefined): void {
    const core = this.#core;
    const replaced = replaces === undefined ? undefined : core.links.get(replaces);
    if (replaced !== undefined) this.#role.drop(replaced, 'another link stays');
    link.hello = hello;
    link.birth = hello.birth;
    const promised = this.#role.leading?.promisedBy.get(hello.id);
    const key = voterKey(hello.id, hello.store);
    if (promised !== undefined && promised !== key && this.#role.leading?.established === false) {
      core.leave(`peer ${hello.id} has forgotten its promise`);
    }
    if (core.birth.state === 'born') core.send(link.id, ownBirthNotice(core));
    core.send(link.id, this.#role.notification());
    this.growUp();
    const following = this.#role.following;
    if (following?.leader === hello.id && following.stage === 'connecting')
      this.#role.attach(following);
  }

  /** A peer's birth has changed; from a born one comes the genesis. */
  receiveBirth(remote: Remote, message: BirthNotice): void {
    const core = this.#core;
    const { genesis, cluster } = message;
    const own = clusterName(core);
    // One was not born yet when the link began.
    if (own !== '' && cluster !== '' && own !== cluster) {
      this.#refuse(remote, 'STORE_MISMATCH', `peer ${remote.hello.id} belongs to another group`);
      return;
    }
    remote.birth = message.birth;
    core.genesis ??= genesis;
    this.growUp();
  }

  /**
   * The next step towards birth, if the reports allow one. Only while looking: who follows already is
   * born by the checkpoint that it gets.
   */
  growUp(): void {
    const core = this.#core;
    if (core.birth.state === 'born' || !core.writes.empty || !core.writes.idle) return;
    if (core.born || !this.#role.looking) return;
    const { genesis, options, store } = core;
    if (genesis !== undefined) {
      const isVoter = options.role === 'participant' && isBornBy(genesis, options.id, store);
      if (isVoter) this.#born(genesis);
      return;
    }
    const step = birthStep(core.options, core.store, core.birth, core.links);
    if (step === undefined) return;
    if (step.type === 'born') this.#born(step.genesis);
    else {
      core.writes.birth(step.birth, undefined);
      core.writes.whenDurable({ type: 'birth' });
    }
  }

  #born(genesis: Configuration): void {
    const core = this.#core;
    core.genesis = genesis;
    core.writes.birth({ state: 'born' }, genesis);
    core.writes.whenDurable({ type: 'birth' });
  }

  /** A birth is durable: say it to everyone; a born voter may now vote. */
  tellBirth(): void {
    const core = this.#core;
    core.outbox.broadcast(core.links.remoteIds(), ownBirthNotice(core));
    if (core.birth.state === 'born' && this.#role.looking) this.#role.startElection();
    this.growUp();
  }
}
