import { pino, type Logger } from 'pino'

export type Log = Logger

/** Secrets never reach the log: tokens ride in addresses and headers, so those are cut out whatever is logged. */
export function openLog(level: string): Log {
  return pino({
    level,
    base: null,
    serializers: { err: errorFields },
    redact: {
      paths: ['*.token', '*.password', '*.secret', '*.settings', 'headers.authorization', 'headers.cookie'],
      censor: '••••',
    },
  })
}

/** What a reader needs of an error. Not its other properties: a database error carries the whole connection. */
function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const cause = error.cause instanceof Error ? errorFields(error.cause) : undefined
  return {
    type: error.name,
    message: error.message,
    ...(code && { code }),
    stack: error.stack,
    ...(cause && { cause }),
  }
}
