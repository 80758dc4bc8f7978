import { assert, present } from '../base/assert.ts';
import { hashText } from '../base/hash.ts';
import { type Acl, PERMISSION } from './acl.ts';

interface Interned {
  readonly acl: Acl;
  readonly key: string;
  /** The same on every peer. */
  readonly hash: number;
  uses: number;
}

function keyOf(acl: Acl): string {
  return acl
    .map(
      ({ scheme, id, permissions }) =>
        `${permissions}:${scheme.length}:${scheme}:${id.length}:${id}`,
    )
    .join(',');
}

/** The ACL that nearly every node has: `world:anyone:cdrwa`. */
export const OPEN_ACL: Acl = Object.freeze([
  Object.freeze({ scheme: 'world', id: 'anyone', permissions: PERMISSION.all }),
]);

/** Its number in every table. */
export const OPEN = 0;

/** Whether an ACL is {@link OPEN_ACL} by value. */
export function isOpen(acl: Acl): boolean {
  const only = acl[0];
  return (
    acl.length === 1 &&
    only?.permissions === PERMISSION.all &&
    only.scheme === 'world' &&
    only.id === 'anyone'
  );
}

/** Each ACL once, however many nodes have it (ZooKeeper's ReferenceCountedACLCache). Numbers are of this table alone. */
export class AclTable {
  readonly #entries: (Interned | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #numbers = new Map<string, number>();

  constructor() {
    // Never given up, so that the usual ACL needs no key.
    this.#at(this.#add(OPEN_ACL, keyOf(OPEN_ACL))).uses = 1;
  }

  /** The number of an ACL, for one more user. */
  intern(acl: Acl): number {
    if (isOpen(acl)) {
      this.#at(OPEN).uses += 1;
      return OPEN;
    }
    const key = keyOf(acl);
    const number = this.#numbers.get(key) ?? this.#add(acl, key);
    this.#at(number).uses += 1;
    return number;
  }

  /** One user more of an ACL that has one. */
  retain(number: number): void {
    this.#at(number).uses += 1;
  }

  /** One user less. */
  release(number: number): void {
    const entry = this.#at(number);
    entry.uses -= 1;
    assert(entry.uses >= 0, 'an ACL is released by its users only');
    if (entry.uses > 0) return;
    this.#numbers.delete(entry.key);
    this.#entries[number] = undefined;
    this.#free.push(number);
  }

  acl(number: number): Acl {
    return this.#at(number).acl;
  }

  hash(number: number): number {
    return this.#at(number).hash;
  }

  /** Different ACLs in use. */
  get size(): number {
    return this.#numbers.size;
  }

  #at(number: number): Interned {
    return present(this.#entries[number], 'ACL');
  }

  #add(acl: Acl, key: string): number {
    const number = this.#free.pop() ?? this.#entries.length;
    const own = Object.freeze(
      acl.map(({ scheme, id, permissions }) => Object.freeze({ scheme, id, permissions })),
    );
    this.#entries[number] = { acl: own, key, hash: hashText(0, key), uses: 0 };
    this.#numbers.set(key, number);
    return number;
  }
}
