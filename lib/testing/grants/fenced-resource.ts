import { formatZxid } from '../../base/zxid.ts';
import { demand } from '../predicates/predicate.ts';
import type { Holding } from './grant-book.ts';

/** Something outside of the tree that holders write to, and that takes no lower fence than it has seen. */
export class FencedResource {
  readonly #name: string;
  #last: Holding | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** A write has arrived, however long it was on its way. @returns whether it was taken */
  write(holding: Holding): boolean {
    const last = this.#last;
    const { fence } = holding.grant;
    if (last !== undefined && fence < last.grant.fence) return false;
    demand(last === undefined || holding.since >= last.since, 'S33', () => {
      return `${this.#name} takes a write of fence ${formatZxid(fence)}, whose holder was followed by another one that wrote before`;
    });
    this.#last = holding;
    return true;
  }
}
