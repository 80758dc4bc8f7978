/** An application with a client in one process of the group, from life to life. */
import type { PeerEvents } from '../../client/client.ts';
import { ClientCore } from '../../client/client-core.ts';
import { PeerClient } from '../../client/peer-client.ts';
import { Events } from '../../peer/events.ts';
import type { Delivery } from '../../replica/ready.ts';
import type { Machine } from '../machine.ts';
import { ReplicaMachine } from '../replica-machine.ts';
import type { SimClients } from '../sim-clients.ts';
import type { Program, SimPeer } from '../sim-peer.ts';
import { type ClientTimes, SimClientPeer } from './sim-client-peer.ts';
import type { SimProcess } from './sim-process.ts';

/** What the program asks of whoever lets it run. */
export interface Host {
  readonly clients: SimClients;
  /** Another life of the process. */
  process(peer: SimPeer): SimProcess;
  times(process: SimProcess): ClientTimes;
  /** The first thing that the application does. */
  main(process: SimProcess, client: PeerClient): void;
}

interface Life {
  readonly process: SimProcess;
  readonly port: SimClientPeer;
  readonly client: PeerClient;
}

export class ClientProgram implements Program {
  readonly #peer: SimPeer;
  readonly #host: Host;
  #life: Life | undefined;

  constructor(peer: SimPeer, host: Host) {
    this.#peer = peer;
    this.#host = host;
  }

  begun(machine: Machine): void {
    if (!(machine instanceof ReplicaMachine)) return;
    const host = this.#host;
    const process = host.process(this.#peer);
    const port = new SimClientPeer(process, machine.replica, host.clients, host.times(process));
    process.run(() => {
      const client = open(port, (error) => process.fail(error));
      this.#life = { process, port, client };
      host.main(process, client);
    });
  }

  deliver(deliveries: readonly Delivery[]): void {
    const life = this.#life;
    if (deliveries.length > 0) life?.process.run(() => life.port.deliver(deliveries));
  }

  turned(): void {
    const life = this.#life;
    if (life?.port.minds) life.process.run(() => life.port.turned());
  }

  leave(): void {
    const life = this.#life;
    life?.process.soon(() => void life.client.close({ timeout: Number.POSITIVE_INFINITY }));
  }

  ended(): void {
    this.#life?.process.end();
    this.#life = undefined;
  }
}

function open(port: SimClientPeer, report: (error: unknown) => void): PeerClient {
  const events = new Events<PeerEvents>(report);
  const core = new ClientCore(port, {
    connected: () => undefined,
    warning: () => undefined,
    error: report,
  });
  return new PeerClient(core, events);
}
