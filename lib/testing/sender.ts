/** What a simulated peer sends in a turn, on the links of its network. */
import type { LinkId } from '../zab/ready.ts';
import type { Connections } from './connections.ts';
import type { Machine, MachineReady, PeerMessage } from './machine.ts';
import type { SimPeer } from './sim-peer.ts';
import { describe } from './story.ts';
import type { PeerOptions, World } from './world.ts';

export class Sender {
  readonly #peer: SimPeer;
  readonly #world: World;
  readonly #options: PeerOptions;
  readonly #connections: Connections;

  constructor(peer: SimPeer, world: World, options: PeerOptions, connections: Connections) {
    this.#peer = peer;
    this.#world = world;
    this.#options = options;
    this.#connections = connections;
  }

  /** The link ends if too much waits on it; while much does, the machine knows. */
  #press(machine: Machine, link: LinkId): void {
    const { network, trace, statistics } = this.#world;
    if (network.overflows(link)) {
      statistics.add('links overfull');
      trace.note('link', this.#peer.place, () => `${link} ends: too much waits on it`, link);
      this.#peer.unlinked(link);
      return;
    }
    const backlog = network.backlog(link);
    if (backlog > 0) machine.backlog(link, backlog);
  }

  /** Every message as bytes in frames, and the links that are to end. */
  send(ready: MachineReady, machine: Machine): void {
    const { network, codec, trace, referee } = this.#world;
    const frames = new Map<LinkId, PeerMessage[]>();
    for (const { to, message } of ready.send) {
      const places = to.map((link) => this.#connections.place(link) ?? 0);
      referee.sent(this.#peer, message, places);
      for (const link of to) {
        const messages = frames.get(link);
        if (messages === undefined) frames.set(link, [message]);
        else messages.push(message);
      }
    }
    for (const [link, messages] of frames) {
      const place = this.#connections.place(link);
      if (place === undefined) continue;
      for (const part of parts(messages, this.#options.messagesPerFrame)) {
        for (const frame of codec.encode(part)) {
          trace.note(
            'send',
            this.#peer.place,
            () => `to ${place}: ${part.map(describe).join(', ')}`,
            place,
            frame.size,
          );
          network.send(link, frame);
        }
      }
      this.#press(machine, link);
    }
    for (const { link, reason } of ready.close) {
      const place = this.#connections.place(link);
      if (place === undefined) continue;
      trace.note('link', this.#peer.place, () => `closes ${link} to ${place}: ${reason}`, link);
      network.close(link);
      this.#peer.unlinked(link);
    }
  }
}

function* parts<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
