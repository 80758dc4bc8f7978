/** Numbers of sessions, eight bytes each: a peer that hosts many names all of them in every TOUCH. */
import { DecodeError } from './decode-error.ts';

const BYTES = 8;

export function encodeSessions(sessions: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(BYTES * sessions.length);
  const view = new DataView(bytes.buffer);
  sessions.forEach((session, index) => {
    view.setBigUint64(BYTES * index, session);
  });
  return bytes;
}

/** @throws DecodeError */
export function decodeSessions(bytes: Uint8Array): readonly bigint[] {
  if (bytes.length % BYTES !== 0) throw new DecodeError('sessions', 'not of eight bytes each');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sessions: bigint[] = [];
  for (let at = 0; at < bytes.length; at += BYTES) sessions.push(view.getBigUint64(at));
  return sessions;
}
