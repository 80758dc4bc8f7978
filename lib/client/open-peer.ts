import { Events, messageOf } from '../peer/events.ts';
import { type CheckedOptions, checkOptions } from '../peer/options.ts';
import { QuorumPeer } from '../peer/quorum-peer.ts';
import type { LoopPorts } from '../peer/ready-loop.ts';
import type { Grouped, Logger, Solo } from '../peer/settings.ts';
import type { Peer, PeerEvents } from './client.ts';
import { ClientCore } from './client-core.ts';
import { PeerClient } from './peer-client.ts';

/**
 * Opens one member of a group, or a group of one: without options in memory.
 *
 * Verifies the disk, begins to listen, and resolves. The group may still be forming: operations wait
 * for it, and so does `ready()`. An open peer keeps the process alive until it is closed.
 *
 * @throws {TypeError | RangeError} the options
 * @throws {QuorateError} DIRECTORY_LOCKED, STORE_MISMATCH, FORMAT_UNKNOWN, QUARANTINED: the directory;
 * ABORTED: the signal. An address that is in use rejects with the system's error.
 */
export async function openPeer(options: Solo | Grouped = {}): Promise<Peer> {
  const { client } = await openPeerWith(checkOptions(options));
  return client;
}

/** A peer as the application holds it, and what it stands on. @internal */
export interface OpenedPeer {
  readonly client: Peer;
  readonly peer: QuorumPeer;
}

/**
 * The same with options that have been checked, and with another clock, disk or network.
 * @internal
 */
export async function openPeerWith(
  options: CheckedOptions,
  ports?: LoopPorts,
): Promise<OpenedPeer> {
  const events = new Events<PeerEvents>((error) => report(error));
  const report = errorSink(events, options.logger);
  const warn = (warning: PeerEvents['warning'][0]) => {
    options.logger?.warn({ code: warning.code }, warning.message);
    events.emit('warning', warning);
  };
  const observer = {
    status: (now: PeerEvents['status'][0], before: PeerEvents['status'][1]) => {
      events.emit('status', now, before);
    },
    warning: warn,
    error: report,
  };
  const peer = await QuorumPeer.open(options, observer, ports);
  const core = new ClientCore(peer, {
    connected: () => events.emit('session', client.session),
    warning: warn,
    error: report,
  });
  const client = new PeerClient(core, events);
  return { client, peer };
}

/** To the `error` event; where nobody listens, or the listener throws itself, to the logger. */
function errorSink(
  events: Events<PeerEvents>,
  logger: Logger | undefined,
): (error: unknown) => void {
  let isReporting = false;
  return (error) => {
    const isNested = isReporting;
    isReporting = true;
    const wasHeard = !isNested && events.emit('error', error);
    isReporting = isNested;
    if (!wasHeard) logger?.error({ error }, messageOf(error));
  };
}
