/** What runs in the processes of a simulated group: code as an application has it, with a book of what it was told. */
import type { PeerClient } from '../../client/peer-client.ts';
import type { Predicate } from '../predicates/predicate.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import type { Actor } from './actor.ts';

/** What the applications of all processes share. */
export interface Stage {
  /** The seed of the run. */
  readonly seed: number;
  /** How many processes there are. */
  readonly places: number;
  /** Somebody begins something that is to be waited for. */
  join(actor: Actor): void;
  count(what: string): void;
  note(process: SimProcess, text: () => string, ...numbers: readonly number[]): void;
  /** Something reaches the world outside after so many true ms, whatever becomes of its sender. */
  outside(milliseconds: number, arrive: () => void): void;
}

/** One life of a process, as an application in it has it. */
export interface Life {
  readonly stage: Stage;
  readonly process: SimProcess;
  readonly client: PeerClient;
  /** Aborts when everybody is to come to an end. */
  readonly stop: AbortSignal;
}

/** The uses of one recipe in all processes, and what they are judged by. */
export interface Application {
  readonly predicate: Predicate;
  /** A process begins a life. */
  begin(life: Life): void;
  /** Everything has healed. @returns what names all that is still owed to somebody of what was owed then */
  owed(): () => readonly string[];
  /** Names what is there although everybody has come to an end. */
  left(): readonly string[];
}
