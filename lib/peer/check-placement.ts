/** What a distribution of voters over rooms can bear. */
export interface Placement {
  /** Voters that must agree. */
  readonly quorumSize: number;
  /** How many voters may fail, whichever they are. */
  readonly faultTolerance: number;
  /** Of each room: whether a quorum is left when all of it fails. */
  readonly rooms: Readonly<Record<string, boolean>>;
}

/**
 * Says what a distribution of equal voters over rooms, zones or data centres can bear. Observers are not
 * counted: they have no vote.
 *
 * ```ts
 * import { checkPlacement } from 'quorate';
 *
 * const { quorumSize, faultTolerance, rooms } = checkPlacement({ a: 7, b: 3, c: 5 });
 * console.log(quorumSize, faultTolerance, rooms);           // 8 7 { a: true, b: true, c: true }
 * ```
 *
 * With two rooms, the one that holds the majority can never fail whole.
 *
 * @throws {TypeError | RangeError} a count that is no whole number, or no voter at all
 */
export function checkPlacement(rooms: Readonly<Record<string, number>>): Placement {
  if (typeof rooms !== 'object' || rooms === null || Array.isArray(rooms)) {
    throw new TypeError('checkPlacement: rooms must be an object such as { a: 2, b: 1 }');
  }
  const counts = Object.entries(rooms);
  for (const [room, voters] of counts) {
    if (typeof voters !== 'number') {
      throw new TypeError(`checkPlacement: the voters of '${room}' must be a number`);
    }
    if (!Number.isInteger(voters) || voters < 0) {
      throw new RangeError(
        `checkPlacement: the voters of '${room}' must be a whole number, not ${voters}`,
      );
    }
  }
  const all = counts.reduce((sum, [, voters]) => sum + voters, 0);
  if (all === 0) throw new RangeError('checkPlacement: there is no voter');
  const quorumSize = Math.floor(all / 2) + 1;
  return {
    quorumSize,
    faultTolerance: all - quorumSize,
    rooms: Object.fromEntries(
      counts.map(([room, voters]) => [room, all - voters >= quorumSize] as const),
    ),
  };
}
