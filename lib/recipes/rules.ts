import type { ReadOptions, Session } from '../client/client.ts';
import type { RawSession } from './any-client.ts';
import type { Claim } from './claim.ts';
import type { Patience } from './patience.ts';

/** Where a claim stands in the state of the tree that this peer has applied. */
export type Standing =
  | { readonly type: 'granted' }
  /** A node of it is gone: its place is lost. */
  | { readonly type: 'displaced' }
  /** It was given another place, which stands for both. */
  | { readonly type: 'moved'; readonly claim: Claim }
  | {
      readonly type: 'waiting';
      /** Whoever waits inside of what it waits for waits for ever. */
      readonly isForItself: boolean;
      /** Resolves when it is worth a look whether it is its turn. */
      changed(wait: Patience): Promise<void>;
    };

/** What makes a lock this lock: which nodes it makes, and when it is whose turn. */
export interface Rules<In, O> {
  /** What is locked, for the text of errors. */
  readonly path: string;
  /** Takes a place in the line. `isPatient`: it will wait there. */
  stand(
    session: Session<unknown, In>,
    options: O | undefined,
    wait: Patience,
    isPatient: boolean,
  ): Promise<Claim>;
  standing(claim: Claim, options: O | undefined, wait: Patience): Promise<Standing>;
  /** The nodes that it waits behind, as far as there are any: the holder's first. */
  ahead(claim: Claim, wait: Patience): Promise<string[]>;
  /** Whether a newcomer would have to wait. */
  isTaken(session: RawSession, options: O | undefined, wait: Patience): Promise<boolean>;
  /** One path for each in the line: the holder first. */
  line(session: RawSession, options: ReadOptions): Promise<string[]>;
}
