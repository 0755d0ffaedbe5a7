import { execFile } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serverAccount } from './account.ts'
import { type Binaries, publish } from './binaries.ts'
import { cacheFolder, runFolder } from './folders.ts'

const run = promisify(execFile)

/** The superuser of every server. */
export const superuser = { user: 'postgres', password: 'postgres' } as const

/** A new folder for one server, owned by the account that runs it. The data directory goes into `data`. */
export function makeServerFolder(): string {
  const folder = mkdtempSync(join(runFolder(), 'pg-'))
  chmodSync(folder, 0o700)
  handOver(folder)
  return folder
}

/** Gives a file or an empty folder to the account that the server runs as. */
export function handOver(path: string): void {
  const account = serverAccount()
  if (account !== undefined) chownSync(path, account.uid, account.gid)
}

/** Copies the initialised cluster of this release; `initdb` runs once per release and machine. */
export async function fillDataDirectory(binaries: Binaries, data: string): Promise<void> {
  await copyCluster(join(await templateFolder(binaries), 'data'), data)
}

/** Copies the data directory of a server that does not run. */
export async function copyCluster(from: string, to: string): Promise<void> {
  if (process.platform === 'win32') await cp(from, to, { recursive: true })
  else await run('cp', ['-R', '-p', from, to], { ...serverAccount() })
}

/**
 * A cluster of its own, with a system identifier that no other has: copies of the template share theirs. Takes
 * seconds.
 */
export async function initialise(binaries: Binaries, data: string): Promise<void> {
  const passwordFile = `${data}.password`
  writeFileSync(passwordFile, superuser.password, { mode: 0o600 })
  handOver(passwordFile)
  const options = ['--username', superuser.user, '--pwfile', passwordFile, '--auth', 'scram-sha-256']
  const locale = ['--encoding', 'UTF8', '--locale', 'C', '--nosync']
  try {
    await run(join(binaries.bin, 'initdb'), ['--pgdata', data, ...options, ...locale], {
      ...serverAccount(),
      env: serverEnvironment(),
      cwd: join(data, '..'),
    })
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr ?? ''
    throw new Error(`initdb of PostgreSQL ${binaries.release} failed in ${data}: ${said.trim() || String(cause)}`, {
      cause,
    })
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

/** Nothing of the developer's own PostgreSQL (PGDATA, PGPORT) may reach the server. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TEMP } = process.env
  return { PATH, LC_ALL: 'C', TZ: 'UTC', ...(SystemRoot === undefined ? {} : { SystemRoot, TEMP }) }
}

async function templateFolder(binaries: Binaries): Promise<string> {
  const template = join(cacheFolder(), `template-${binaries.release}`)
  if (existsSync(template)) return template
  const draft = mkdtempSync(`${template}.draft-`)
  chmodSync(draft, 0o755)
  handOver(draft)
  await initialise(binaries, join(draft, 'data'))
  publish(draft, template)
  return template
}
