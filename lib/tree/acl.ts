/** ZooKeeper's permission bits. */
export const PERMISSION = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** Who a session is: `world:anyone`, `ip:<address>`, `digest:<user>:<hash>`, `super:`, or what a custom scheme says. */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** One line of an ACL: the bits that one identity has. Not inherited by children. */
export interface AclEntry extends Identity {
  readonly permissions: number;
}

export type Acl = readonly AclEntry[];
