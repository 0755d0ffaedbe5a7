/**
 * What went wrong, by what should follow. `errorAction` has the table from kind to action.
 *
 * - `config`: the user must change something. - `connection`: could not reach, or lost. - `auth`: refused for who we
 * are. - `throttled`: come back later. - `rewind`: drop what is in flight and read again. - `data`: a value or a row
 * that cannot pass. - `history-lost`: continuity cannot be proved. - `conflict`: another writer. - `bug`: ours.
 */
export type ErrorKind =
  | 'config'
  | 'connection'
  | 'auth'
  | 'throttled'
  | 'rewind'
  | 'data'
  | 'history-lost'
  | 'conflict'
  | 'bug'

/** What the runtime does with an error: read again from where the sinks stand, or stop with its code. */
export const errorAction: Readonly<Record<ErrorKind, 'rewind' | 'stop'>> = {
  config: 'stop',
  connection: 'rewind',
  auth: 'stop',
  throttled: 'rewind',
  rewind: 'rewind',
  data: 'stop',
  'history-lost': 'stop',
  conflict: 'stop',
  bug: 'stop',
}

/** Where it happened. Never a row value or a secret. */
export interface ErrorPlace {
  readonly pipeline?: string
  readonly sink?: string
  readonly table?: string
  readonly column?: string
  readonly option?: string
  readonly position?: string
  readonly file?: string
  readonly line?: number
}

export interface CdcErrorInit {
  readonly code: string
  readonly kind: ErrorKind
  readonly message: string
  /** What to do, in the operator's words: a statement to run, an option to set. */
  readonly hint?: string
  readonly where?: ErrorPlace
  readonly cause?: unknown
}

const marker: unique symbol = Symbol.for('cdc.error')

/** The one error class of the toolkit. Recognise it with `CdcError.is`, which works across copies of this package. */
export class CdcError extends Error {
  readonly [marker] = true
  readonly code: string
  readonly kind: ErrorKind
  readonly hint: string | undefined
  readonly where: ErrorPlace

  constructor(init: CdcErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    this.name = 'CdcError'
    this.code = init.code
    this.kind = init.kind
    this.hint = init.hint
    this.where = init.where ?? {}
  }

  static is(error: unknown): error is CdcError {
    return typeof error === 'object' && error !== null && marker in error
  }

  /** The same error with more said about where it happened; what it said already wins. */
  at(where: ErrorPlace): CdcError {
    const { code, kind, message, hint, cause } = this
    const said = new CdcError({
      code,
      kind,
      message,
      where: { ...where, ...this.where },
      ...(hint === undefined ? {} : { hint }),
      cause,
    })
    // the place in the program is where it was thrown first
    if (this.stack !== undefined) said.stack = this.stack
    return said
  }

  /** Any thrown thing as a CdcError: what is none is a bug of ours, kept as the cause. */
  static from(error: unknown): CdcError {
    if (CdcError.is(error)) return error
    const message = error instanceof Error ? error.message : String(error)
    return coreError('UNEXPECTED', { message: `Unexpected error: ${message}`, cause: error })
  }
}

/** One entry of a package's list of errors: the docs page and the errors themselves are made from it. */
export interface ErrorEntry {
  readonly kind: ErrorKind
  /** Why it happens, one or two sentences. */
  readonly cause: string
  /** What the operator does. Used as the hint where the thrower has none of its own. */
  readonly cure: string
}

export type ErrorDetails = Omit<CdcErrorInit, 'code' | 'kind'>

/**
 * Declares a package's errors once. Gives a function that makes them, and the catalogue for the docs:
 * `const error = defineErrors({ SLOT_BUSY: { kind: 'throttled', cause, cure } })`, then
 * `throw error('SLOT_BUSY', { message })`.
 */
export function defineErrors<const E extends Record<string, ErrorEntry>>(
  catalogue: E,
): ((code: keyof E & string, details: ErrorDetails) => CdcError) & { readonly catalogue: E } {
  const make = (code: keyof E & string, details: ErrorDetails): CdcError => {
    const entry = catalogue[code]!
    return new CdcError({ hint: entry.cure, ...details, code, kind: entry.kind })
  }
  return Object.assign(make, { catalogue })
}

/** The errors of this package. */
export const coreError = defineErrors({
  UNEXPECTED: {
    kind: 'bug',
    cause: 'Something failed in a way that nobody has foreseen.',
    cure: 'Report it, with the stack trace (`--stack`) and what was done before. Look at the message first: it may still name something that you can change.',
  },
  INVALID_OPTION: {
    kind: 'config',
    cause: 'The value of an option is none that it can have, or does not go with another option.',
    cure: "Give it a value of its type; the table in the connector's README has them all.",
  },
  MISSING_OPTION: {
    kind: 'config',
    cause: 'An option that has no default is not there.',
    cure: 'Add it. Secrets can come from the environment, `${env:NAME}`, or from a file, `${file:/path}`.',
  },
  UNKNOWN_OPTION: {
    kind: 'config',
    cause: 'The connector has no option of this name.',
    cure: 'Look at its spelling: the message has the nearest name.',
  },
  INVALID_OPTIONS: {
    kind: 'config',
    cause: 'Several options of one connector have faults; the message has a line for each.',
    cure: 'Put right what each line says.',
  },
  NOT_READING: {
    kind: 'config',
    cause: 'A program acknowledged a position of `readChanges` before its loop had begun or after it had ended.',
    cure: 'Acknowledge inside the loop. What was not acknowledged is only read again: start the next reading `after` the position that is stored.',
  },
})
