import { CdcError } from '@cdc/core'
import { stateError } from './errors.ts'

const codes = {
  ENOTDIR: 'STATE_NOT_A_DIRECTORY',
  EEXIST: 'STATE_NOT_A_DIRECTORY',
  EACCES: 'STATE_NO_PERMISSION',
  EPERM: 'STATE_NO_PERMISSION',
  EROFS: 'STATE_READ_ONLY',
  ENOSPC: 'STATE_DISK_FULL',
  EDQUOT: 'STATE_DISK_FULL',
  EFBIG: 'STATE_DISK_FULL',
} as const

/** The `code` of an operating system's error (`ENOENT`), or undefined where it is none. */
export function errno(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined
  return (error as NodeJS.ErrnoException).code
}

/** An error of a file operation as a coded one. `doing`: what was tried, `save the checkpoint`. */
export function fileError(error: unknown, doing: string, file: string): unknown {
  const number = errno(error)
  if (number === undefined || CdcError.is(error)) return error
  const code = (codes as Record<string, (typeof codes)[keyof typeof codes]>)[number] ?? 'STATE_IO'
  const { syscall } = error as NodeJS.ErrnoException
  return stateError(code, {
    message: `Could not ${doing} in ${file}: ${syscall} failed with ${number} (${number === 'ENOENT' ? 'it is not there' : meaning[code]}).`,
    where: { file },
    cause: error,
  })
}

const meaning = {
  STATE_NOT_A_DIRECTORY: 'a part of the path is not a directory',
  STATE_NO_PERMISSION: 'no permission',
  STATE_READ_ONLY: 'the file system is read-only',
  STATE_DISK_FULL: 'no space left',
  STATE_IO: 'an error of the file system',
}
