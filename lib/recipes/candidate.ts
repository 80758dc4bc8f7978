/** One who stands for election. */
export interface Candidate<T> {
  /** What it says of itself, such as its URL. */
  readonly data: T;
  /** Its node. */
  readonly path: string;
  /** The czxid of its node: the fence of its term. */
  readonly fence: bigint;
}
