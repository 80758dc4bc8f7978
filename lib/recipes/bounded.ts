import { Deadline, NOT_APPLIED, type WaitContext, type WaitOptions } from '../client/wait.ts';

/**
 * Waits for what goes on by itself, as long as the options permit; without end unless there is a `timeout`.
 * @throws {QuorateError} TIMED_OUT, with the reason of the context; ABORTED; what the promise rejects with
 */
export function bounded<R>(
  promise: Promise<R>,
  options: WaitOptions | undefined,
  context: WaitContext,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const { signal, timeout } = options ?? {};
    const wait = {
      ...(signal === undefined ? {} : { signal }),
      ...(timeout === undefined ? {} : { timeout }),
    };
    const deadline = new Deadline(wait, Number.POSITIVE_INFINITY, {
      what: context.what,
      path: context.path,
      reason: () => context.reason?.(),
      cutShort: (error) => reject(error(NOT_APPLIED)),
    });
    promise.then(resolve, reject).finally(() => deadline.dispose());
  });
}
