import { LentGrant } from './lent-grant.ts';
import type { QueueItem } from './queue-item.ts';

/** An item as whoever has taken it has it. */
export class LentItem<T> extends LentGrant<QueueItem<T>> implements QueueItem<T> {
  get name(): string {
    return this.grant.name;
  }

  get data(): T {
    return this.grant.data;
  }

  get attempt(): number {
    return this.grant.attempt;
  }

  readonly ack = async (): Promise<void> => {
    await this.grant.ack();
    this.settled();
  };
}
