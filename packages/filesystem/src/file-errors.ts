import { CdcError } from '@cdc/core'
import { filesError } from './errors.ts'

type Code = Parameters<typeof filesError>[0]

const codes: Readonly<Record<string, readonly [Code, string]>> = {
  ENOTDIR: ['FILES_NOT_A_FOLDER', 'a part of the path is a file'],
  EACCES: ['FILES_NO_PERMISSION', 'no permission'],
  EPERM: ['FILES_NO_PERMISSION', 'no permission'],
  EROFS: ['FILES_READ_ONLY', 'the file system is read-only'],
  ENOSPC: ['FILES_DISK_FULL', 'no space left on the device'],
  EDQUOT: ['FILES_DISK_FULL', 'the quota is used up'],
  EFBIG: ['FILES_DISK_FULL', 'the file is as large as it may be'],
  EMFILE: ['FILES_TOO_MANY_OPEN', 'this process may open no more files'],
  ENFILE: ['FILES_TOO_MANY_OPEN', 'the system may open no more files'],
  ENAMETOOLONG: ['FILES_NAME_TOO_LONG', 'the name is too long'],
}

/** The `code` of an operating system's error (`ENOENT`), or undefined where it is none. */
export function errno(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined
  return (error as NodeJS.ErrnoException).code
}

/** An error of a file operation as a coded one. `doing`: what was tried, `write to`. */
export function fileError(error: unknown, doing: string, file: string): unknown {
  const number = errno(error)
  if (number === undefined || CdcError.is(error)) return error
  const [code, meaning] = codes[number] ?? [
    'FILES_IO',
    number === 'ENOENT' ? 'it is not there' : 'an input/output fault',
  ]
  const { syscall } = error as NodeJS.ErrnoException
  const message = `Could not ${doing} ${file}: ${syscall} failed with ${number} (${meaning}).`
  return filesError(code, { message, where: { file }, cause: error })
}

/** Runs a file operation; what it throws comes out coded. */
export async function coded<T>(doing: string, file: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw fileError(error, doing, file)
  }
}
