import { CdcError, type ErrorKind } from '@cdc/core'

/** The one table from what went wrong to the process's exit code. The docs and `cdc --help` are checked against it. */
export const exitCodeOf: Readonly<Record<ErrorKind, number>> = {
  config: 2,
  auth: 3,
  connection: 4,
  throttled: 4,
  rewind: 4,
  data: 5,
  'history-lost': 6,
  conflict: 7,
  bug: 70,
}

/** `doctor` found something that a run would stop with. */
export const checksFailed = 1

/** `dead-letters replay` left some that the sink still refuses. */
export const lettersLeft = 1

/** `verify` found rows that differ. */
export const differencesFound = 1

/** A second SIGINT or SIGTERM ended the process before it had stopped by itself. */
export const forced: Readonly<Record<'SIGINT' | 'SIGTERM', number>> = { SIGINT: 130, SIGTERM: 143 }

export const exitCodeTable: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'done, or stopped when asked to (SIGINT, SIGTERM)'],
  ['1', 'doctor: a check failed; verify: rows differ; dead-letters replay: some were refused again'],
  ['2', 'the configuration or the command line is wrong, or the server lacks something that a person must change'],
  ['3', 'refused: password, role, right, certificate'],
  ['4', 'could not connect, or the connection was lost and retries are used up'],
  ['5', 'a value or a row cannot pass'],
  ['6', 'continuity cannot be proved: slot or log lost, target set back'],
  ['7', 'another process writes: the state or the slot is in use'],
  ['70', 'a bug in cdc or a connector'],
  ['130, 143', 'forced by a second SIGINT or SIGTERM; nothing acknowledged is lost'],
]

export function exitCode(error: unknown): number {
  return exitCodeOf[CdcError.from(error).kind]
}
