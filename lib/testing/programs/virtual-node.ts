/**
 * Node as a simulated process sees it: in its async context timers, clocks and chance are those of its machine.
 * So a simulation runs the code of client and recipes as it is shipped, whatever it takes its time from; code in
 * no such context keeps the real ones.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** What Node offers one process. */
export interface VirtualMachine {
  /** Ms since some moment; never goes back. */
  monotonic(): number;
  /** Ms since 1970, as the machine believes. */
  wall(): number;
  /** Calls back after so many ms, or later. @returns what takes it back */
  after(milliseconds: number, work: () => void): () => void;
  /** In [0, 1). */
  random(): number;
  uuid(): `${string}-${string}-${string}-${string}-${string}`;
}

const machines = new AsyncLocalStorage<VirtualMachine>();

/** Runs the work, and all that it leads to, on a machine. */
export function runOn<T>(machine: VirtualMachine, work: () => T): T {
  return machines.run(machine, work);
}

type Callback = (...args: unknown[]) => void;

/** What `setTimeout` and `setInterval` return. */
class VirtualTimer {
  #cancel: () => void = () => {};

  constructor(machine: VirtualMachine, work: () => void, pause: number, isRepeated: boolean) {
    const arm = (): void => {
      // As Node does: 1 ms at least.
      this.#cancel = machine.after(Math.max(1, Math.floor(pause) || 1), () => {
        if (isRepeated) arm();
        work();
      });
    };
    arm();
  }

  cancel(): void {
    this.#cancel();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }
}

const real = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  setImmediate: globalThis.setImmediate,
  clearTimeout: globalThis.clearTimeout,
  now: performance.now.bind(performance),
  Date: globalThis.Date,
  random: Math.random,
  randomUUID: crypto.randomUUID,
};

/** Resolves when nothing that waits for nothing is left to run in this process, by the real event loop. */
export function drained(): Promise<void> {
  return new Promise((resolve) => {
    real.setImmediate(resolve);
  });
}

function startTimer(startReal: Callback, isRepeated: boolean): Callback {
  return (...args) => {
    const machine = machines.getStore();
    if (machine === undefined) return startReal(...args);
    const [work, pause = 1, ...rest] = args;
    if (typeof work !== 'function') throw new TypeError('a timer calls a function');
    return new VirtualTimer(machine, () => work(...rest), Number(pause), isRepeated);
  };
}

function clearTimer(timer: unknown): void {
  if (timer instanceof VirtualTimer) timer.cancel();
  else real.clearTimeout(timer as NodeJS.Timeout);
}

class VirtualDate extends real.Date {
  constructor(...args: readonly unknown[]) {
    const given = args.length > 0 ? args : [VirtualDate.now()];
    super(...(given as [number]));
  }

  static override now(): number {
    return machines.getStore()?.wall() ?? real.Date.now();
  }
}

function randomUUID(options?: crypto.RandomUUIDOptions): crypto.UUID {
  return machines.getStore()?.uuid() ?? real.randomUUID(options);
}

function put(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** Nested calls count: the last one out puts the real ones back. */
let users = 0;

/** From here on simulated processes see their own Node, until it is disposed. */
export function virtualNode(): Disposable {
  users += 1;
  if (users === 1) install();
  return {
    [Symbol.dispose]: () => {
      users -= 1;
      if (users === 0) restore();
    },
  };
}

function install(): void {
  put(globalThis, 'setTimeout', startTimer(real.setTimeout as Callback, false));
  put(globalThis, 'setInterval', startTimer(real.setInterval as Callback, true));
  put(globalThis, 'clearTimeout', clearTimer);
  put(globalThis, 'clearInterval', clearTimer);
  put(globalThis, 'Date', VirtualDate);
  put(performance, 'now', () => machines.getStore()?.monotonic() ?? real.now());
  put(Math, 'random', () => machines.getStore()?.random() ?? real.random());
  put(crypto, 'randomUUID', randomUUID);
  syncBuiltinESMExports();
}

function restore(): void {
  put(globalThis, 'setTimeout', real.setTimeout);
  put(globalThis, 'setInterval', real.setInterval);
  put(globalThis, 'clearTimeout', real.clearTimeout);
  put(globalThis, 'clearInterval', real.clearTimeout);
  put(globalThis, 'Date', real.Date);
  put(performance, 'now', real.now);
  put(Math, 'random', real.random);
  put(crypto, 'randomUUID', real.randomUUID);
  syncBuiltinESMExports();
}
