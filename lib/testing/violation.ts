/** A predicate does not hold: the run ends, and its seed is the bug report. */
export class Violation extends Error {
  override readonly name = 'Violation';
  /** S1 to S37. */
  readonly predicate: string;

  constructor(predicate: string, detail: string) {
    super(`${predicate}: ${detail}`);
    this.predicate = predicate;
  }
}
