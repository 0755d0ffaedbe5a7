import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { discard, publish } from './durable-file.ts'
import { stateError } from './errors.ts'
import { errno } from './file-errors.ts'
import { liveness, type ProcessIdentity, thisProcess } from './process-identity.ts'

/** Who has a lease. */
interface Holder extends ProcessIdentity {
  readonly token: string
  /** ISO text. For people: no decision hangs on a clock. */
  readonly since: string
}
type Lock = { readonly status: 'held'; readonly holder: Holder } | { readonly status: 'free' | 'damaged' | 'gone' }

/**
 * The right of one process to a directory: files `lock-<n>`, of which the highest counts. Taking the lease means to
 * be the one that creates `lock-<n+1>`; giving it back, to mark one's own as free. The highest file is never
 * removed, so that a process that looked long ago cannot take the lease of one that came since.
 */
export class Lease {
  readonly #directory: string
  readonly #number: number
  readonly #token: string

  private constructor(directory: string, number: number, token: string) {
    this.#directory = directory
    this.#number = number
    this.#token = token
  }

  /** Throws STATE_LOCKED when a live process has it, or one that cannot be looked at. */
  static async take(directory: string, pipeline: string): Promise<Lease> {
    const holder: Holder = { ...thisProcess(), token: randomUUID(), since: new Date().toISOString() }
    for (let attempt = 1; ; attempt++) {
      const highest = await highestLock(directory)
      const lock: Lock = highest === 0 ? { status: 'free' } : await readLock(lockFile(directory, highest))
      if (attempt === 100) throw contended(pipeline, directory)
      if (lock.status === 'gone') continue
      if (lock.status === 'held') refuseIfAlive(lock.holder, holder, pipeline, lockFile(directory, highest))
      const number = highest + 1
      if (!(await createLock(directory, number, holder))) continue
      if ((await highestLock(directory)) === number) {
        for (let older = highest; older > 0 && older > highest - 3; older--) await discard(lockFile(directory, older))
        return new Lease(directory, number, holder.token)
      }
      await discard(lockFile(directory, number))
    }
  }

  /** Is it still ours? False when a person removed the lock or another process took it over. */
  async isHeld(): Promise<boolean> {
    if ((await highestLock(this.#directory)) !== this.#number) return false
    const lock = await readLock(lockFile(this.#directory, this.#number))
    return lock.status === 'held' && lock.holder.token === this.#token
  }

  /** Gives it back, if it is still ours. */
  async release(): Promise<void> {
    const held = await this.isHeld().catch((error: unknown) => {
      // the directory is gone, and the lease with it
      if (errno(error) === 'ENOENT') return false
      throw error
    })
    if (!held) return
    const file = lockFile(this.#directory, this.#number)
    const temporary = join(this.#directory, `lock-${this.#token}.tmp`)
    try {
      await writeFile(temporary, `${JSON.stringify({ free: true, since: new Date().toISOString() })}\n`)
      await rename(temporary, file)
    } catch {
      // a full disk has room for removing
      await discard(temporary)
      await unlink(file)
    }
  }
}

const lockFile = (directory: string, number: number) => join(directory, `lock-${number}`)

/** The number of the lock that counts; 0 where there is none. */
async function highestLock(directory: string): Promise<number> {
  let highest = 0
  for (const name of await readdir(directory)) {
    const number = /^lock-([1-9]\d*)$/.exec(name)?.[1]
    if (number !== undefined) highest = Math.max(highest, Number(number))
  }
  return highest
}

async function createLock(directory: string, number: number, holder: Holder): Promise<boolean> {
  const temporary = join(directory, `lock-${holder.token}.tmp`)
  try {
    await writeFile(temporary, `${JSON.stringify(holder)}\n`, { flush: true })
    await publish(temporary, lockFile(directory, number))
    return true
  } catch (error) {
    await discard(temporary)
    // another process was first; or it has the lease already and has tidied up our temporary file
    if (errno(error) === 'EEXIST' || errno(error) === 'ENOENT') return false
    throw error
  }
}

/** A lock appears complete, except on file systems without hard links: so a damaged one is read a few times. */
async function readLock(file: string): Promise<Lock> {
  for (let attempt = 1; ; attempt++) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (errno(error) === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) return { status: 'gone' }
    const lock = parseLock(text)
    if (lock.status !== 'damaged' || attempt === 5) return lock
    await delay(100)
  }
}

function parseLock(text: string): Lock {
  try {
    const value = JSON.parse(text)
    if (value.free === true) return { status: 'free' }
    if (typeof value.pid === 'number' && typeof value.host === 'string' && typeof value.token === 'string')
      return { status: 'held', holder: value }
  } catch {
    // a machine that lost power leaves such files
  }
  return { status: 'damaged' }
}

function contended(pipeline: string, directory: string) {
  return stateError('STATE_LOCKED', {
    message: `Could not take the lease of pipeline '${pipeline}' in ${directory}: other processes took it or gave it back each time.`,
    where: { pipeline, file: directory },
  })
}

function refuseIfAlive(holder: Holder, self: ProcessIdentity, pipeline: string, file: string): void {
  const state = liveness(holder, self)
  if (state === 'dead') return
  const { pid, host, since } = holder
  const own = state === 'alive' && pid === self.pid
  const who = own ? `this process (pid ${pid})` : `process ${pid} on host '${host}'`
  throw stateError('STATE_LOCKED', {
    message: `Pipeline '${pipeline}' is running already: ${who} has held its state since ${since}.`,
    hint:
      state === 'alive'
        ? `Stop ${own ? 'that pipeline' : `process ${pid}`} first, or give this pipeline another name or state directory.`
        : `This is another host ('${self.host}'), so it cannot be seen whether that process still runs. If it does not, remove ${file} and start again.`,
    where: { pipeline, file },
  })
}
