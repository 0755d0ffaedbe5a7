import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { waitFor } from '../wait-for.ts'

/**
 * Runs `work` while no other process runs one under the same name; the lock is a file with the process id of who holds
 * it, so that one whose holder is gone counts for nothing.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await waitFor(() => take(file), { timeout: 900_000, interval: 100, describe: `the lock ${file}` })
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!holderLives(file)) rmSync(file, { force: true })
    return false
  }
}

function holderLives(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    // just made and not yet written
    if (pid === 0) return true
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
