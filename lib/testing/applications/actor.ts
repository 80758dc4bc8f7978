/** One who does something in one process again and again, until it is told to stop. */
import { QuorateError } from '../../base/errors.ts';
import type { Zxid } from '../../base/zxid.ts';
import type { PeerClient } from '../../client/peer-client.ts';
import type { SimProcess } from '../programs/sim-process.ts';
import { Violation } from '../violation.ts';
import type { Life, Stage } from './application.ts';

/** What can be lost by a fault without being a failure of the recipe. */
const EXPECTED = [
  'GRANT_LOST',
  'CLOSED',
  'QUARANTINED',
  'TIMED_OUT',
  'SESSION_EXPIRED',
  'ABORTED',
  'OVERLOADED',
] as const;
/** Mean ms of a wait that has an end, and between two attempts. */
const WAIT = 1_500;
const PAUSE = 1_000;

export class Actor {
  /** As statistics call it. */
  readonly name: string;
  /** The predicate that it is to be served by. */
  readonly judge: string;
  readonly life: Life;
  /** It waits without an end: it must be served. */
  waits = false;
  /** How often it was served in this life. */
  served = 0;
  isDone = false;

  constructor(life: Life, name: string, judge: string) {
    this.life = life;
    this.name = name;
    this.judge = judge;
    life.stage.join(this);
  }

  get process(): SimProcess {
    return this.life.process;
  }

  get client(): PeerClient {
    return this.life.client;
  }

  get stage(): Stage {
    return this.life.stage;
  }

  /** Does it again and again; whatever it throws that is not to be expected fails the run. */
  repeat(attempt: () => Promise<unknown>): void {
    this.#repeat(attempt).catch((error) => this.process.fail(error));
  }

  /** For as long as it takes, unless it is stopped. */
  async patiently<R>(wait: () => Promise<R>): Promise<R> {
    this.waits = true;
    const result = await wait();
    this.isServed();
    return result;
  }

  /** What it waited for is there. */
  isServed(): void {
    this.waits = false;
    this.served += 1;
  }

  /** How long it waits if it is not patient, in ms. */
  impatience(): number {
    return this.process.prng.exponential(WAIT);
  }

  /** A pause that the work of this process is not told to cut short. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
  }

  /** What its peer has applied. */
  get applied(): Zxid {
    return this.process.peer.view.applied;
  }

  count(what: string): void {
    this.stage.count(`${this.name}: ${what}`);
  }

  async #repeat(attempt: () => Promise<unknown>): Promise<void> {
    const { process, client, life } = this;
    while (!life.stop.aborted && client.status.state !== 'closed') {
      try {
        await attempt();
      } catch (error) {
        this.#tolerate(error);
      }
      this.waits = false;
      await this.pause(process.prng.exponential(PAUSE));
    }
    this.isDone = true;
  }

  #tolerate(error: unknown): void {
    if (!this.process.alive || error instanceof Violation) return;
    if (QuorateError.is(error, ...EXPECTED)) this.count(error.code);
    else if (!QuorateError.is(error, 'NODE_EXISTS')) this.process.fail(error);
  }
}
