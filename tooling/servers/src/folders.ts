import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { serverAccount } from './account.ts'

/**
 * Where binaries and initialised data directories are kept between runs: `CDC_SERVERS_CACHE`, else the user's cache
 * folder. As root it is a folder that `nobody` may enter, which a root's home is not.
 */
export function cacheFolder(): string {
  const named = process.env.CDC_SERVERS_CACHE
  if (named !== undefined && named !== '') return ownFolder(named)
  if (serverAccount() !== undefined) return ownFolder(join(openFolder(), 'cdc-servers'))
  if (process.platform === 'win32') return ownFolder(join(process.env.LOCALAPPDATA ?? tmpdir(), 'cdc-servers'))
  return ownFolder(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cdc-servers'))
}

/** Where running servers have their data. Removed with them. */
export function runFolder(): string {
  const user = process.getuid?.() ?? 'user'
  const base = serverAccount() === undefined ? tmpdir() : openFolder()
  return ownFolder(join(base, `cdc-servers-run-${user}`))
}

/** A temporary folder that every user may enter, all the way down. */
function openFolder(): string {
  const found = [tmpdir(), '/tmp', '/var/tmp'].find((folder) => isOpen(folder))
  if (found !== undefined) return found
  throw new Error(
    `The server has to run as 'nobody', who may enter none of ${tmpdir()}, /tmp and /var/tmp. Set CDC_SERVERS_CACHE and TMPDIR to a folder that everybody may enter (mode 0755, its parents too).`,
  )
}

function isOpen(folder: string): boolean {
  try {
    for (let at = folder; ; at = dirname(at)) {
      if ((statSync(at).mode & 0o001) === 0) return false
      if (at === dirname(at)) return true
    }
  } catch {
    return false
  }
}

/** Made if it is missing, and ours: a folder with a known name in a shared place must not be somebody else's. */
function ownFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const { uid } = statSync(folder)
    const own = process.getuid?.()
    if (own !== undefined && uid !== own) throw new Error(`it belongs to user ${uid}`)
    if (own === 0) chmodSync(folder, 0o755)
    return folder
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `Folder ${folder}, for the PostgreSQL servers of the tests, can't be used: ${why}. Remove it, or set CDC_SERVERS_CACHE (binaries) and TMPDIR (data) to folders of your own.`,
      { cause },
    )
  }
}
