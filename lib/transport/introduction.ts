/** A connection on which only a handshake is heard, until it is trusted or refused. */
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { FrameSeal } from './frame-seal.ts';
import { HANDSHAKE_MESSAGE_BYTES, type Handshake, type HandshakeStep } from './handshake.ts';
import { endSocket, reasonOf } from './web-socket-channel.ts';

/**
 * Bytes that a stranger may send, framing included. `ws` has one bound of a frame for the whole life
 * of a connection, so this one counts what comes out of the socket: at most one read of it, 64 KiB, is
 * ever held for a stranger.
 */
const STRANGER_BYTES = 4 * HANDSHAKE_MESSAGE_BYTES;
const POLICY_VIOLATION = 1008;

export interface IntroductionEvents {
  trusted(seal: FrameSeal | undefined): void;
  /**
   * The connection ends.
   * @param byUs whether this side found fault with the other; otherwise it went away or fell silent.
   */
  refused(reason: string, byUs: boolean): void;
}

/** Begins at once. Exactly one of the events follows, not within this call. */
export function introduce(
  socket: WebSocket,
  carrier: Duplex,
  handshake: Handshake,
  time: number,
  events: IntroductionEvents,
): void {
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearTimeout(timer);
    socket.off('message', onMessage).off('close', onClose);
  };
  const refuse = (reason: string): void => {
    if (isOver) return;
    end();
    endSocket(socket, `refused: ${reason}`, POLICY_VIOLATION);
    events.refused(reason, true);
  };
  const onMessage = (data: RawData, isBinary: boolean): void => {
    const step = isBinary && data instanceof Uint8Array ? handshake.receive(data) : NO_HANDSHAKE;
    if (step.type === 'refused') {
      refuse(step.reason);
      return;
    }
    if (step.bytes !== undefined) socket.send(step.bytes);
    if (step.type === 'answer') return;
    end();
    carrier.off('data', onData);
    socket.off('error', onError);
    events.trusted(step.seal);
  };
  let received = 0;
  const onData = (chunk: Uint8Array): void => {
    received += chunk.length;
    if (received <= STRANGER_BYTES) return;
    refuse('more than a handshake was sent');
    carrier.destroy();
  };
  let failure: string | undefined;
  const onError = (error: Error): void => {
    failure ??= reasonOf(error);
  };
  const onClose = (code: number, reason: Buffer): void => {
    if (isOver) return;
    end();
    const said = reason.length > 0 ? reason.toString() : `closed (${code}) during the handshake`;
    events.refused(failure ?? said, failure !== undefined);
  };
  // After a blocked event loop the timer is due before the sockets were read: they are read first.
  const late = (): void => refuse(`no introduction within ${time} ms`);
  const timer = setTimeout(() => setImmediate(late), time);
  socket.on('message', onMessage).on('close', onClose).on('error', onError);
  // Behind the listener of ws, so that frames which follow the handshake in one read find a link.
  carrier.on('data', onData);
  if (handshake.opening !== undefined) socket.send(handshake.opening);
}

const NO_HANDSHAKE: HandshakeStep = { type: 'refused', reason: 'a text frame' };
