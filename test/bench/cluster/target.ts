/**
 * What is measured, seen by a process that puts load on it: quorate's peer in this very process, or
 * the client of a rival's server elsewhere. Keys are numbers; each process writes its own.
 */
export interface Target {
  /** Creates so many nodes with 100 bytes of data, all of this process alone, and one shared by all. */
  prepare(keys: number): Promise<void>;
  write(key: number): Promise<unknown>;
  /** The cheapest read that the system has. */
  read(key: number): Promise<unknown>;
  /** The cheapest that sees what was acknowledged here, whatever else the same session has under way. */
  unordered(key: number): Promise<unknown>;
  /** A read that no stale server can answer. */
  linearizable(key: number): Promise<unknown>;
  /** Takes a lock that nobody else wants, by the number of who takes it, and gives it back. */
  lock(worker: number): Promise<unknown>;
  /** Registers so many watches of the shared node, on one session or on one each; calls back at each event. */
  watch(count: number, sessions: 'one' | 'each', event: () => void): Promise<void>;
  /** Resolves when every watch would fire again. */
  armed(): Promise<void>;
  /** Changes the shared node. */
  touch(): Promise<unknown>;
  close(): Promise<void>;
}

/** What a load process is told when it starts. */
export interface TargetOptions {
  /** 1, 2, 3: of this process, and of the server that it talks to first. */
  readonly id: number;
  /** Where the servers are: URLs of peers, or host:port. */
  readonly servers: Readonly<Record<number, string>>;
  readonly dataDir: string;
  /** Peers that follow without a vote. */
  readonly observers: readonly number[];
  readonly secret: string | undefined;
}

/** 100 bytes, as everywhere in these figures. */
export const DATA: string = 'x'.repeat(100);
