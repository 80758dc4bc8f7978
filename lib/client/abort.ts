/**
 * One listener on a signal, however many wait for it: an application hands the same signal to all that
 * it does, and Node warns of a leak beyond ten listeners.
 */
class Listeners {
  static readonly #all = new WeakMap<AbortSignal, Listeners>();
  readonly #signal: AbortSignal;
  readonly #callbacks = new Set<() => void>();

  static of(signal: AbortSignal): Listeners {
    const present = Listeners.#all.get(signal);
    if (present !== undefined) return present;
    const listeners = new Listeners(signal);
    Listeners.#all.set(signal, listeners);
    return listeners;
  }

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  readonly #fire = (): void => {
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
  };

  add(callback: () => void): void {
    if (this.#callbacks.size === 0) {
      this.#signal.addEventListener('abort', this.#fire, { once: true });
    }
    this.#callbacks.add(callback);
  }

  remove(callback: () => void): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return;
    this.#signal.removeEventListener('abort', this.#fire);
  }
}

/** Calls back once when the signal aborts. The callback must not throw, and is not given twice. */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  Listeners.of(signal).add(callback);
}

/** Calls it off. */
export function offAbort(signal: AbortSignal, callback: () => void): void {
  Listeners.of(signal).remove(callback);
}

/**
 * Aborts a controller with a signal, and for the same reason. Nothing of it stays at the signal once the controller
 * has aborted: what `AbortSignal.any` makes is remembered there for as long as the signal lives (Node 20).
 */
export function abortWith(controller: AbortController, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) return abort();
  onAbort(signal, abort);
  onAbort(controller.signal, () => offAbort(signal, abort));
}
