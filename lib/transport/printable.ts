/** Text from the other end of a connection, as a log may take it. */

/** Characters of a reason that somebody whom we may not know has sent. */
const CHARACTERS = 200;

/** In one line and not long: nobody writes lines of their own into a log, or moves its cursor. */
export function printable(text: string): string {
  return text.slice(0, CHARACTERS).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}
