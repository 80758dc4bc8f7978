/** What the watches of one process tell: the whole tree, transaction by transaction, and the states of a few nodes. */
import type { Peer, TreeUpdate } from '../../lib/index.ts';
import type { Asking } from './asking.ts';
import type { Change, Reply, Request } from './history.ts';
import { ROOT } from './places.ts';
import { instant, type Recorder } from './recorder.ts';

/** The nodes whose states are followed. */
const FOLLOWED = [`${ROOT}/shared/0`, `${ROOT}/brief/0`] as const;
/** Whose children are. */
const LISTED = [`${ROOT}/queue`, `${ROOT}/live`] as const;

export class Watching {
  readonly #peer: Peer;
  readonly #recorder: Recorder;
  readonly #asking: Asking | undefined;
  /** The last that each watch of states has told, and what it should be equal to. */
  readonly #last = new Map<
    bigint,
    { readonly told: string; readonly now: () => Promise<string> }
  >();
  #watches = 0;

  /** @param asking what the sessions of this process were shown; absent: nothing that has to fit to the watches */
  constructor(peer: Peer, recorder: Recorder, asking?: Asking) {
    this.#peer = peer;
    this.#recorder = recorder;
    this.#asking = asking;
  }

  watchStates(): void {
    const peer = this.#peer;
    for (const path of FOLLOWED) {
      const watch = this.#number();
      const request: Request = { kind: 'get', path, linearizable: false };
      const now = async (): Promise<string> => text({ type: 'read', node: await peer.find(path) });
      peer.watch(path).subscribe((node) => this.#told(watch, request, { type: 'read', node }, now));
    }
    for (const path of LISTED) {
      const watch = this.#number();
      const request: Request = { kind: 'children', path, linearizable: false };
      const now = async (): Promise<string> =>
        text({ type: 'names', names: await peer.children(path) });
      peer.watchChildren(path).subscribe((names) => {
        this.#told(watch, request, { type: 'names', names }, now);
      });
    }
  }

  /** Rejects while a watch has not told the state that the tree is in. */
  async checkLast(): Promise<void> {
    for (const { told, now } of this.#last.values()) {
      const is = await now();
      if (is !== told) throw new Error(`a watch has told ${told} last, and it is ${is}`);
    }
  }

  #told(watch: bigint, request: Request, reply: Reply, now: () => Promise<string>): void {
    this.#last.set(watch, { told: text(reply), now });
    this.#asking?.told(watch, request, reply);
  }

  /** Negative, so that it is no session; the time makes it unique. */
  #number(): bigint {
    this.#watches += 1;
    return -BigInt(instant()) * 10n - BigInt(this.#watches);
  }

  /** Begins anew where something was missed. Resolves with the first state of the tree. */
  watchTree(): Promise<void> {
    return new Promise((resolve) => {
      const peer = this.#peer;
      const session = peer.session.id;
      const feed = peer.watchTree(ROOT).subscribe((update) => {
        if (update.kind === 'gap') {
          feed[Symbol.dispose]();
          void this.watchTree();
          return;
        }
        const { zxid, changes } = told(update);
        const shown = this.#asking?.shown.get(session) ?? 0n;
        if (update.kind === 'transaction' && session === peer.session.id && zxid <= shown) {
          const text = `session ${session} was shown ${shown} before it was told of ${zxid}`;
          this.#recorder.record({ t: 'complaint', text });
        }
        this.#recorder.record({ t: update.kind, zxid, changes, at: instant() });
        resolve();
      });
    });
  }
}

function text(reply: Reply): string {
  return JSON.stringify(reply, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

function told(update: TreeUpdate<string>): { zxid: bigint; changes: readonly Change[] } {
  const changes = update.changes.map((change): Change => {
    if (change.type === 'deleted') return change;
    const { type, path, data, stat } = change;
    return { type, node: { path, data, stat } };
  });
  return { zxid: update.zxid, changes };
}
