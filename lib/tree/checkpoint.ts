import { assert } from '../base/assert.ts';
import type { Zxid } from '../base/zxid.ts';
import type { CheckpointHeader, OwnersPart, SessionsPart, TakenPart } from './checkpoint-record.ts';
import { bytesOfSession, bytesOfWindow } from './checkpoint-size.ts';
import type { DataTree } from './data-tree.ts';
import type { CapturedWindows } from './dedup.ts';
import type { NodeMark } from './node-mark.ts';
import type { Session } from './session.ts';

/**
 * A part is full with that many bytes: however large its nodes are, with the last one it still fits a
 * frame of the wire.
 */
const PART_BYTES = 0x4_0000;

/** A copy of the state at one zxid, taken while the state goes on. One at a time: the next one ends it. */
export interface Checkpoint {
  readonly zxid: Zxid;
  /** The next part, with at most so many nodes (or sessions), fewer if they are large; undefined at the end. Its nodes are lent. */
  next(limit: number): TakenPart | undefined;
  /** Gives it up, so that the state stops saving what changes. */
  abandon(): void;
}

/** What a checkpoint is made of when it begins. */
export interface Marked {
  readonly header: CheckpointHeader;
  readonly tree: DataTree;
  readonly sessions: readonly Session[];
  readonly windows: CapturedWindows;
}

/** Header, nodes, sessions, owners: in this order, in parts of bounded size. */
export class StateCheckpoint implements Checkpoint {
  readonly zxid: Zxid;
  readonly #marked: Marked;
  readonly #mark: NodeMark;
  #stage: TakenPart['type'] | 'end' = 'header';
  /** Sessions or owners given so far. */
  #given = 0;

  constructor(zxid: Zxid, marked: Marked) {
    this.zxid = zxid;
    this.#marked = marked;
    this.#mark = marked.tree.mark(zxid);
  }

  next(limit: number): TakenPart | undefined {
    assert(limit > 0, 'a part of a checkpoint holds something');
    if (this.#stage === 'header') {
      this.#stage = 'nodes';
      return this.#marked.header;
    }
    if (this.#stage === 'nodes') {
      const nodes = this.#mark.next(limit, PART_BYTES);
      if (nodes !== undefined) return { type: 'nodes', acls: nodes.acls, nodes };
      this.#marked.tree.unmark(this.#mark);
      this.#stage = 'sessions';
    }
    return this.#nextSessions(limit) ?? this.#nextOwners(limit);
  }

  abandon(): void {
    this.#marked.tree.unmark(this.#mark);
    this.#stage = 'end';
  }

  #nextSessions(limit: number): TakenPart | undefined {
    if (this.#stage !== 'sessions') return undefined;
    const { sessions, windows } = this.#marked;
    const part: SessionsPart['sessions'][number][] = [];
    for (let bytes = 0; part.length < limit && bytes < PART_BYTES; this.#given += 1) {
      const session = sessions[this.#given];
      if (session === undefined) break;
      const [id, window] = windows.sessions[this.#given] ?? [];
      assert(
        window !== undefined && id === session.id,
        'sessions and their windows have one order',
      );
      const record = { session, window: window.toRecord() };
      part.push(record);
      bytes += bytesOfSession(record);
    }
    if (part.length > 0) return { type: 'sessions', sessions: part };
    this.#stage = 'owners';
    this.#given = 0;
    return undefined;
  }

  #nextOwners(limit: number): TakenPart | undefined {
    if (this.#stage !== 'owners') return undefined;
    const part: OwnersPart['owners'][number][] = [];
    for (let bytes = 0; part.length < limit && bytes < PART_BYTES; this.#given += 1) {
      const [owner, window] = this.#marked.windows.owners[this.#given] ?? [];
      if (owner === undefined || window === undefined) break;
      const record = { owner, window: window.toRecord() };
      part.push(record);
      bytes += bytesOfWindow(record.window);
    }
    if (part.length > 0) return { type: 'owners', owners: part };
    this.#stage = 'end';
    return undefined;
  }
}
