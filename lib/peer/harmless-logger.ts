import type { Logger } from './settings.ts';

/**
 * The application's logger, as it may be called from anywhere: what it throws or rejects with is lost,
 * because there is no other place to say it, and the peer goes on. It is given zxids as hexadecimal
 * texts: a logger that writes JSON could not say a bigint.
 */
export function harmless(logger: Logger): Logger {
  const safely = (log: () => unknown): void => {
    try {
      const result = log();
      if (result instanceof Promise) result.catch(() => undefined);
    } catch {
      // Said above.
    }
  };
  return {
    debug: (fields, text) => safely(() => logger.debug(plain(fields), text)),
    info: (fields, text) => safely(() => logger.info(plain(fields), text)),
    warn: (fields, text) => safely(() => logger.warn(plain(fields), text)),
    error: (fields, text) => safely(() => logger.error(plain(fields), text)),
  };
}

function plain(fields: object): object {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    return [name, typeof value === 'bigint' ? `0x${value.toString(16)}` : value];
  });
  return Object.fromEntries(entries);
}
