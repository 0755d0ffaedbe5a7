import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runFolder } from './folders.ts'
import { waitFor } from './wait-for.ts'

const ownerFile = (folder: string) => `${folder}.owner`

/** Notes which process a server's folder belongs to. */
export function noteOwner(folder: string): void {
  writeFileSync(ownerFile(folder), String(process.pid))
}

/** Stops what still runs in a server's folder, without mercy, and removes it. */
export async function clearServerFolder(folder: string): Promise<void> {
  const pid = postmasterOf(join(folder, 'data'))
  if (pid !== undefined) {
    kill(pid, 'SIGQUIT')
    kill(pid, 'SIGCONT')
    await waitFor(() => !alive(pid), { timeout: 5_000 }).catch(() => kill(pid, 'SIGKILL'))
  }
  const java = javaServerOf(folder)
  if (java !== undefined) {
    kill(java, 'SIGKILL')
    await waitFor(() => !alive(java), { timeout: 5_000 }).catch(() => undefined)
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  rmSync(ownerFile(folder), { force: true })
}

/** Clears what processes that are gone have left: for the case that the watchdog was killed as well. */
export async function sweepLeftovers(): Promise<void> {
  for (const name of readdirSync(runFolder())) {
    if (!name.endsWith('.owner')) continue
    const file = join(runFolder(), name)
    try {
      const owner = Number(readFileSync(file, 'utf8'))
      if (owner > 0 && !alive(owner)) await clearServerFolder(file.slice(0, -'.owner'.length))
    } catch {
      // another process sweeps as well, and was faster
    }
  }
}

/** Its process id, when that process really is this directory's server: ids are used again. */
function postmasterOf(data: string): number | undefined {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  return pid > 0 && commandLine(pid).includes(data) ? pid : undefined
}

/** A broker or registry: its folder is its working directory and in its settings. */
function javaServerOf(folder: string): number | undefined {
  const file = join(folder, 'server.pid')
  if (!existsSync(file)) return undefined
  const pid = Number(readFileSync(file, 'utf8'))
  return pid > 0 && commandLine(pid).includes(folder) ? pid : undefined
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // gone already
  }
}
