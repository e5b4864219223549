import { pino, type Logger } from 'pino'

export type Log = Logger

/** Secrets never reach the log: tokens ride in addresses and headers, so those are cut out whatever is logged. */
export function openLog(level: string): Log {
  return pino({
    level,
    base: null,
    redact: {
      paths: ['*.token', '*.password', '*.secret', '*.settings', 'headers.authorization', 'headers.cookie'],
      censor: '••••',
    },
  })
}
