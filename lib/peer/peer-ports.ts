import { LevelStorage } from '../storage/level-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { WebSocketTransport } from '../transport/web-socket-transport.ts';
import { systemClock } from './clock.ts';
import type { CheckedOptions } from './options.ts';
import type { LoopPorts } from './ready-loop.ts';

/** The real clock, the disk that the options name, and WebSockets. */
export function systemPorts(options: CheckedOptions): LoopPorts {
  const { id, dataDir, dataLogDir, trust, binding, dialTimeout } = options;
  return {
    clock: systemClock,
    storage:
      dataDir === undefined
        ? new MemoryStorage(id)
        : new LevelStorage(dataDir, id, { logDirectory: dataLogDir }),
    transport: new WebSocketTransport({ trust, binding, limits: { handshakeTime: dialTimeout } }),
  };
}
