import { ERRORS, type ErrorCode } from '#shared/errors.ts'

export interface FieldProblem {
  /** Path of the field: `settings.token`. */
  field: string
  code: string
  values?: Record<string, string | number>
}

/** An answer to bad input or a refused act, with a stable code. Everything a caller did wrong is one of these. */
export class Problem extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly values: Record<string, string | number>
  readonly errors: FieldProblem[]
  readonly headers: Record<string, string>
  constructor(
    code: ErrorCode,
    values: Record<string, string | number> = {},
    errors: FieldProblem[] = [],
    headers: Record<string, string> = {},
  ) {
    super(code)
    this.name = 'Problem'
    this.code = code
    this.status = ERRORS[code].status
    this.values = values
    this.errors = errors
    this.headers = headers
  }
}

/** For a single wrong field. */
export function wrongField(field: string, code: string, values?: Record<string, string | number>): Problem {
  return new Problem('invalid_input', {}, [{ field, code, ...(values ? { values } : {}) }])
}
