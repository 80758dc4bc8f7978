import { assert, present, unreachable } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { Acl } from './acl.ts';
import type { CheckpointHeader, CheckpointPart } from './checkpoint-record.ts';
import { DataTree } from './data-tree.ts';
import { Dedup } from './dedup.ts';
import { RestoredNode } from './node-row.ts';
import { SessionTable } from './session-table.ts';
import { StateMachine } from './state-machine.ts';

/** Builds a state from the parts of a checkpoint, given in the order in which they were taken. */
export class Restorer {
  /** For whoever adds nodes: the same for all of them. */
  readonly node: RestoredNode = new RestoredNode();
  readonly #tree = new DataTree();
  readonly #sessions = new SessionTable();
  readonly #dedup = new Dedup();
  #header: CheckpointHeader | undefined;

  /** The next part. Throws InvariantError if it cannot be: the bytes were checked, so the writer erred. */
  add(part: CheckpointPart): void {
    switch (part.type) {
      case 'header':
        assert(this.#header === undefined, 'a checkpoint has one header');
        this.#header = part;
        this.#tree.reserve(part.nodes);
        return;
      case 'nodes':
        for (const node of part.nodes) {
          this.addNode(this.node.take(node.path, node.data, node), node.acl, part.acls);
        }
        return;
      case 'sessions':
        for (const { session, window } of part.sessions) {
          this.#sessions.add(session);
          this.#dedup.restoreSession(session.id, window);
        }
        return;
      case 'owners':
        for (const { owner, window } of part.owners) this.#dedup.restoreOwner(owner, window);
        return;
      default:
        unreachable(part);
    }
  }

  /** The next node of a part, which has these ACLs. Nothing of it is kept. */
  addNode(node: RestoredNode, acl: number, acls: readonly Acl[]): void {
    this.#tree.restore(node, present(acls[acl], 'ACL of a node'));
  }

  /** The state. Throws InvariantError if parts are missing or the digest is another one. */
  finish(): StateMachine {
    const header = present(this.#header, 'header of a checkpoint');
    assert(this.#tree.size === header.nodes, 'a checkpoint has all its nodes');
    assert(this.#sessions.size === header.sessions, 'a checkpoint has all its sessions');
    this.#tree.restored();
    const { time, version, maxTreeBytes } = header;
    const zxid = header.zxid as Zxid;
    const state = new StateMachine({
      tree: this.#tree,
      sessions: this.#sessions,
      dedup: this.#dedup,
      zxid,
      time,
      version,
      maxTreeBytes,
    });
    assert(
      state.hash() === header.hash,
      'a restored state has the digest of the one that was saved',
    );
    return state;
  }
}
