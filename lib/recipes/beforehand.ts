import { QuorateError } from '../base/errors.ts';

/**
 * What has to be there before the thing that was asked for, such as its folder. If that fails, the thing was
 * not begun: whatever became of its folder, the error says `not-applied`.
 */
export async function beforehand<R>(preparation: Promise<R>): Promise<R> {
  try {
    return await preparation;
  } catch (error) {
    throw notBegun(error);
  }
}

/** The error of a step as that of what was not begun. */
export function notBegun(error: unknown): unknown {
  if (!QuorateError.is(error) || error.outcome === 'not-applied') return error;
  const { code, message, path } = error;
  const about = path === undefined ? {} : { path };
  return QuorateError.make(code, message, { ...about, outcome: 'not-applied', cause: error });
}
