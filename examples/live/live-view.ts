/** The group on a terminal: what each peer is, and keys that do it harm. */
import type { ReadStream, WriteStream } from 'node:tty';
import type { PeerProcess } from '../support/peer-process.ts';
import { type Launch, Member } from './member.ts';
import { render } from './render.ts';
import type { Scene, Takeover } from './scene.ts';
import { Terminal } from './terminal.ts';

/** Ms between two pictures. */
const PICTURE = 200;
/** Ms before a write is tried again that nobody took. */
const PAUSE = 20;
const CONTROL_C = '\x03';

/** Resolves when the user has had enough. The processes are closed by then. */
export async function showLive(
  processes: readonly PeerProcess[],
  launch: Launch,
  input: ReadStream,
  output: WriteStream,
): Promise<void> {
  const view = new LiveView(processes, launch);
  await Promise.all(processes.map((process) => process.ask('join')));
  using terminal = new Terminal(input, output, (key) => view.pressed(key));
  const picture = () => terminal.draw(render(view.scene(), terminal.size));
  const timer = setInterval(() => {
    view.look();
    picture();
  }, PICTURE);
  await view.ended;
  clearInterval(timer);
  picture();
  await view.close();
}

class LiveView {
  readonly #members: readonly Member[];
  readonly #takeovers: Takeover[] = [];
  readonly ended: Promise<void>;
  #end: () => void = () => {};
  #isOver = false;
  #chosen = 1;

  constructor(processes: readonly PeerProcess[], launch: Launch) {
    this.#members = [...processes]
      .sort((one, other) => one.id - other.id)
      .map((process) => new Member(process, launch));
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  scene(): Scene {
    return {
      now: performance.now(),
      chosen: this.#chosen,
      members: this.#members.map(({ seen }) => seen),
      takeovers: this.#takeovers,
    };
  }

  look(): void {
    for (const member of this.#members) void member.look();
  }

  pressed(key: string): void {
    const chosen = this.#members.find(({ id }) => id === this.#chosen);
    if (key === 'q' || key === CONTROL_C) this.#finish();
    else if (this.#members.some(({ id }) => String(id) === key)) this.#chosen = Number(key);
    else if (chosen !== undefined) this.#act(chosen, key);
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.close()));
  }

  #finish(): void {
    this.#isOver = true;
    this.#end();
  }

  #act(member: Member, key: string): void {
    const wasLeader = member.isLeader && member.condition === 'running';
    if (key === 'k') {
      member.kill();
      if (wasLeader) void this.#measure(member, 'killed');
    } else if (key === 'f') {
      member.freezeOrWake();
      if (wasLeader) void this.#measure(member, 'frozen');
    } else if (key === 'r') {
      void member.restart();
      if (wasLeader) void this.#measure(member, 'closed');
    }
  }

  /** How long others wait for a write to be acknowledged; in a clean stop, which takes a while, the longest wait. */
  async #measure(leader: Member, cause: Takeover['cause']): Promise<void> {
    const from = leader.id;
    const at = this.#takeovers.push({ from, cause, took: undefined }) - 1;
    let took = 0;
    do {
      const begun = performance.now();
      await this.#written(from);
      took = Math.max(took, Math.round(performance.now() - begun));
    } while (leader.condition === 'closing' && !this.#isOver);
    this.#takeovers[at] = { from, cause, took };
  }

  /** Resolves when one of the others has written. */
  async #written(from: number): Promise<void> {
    const runs = ({ id, condition }: Member) => id !== from && condition === 'running';
    while (!this.#isOver) {
      const wasWritten = await this.#members.find(runs)?.write('/takeovers');
      if (wasWritten) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
