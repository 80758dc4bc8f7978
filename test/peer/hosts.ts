/** Processes of an application, each with a peer on a disk of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AskedProcess } from '../../examples/support/asked-process.ts';
import { freePorts } from '../../examples/support/peer-process.ts';
import type { Grouped } from '../../lib/index.ts';
import type { HostCalls, HostConfiguration } from './host-program.ts';

const PROGRAM = fileURLToPath(new URL('./host-program.ts', import.meta.url));

export type Host = AskedProcess<HostCalls>;

/** Starts one. It is killed when the test ends, whatever became of it. */
export async function startHost(t: TestContext, configuration: HostConfiguration): Promise<Host> {
  const host = new AskedProcess<HostCalls>(PROGRAM, [JSON.stringify(configuration)], 'a host');
  t.after(() => host.kill());
  await host.opened();
  return host;
}

/** A directory that goes with the test. */
export async function directoryOf(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 20 }));
  return directory;
}

/** Options of three peers that trust this machine. */
export async function threeOptions(
  t: TestContext,
  settings: Partial<Grouped> = {},
): Promise<readonly Grouped[]> {
  const directory = await directoryOf(t);
  const ports = await freePorts(3);
  const entries = ports.map((port, at) => [at + 1, `ws://127.0.0.1:${port}`] as const);
  const peers = Object.fromEntries(entries);
  return entries.map(([id]) => ({ ...settings, id, peers, dataDir: join(directory, String(id)) }));
}
