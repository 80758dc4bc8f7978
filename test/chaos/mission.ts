/** What the processes of a run do all the while, and how it is judged. */
import type { Group } from './group.ts';
import type { Dump } from './history.ts';
import type { Style } from './plan.ts';

/** What a run has shown. */
export interface Verdict {
  readonly violations: readonly string[];
  readonly operations: number;
  readonly acknowledged: number;
  /** What it was, in figures. */
  readonly lines: readonly string[];
}

/** One kind of load. */
export interface Mission {
  /** The file of the program that every process runs. */
  readonly program: string;
  /** Ms without contact after which the sessions of the processes end. */
  readonly sessionTimeout: number;
  /** Of the faults. */
  readonly style: Style;
  /** The port of the resource that the processes write to; 0: there is none. */
  readonly resource: number;
  /** Whose process it would be worst to strike just now. Undefined: that is not known. */
  aim(): number | undefined;
  /** All is healed: waits for what has to come then. */
  settle(group: Group): Promise<void>;
  /** @param directory of the histories */
  judge(directory: string, dumps: readonly Dump[]): Promise<Verdict>;
  close(): Promise<void>;
}
