/** Who reads, and what reading answers. Expected failures are values, as in {@link OperationResult}. */
import type { ErrorCode } from '../base/errors.ts';
import type { Acl, AclEntry, Identity } from './acl.ts';
import type { Stat } from './znode.ts';

/** ACL schemes of the application's own, asked only where a request is checked: never on replay. */
export interface CustomSchemes {
  /** Whether an ACL may name this id. `undefined`: the scheme is not one of these. */
  valid(scheme: string, id: string): boolean | undefined;
  /** Whether an identity of a scheme satisfies an entry of the same scheme. */
  matches(identity: Identity, entry: AclEntry): boolean;
  /** Told what one of the others has thrown; it has then denied. Must not throw. */
  failed?(what: 'valid' | 'matches', error: unknown): void;
}

export interface Reader {
  /** What the session is known as, its address (`ip`) included; everyone is `world:anyone` besides. */
  readonly identities: readonly Identity[];
  readonly schemes?: CustomSchemes | undefined;
}

/** Reads everything: the library itself. */
export const TRUSTED: Reader = { identities: [{ scheme: 'super', id: '' }] };

export interface Failure {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly path?: string;
  readonly index?: number;
}

export interface GetResult {
  readonly type: 'get';
  /** A copy: the caller may keep it and write into it. */
  readonly data: Uint8Array;
  readonly stat: Stat;
}

export interface GetTextResult {
  readonly type: 'get-text';
  /** The data as text; undefined: the bytes are no UTF-8. */
  readonly text: string | undefined;
  readonly stat: Stat;
}

export interface ExistsResult {
  readonly type: 'exists';
  readonly stat: Stat;
}

export interface Page {
  /** Only names greater than this one. */
  readonly after?: string | undefined;
  /** At most so many. @defaultValue all */
  readonly limit?: number | undefined;
}

export interface ChildrenResult {
  readonly type: 'children';
  /** Names, in the order of their UTF-16 units. */
  readonly children: string[];
  readonly stat: Stat;
}

export interface GetAclResult {
  readonly type: 'get-acl';
  /** Digests are masked (`user:x`) for who has no ADMIN permission. */
  readonly acl: Acl;
  readonly stat: Stat;
}

export interface CountResult {
  readonly type: 'count';
  readonly count: number;
}

export interface SubtreeResult {
  readonly type: 'subtree';
  /** Parents before children, siblings sorted; nodes that the reader may not read are left out. */
  readonly nodes: readonly {
    readonly path: string;
    readonly data: Uint8Array;
    readonly stat: Stat;
  }[];
}
