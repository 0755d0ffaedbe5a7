import { CdcError, type ErrorPlace } from '@cdc/core'
import { error } from '../errors.ts'

/**
 * An ErrorResponse. Holds no detail and no context, since those quote rows; the message only of classes whose
 * messages name objects and never values.
 */
export class ServerError extends Error {
  readonly code: string
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  readonly constraint: string | undefined
  /** The line of a COPY that the server was at, from 1, where it says so. */
  readonly line: number | undefined
  /** What follows the line, where it has the form of a column's name. Not to be shown unless it is one. */
  readonly copyColumn: string | undefined
  /** Which statement of its flight failed, from 0. */
  statement = 0
  /** It was a constraint that waits for the end of the transaction. */
  deferred = false

  constructor(fields: ReadonlyMap<string, string>) {
    const code = fields.get('C') ?? 'XX000'
    super(quotesValues(code) ? `SQLSTATE ${code}` : `${fields.get('M') ?? 'error'} (SQLSTATE ${code})`)
    this.name = 'ServerError'
    this.code = code
    this.schema = fields.get('s')
    this.table = fields.get('t')
    this.column = fields.get('c')
    this.constraint = fields.get('n')
    // `COPY table, line 5, column c: "value"`, whose words are translated
    const place = /^COPY [^\n]*?, \D+ (\d+)(?:, \S+ ([^:\n]+))?(?:[:,]|$)/m.exec(fields.get('W') ?? '')
    this.line = place === null ? undefined : Number(place[1])
    this.copyColumn = place?.[2]
  }
}

/** Class 22 quotes the value, P0 (RAISE in a trigger) may, and so may an extension's or an internal error. */
const quotesValues = (code: string) => /^(22|P0|XX|38|39|HV)/.test(code) || code === '23514'

/** The connection ended. */
export class ConnectionEnded extends Error {
  constructor(cause?: unknown) {
    super('The connection ended', cause === undefined ? undefined : { cause })
    this.name = 'ConnectionEnded'
  }
}

/** SQLSTATEs of other people's making, after which the same work can be done again. */
export const isRetriable = (code: string) => code === '40P01' || code === '40001'

/** A ServerError or a broken connection as a CdcError, by SQLSTATE or errno. `doing` completes "while ...". */
export function translate(cause: unknown, doing: string, where: ErrorPlace = {}): CdcError {
  if (CdcError.is(cause)) return cause
  if (cause instanceof ConnectionEnded && CdcError.is(cause.cause)) return cause.cause
  if (cause instanceof ConnectionEnded)
    return error('TARGET_CONNECTION_LOST', {
      message: `The connection to the target ended while ${doing}.`,
      where,
      cause: cause.cause,
    })
  if (!(cause instanceof ServerError)) return CdcError.from(cause)
  const message = `The target said "${cause.message}" while ${doing}.`
  const at = { ...where, ...(cause.column === undefined ? {} : { column: cause.column }) }
  return error(codeOf(cause.code), { message, where: at, cause })
}

function codeOf(state: string) {
  if (isRetriable(state)) return 'TARGET_RETRY'
  const exact = byState[state] ?? byClass[state.slice(0, 2)]
  return exact ?? 'STATEMENT_REFUSED'
}

const byState: Readonly<Record<string, Parameters<typeof error>[0]>> = {
  '25006': 'TARGET_READ_ONLY',
  '57P01': 'TARGET_SHUTDOWN',
  '57P02': 'TARGET_SHUTDOWN',
  '57P03': 'TARGET_SHUTDOWN',
  '57P05': 'TARGET_SHUTDOWN',
  '57014': 'TARGET_SHUTDOWN',
  '25P03': 'TARGET_SHUTDOWN',
  '3D000': 'TARGET_DATABASE_MISSING',
  '42501': 'RIGHT_MISSING',
  '42P01': 'TABLE_MISSING',
  '42703': 'COLUMN_MISSING',
  '42804': 'COLUMN_TYPE',
  '55P03': 'TARGET_BUSY',
  '55006': 'TARGET_BUSY',
}
const byClass: Readonly<Record<string, Parameters<typeof error>[0]>> = {
  '08': 'TARGET_CONNECTION_LOST',
  '22': 'VALUE_REFUSED',
  '23': 'CONSTRAINT_VIOLATED',
  '28': 'TARGET_AUTH',
  '53': 'TARGET_BUSY',
  '57': 'TARGET_SHUTDOWN',
  '58': 'TARGET_BUSY',
}
