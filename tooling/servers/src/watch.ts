import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { noteOwner, sweepLeftovers } from './leftovers.ts'

let watchdog: Promise<ChildProcess> | undefined

/** From here on the folder and the server in it are removed when this process ends, even by SIGKILL. */
export async function watch(folder: string): Promise<void> {
  noteOwner(folder)
  watchdog ??= startWatchdog()
  ;(await watchdog).stdin?.write(`+${folder}\n`)
}

/** The folder was removed. */
export async function unwatch(folder: string): Promise<void> {
  const child = await watchdog
  child?.stdin?.write(`-${folder}\n`)
}

async function startWatchdog(): Promise<ChildProcess> {
  await sweepLeftovers()
  const script = fileURLToPath(new URL('./watchdog.ts', import.meta.url))
  // `detached`: signals to the terminal's process group end the tests and not the watchdog
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR },
  })
  await once(child, 'spawn')
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
  return child
}
