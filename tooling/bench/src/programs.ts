import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A client program of PostgreSQL: from `CDC_PG_BIN` where that is set, else from the PATH or Debian's place for them. */
export function findProgram(name: string): string | undefined {
  const chosen = process.env.CDC_PG_BIN
  const folders =
    chosen === undefined
      ? [
          ...(process.env.PATH ?? '').split(delimiter),
          ...[18, 17, 16, 15, 14].map((version) => `/usr/lib/postgresql/${version}/bin`),
        ]
      : [chosen]
  const names = process.platform === 'win32' ? [`${name}.exe`] : [name]
  return folders
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((file) => join(folder, file)))
    .find(existsSync)
}
