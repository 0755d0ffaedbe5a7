import { CdcError, type ErrorPlace } from '@cdc/core'
import { type PgErrorCode, pgError } from './errors.ts'
import { byErrno, codeOfSqlState, codeOfTls } from './sqlstate.ts'

/** The fields of an ErrorResponse that we look at: https://www.postgresql.org/docs/current/protocol-error-fields.html */
export interface ServerFields {
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly hint?: string | undefined
  readonly schema?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly constraint?: string | undefined
  readonly routine?: string | undefined
}

/** What the server said, as the `cause` of a CdcError. Detail and context are left out: they hold row values. */
export class ServerError extends Error {
  /** SQLSTATE */
  readonly code: string
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  readonly constraint: string | undefined
  readonly routine: string | undefined

  constructor(fields: ServerFields) {
    const code = fields.code ?? 'XX000'
    super(showsNoValues(code) ? (fields.message ?? 'no message') : `SQLSTATE ${code}`)
    this.name = 'ServerError'
    this.code = code
    this.schema = fields.schema
    this.table = fields.table
    this.column = fields.column
    this.constraint = fields.constraint
    this.routine = fields.routine
  }
}

/** The SQLSTATE behind an error, whoever made it; undefined when the server did not speak. */
export function sqlStateOf(error: unknown): string | undefined {
  if (CdcError.is(error)) return sqlStateOf(error.cause)
  const code = codeOf(error)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !(code in byErrno) ? code : undefined
}

/**
 * Any error of `pg`, a socket or TLS as a CdcError: by SQLSTATE, errno or code of TLS, never by text. `doing` says
 * what was going on: `creating replication slot "x"`. CdcErrors pass unchanged.
 */
export function postgresError(error: unknown, doing: string, where?: ErrorPlace): CdcError {
  if (CdcError.is(error)) return error
  const state = sqlStateOf(error)
  if (state !== undefined) return serverError(codeOfSqlState(state), error as ServerFields, doing, where)
  const code = codeOf(error)
  const known = code === undefined ? undefined : (codeOfTls(code) ?? byErrno[code])
  // what pg throws without a code is either the end of the connection or the exchange of passwords
  return localError(known ?? 'CONNECTION_LOST', error, doing, where)
}

/** An ErrorResponse under a code of our choice, where the caller knows more than the SQLSTATE says. */
export function serverError(
  code: PgErrorCode,
  fields: ServerFields | ServerError,
  doing: string,
  where?: ErrorPlace,
  hint?: string,
): CdcError {
  const cause = fields instanceof ServerError ? fields : new ServerError(fields)
  const place = { ...tableOf(cause), ...where }
  const ownHint = hint ?? serverHint(code, fields)
  return pgError(code, {
    message: `The server refused ${doing} (SQLSTATE ${cause.code}): ${cause.message}.`.replace(/\.\.$/, '.'),
    ...(ownHint === undefined ? {} : { hint: ownHint }),
    where: place,
    cause,
  })
}

/** An error that did not come from the server. */
export function localError(
  code: PgErrorCode,
  error: unknown,
  doing: string,
  where?: ErrorPlace,
  hint?: string,
): CdcError {
  return pgError(code, {
    message: `${capital(doing)} failed: ${reason(error)}.`.replace(/\.\.$/, '.'),
    ...(hint === undefined ? {} : { hint }),
    ...(where === undefined ? {} : { where }),
    cause: error,
  })
}

/** May the server's message be shown? Messages of these classes name objects and settings, never values of rows. */
function showsNoValues(state: string): boolean {
  return /^(08|0A|25|28|3D|3F|40|42|53|54|55|57|58|72|F0|XX)/.test(state)
}

/** The server's own hint is better than ours where ours can only be general. */
function serverHint(code: PgErrorCode, { code: state, hint }: ServerFields): string | undefined {
  const general = code === 'SERVER_ERROR' || code === 'SERVER_OUT_OF_RESOURCES' || code === 'FEATURE_UNSUPPORTED'
  return general && hint !== undefined && state !== undefined && showsNoValues(state) ? hint : undefined
}

function tableOf(cause: ServerError): ErrorPlace {
  const { schema, table, column } = cause
  return {
    ...(table === undefined ? {} : { table: schema === undefined ? table : `${schema}.${table}` }),
    ...(column === undefined ? {} : { column }),
  }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function reason(error: unknown): string {
  // several addresses were tried: each has its own reason
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ')
  return error instanceof Error ? error.message : String(error)
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
