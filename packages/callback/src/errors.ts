import { CdcError, defineErrors } from '@cdc/core'

export const callbackError = defineErrors({
  CALLBACK_FAILED: {
    kind: 'config',
    cause: 'A function that the program gave to the `callback` sink threw.',
    cure: 'See the cause of the error: it is what the function threw. Where the fault passes by itself, say so with the option `retriable`.',
  },
  CALLBACK_RETRY: {
    kind: 'rewind',
    cause:
      'A function that the program gave to the `callback` sink threw something that its option `retriable` calls passing.',
    cure: 'Nothing, while it passes: changes are read again from where the sink stands. Else see the cause of the error.',
  },
  CALLBACK_CONFLICT: {
    kind: 'conflict',
    cause:
      'The position that the program keeps for a `callback` sink is not the one that this process wrote last: another process runs the same pipeline, or the row was changed by hand.',
    cure: 'Stop the other process. Then start this one again: it goes on from the position that is stored.',
  },
})

/**
 * The error for `onFlush` to throw when the stored position is not `previous`: another process has written, and this
 * one must stop.
 */
export function positionConflict(): CdcError {
  return callbackError('CALLBACK_CONFLICT', { message: 'The stored position was moved by somebody else.' })
}

/**
 * What a function of the program threw, as a coded error; one that is coded keeps its code. Its own message may hold
 * values of rows, so only its name and code are repeated: the rest is in the cause.
 */
export function thrownBy(name: string, cause: unknown, retriable: ((error: unknown) => boolean) | undefined): CdcError {
  if (CdcError.is(cause)) return cause
  const code = retriable?.(cause) === true ? 'CALLBACK_RETRY' : 'CALLBACK_FAILED'
  return callbackError(code, { message: `The function given as '${name}' threw ${described(cause)}.`, cause })
}

function described(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `a ${typeof thrown} that is no Error`
  const { code } = thrown as NodeJS.ErrnoException
  return typeof code === 'string' ? `${thrown.name} ${code}` : thrown.name
}
