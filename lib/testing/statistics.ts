/** What a run, or many, have reached: so that a fault or a phase that never happens is seen. */
import type { ReplicaEvent } from '../replica/ready.ts';

export class Statistics {
  readonly counts: Map<string, number> = new Map();

  add(what: string, count: number = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  event(event: ReplicaEvent): void {
    switch (event.type) {
      case 'role':
        this.add(`role ${event.role}`);
        break;
      case 'phase':
        this.add(`phase ${event.phase}`);
        break;
      case 'sync':
        this.add(`sync ${event.mode}`);
        break;
      case 'refused':
        this.add(`refused ${event.reason}`);
        break;
      case 'alarm':
        this.add(`alarm: ${event.detail.replace(/[0-9]+|0x[0-9a-f]+/g, 'N')}`);
        break;
      case 'checkpoint':
        this.add(`checkpoint ${event.state}`);
        break;
      default:
        this.add(event.type);
    }
  }

  merge(counts: Iterable<readonly [string, number]>): void {
    for (const [what, count] of counts) this.add(what, count);
  }
}
