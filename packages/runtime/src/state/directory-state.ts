import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readdir, readFile, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { failpoint, type StateStore, type StateStoreFactory } from '@cdc/core'
import { discard, makeDirectory, publish, syncDirectory } from './durable-file.ts'
import { stateError } from './errors.ts'
import { errno, fileError } from './file-errors.ts'
import { fileName } from './file-name.ts'
import { Lease } from './lease.ts'
import { decodeStateFile, encodeStateFile, STATE_FORMAT, type StateFile } from './state-file.ts'

/** Told when the newest generation of an entry was damaged and the one before it is used. */
export interface StateWarning {
  readonly code: 'STATE_FELL_BACK'
  readonly message: string
  readonly pipeline: string
  readonly entry: string
  /** The damaged file, which stays until the next save. */
  readonly file: string
  readonly reason: string
  /** The generation that is used instead. */
  readonly generation: number
}

export interface DirectoryStateOptions {
  /** Default: a process warning (`process.emitWarning`), which Node prints on standard error. */
  readonly onWarning?: (warning: StateWarning) => void
}

/**
 * Keeps state in files: one folder a pipeline below `path`, in it one file a generation of an entry
 * (`checkpoint.17`), of which the newest two are kept. Made at the first `open`. For one machine: two hosts that
 * share the directory see each other's lock, but not whether its holder lives.
 */
export function directoryState(path: string, options: DirectoryStateOptions = {}): StateStoreFactory {
  const root = resolve(path)
  return (pipeline) => new DirectoryState(root, pipeline, options.onWarning ?? emitWarning)
}

/** The same state for one who only looks: no lease is taken and nothing is made. The pipeline may run. */
export function lookAtDirectory(path: string, pipeline: string): Pick<StateStore, 'load' | 'describe'> {
  const state = new DirectoryState(resolve(path), pipeline, () => undefined)
  return { load: (entry) => state.look(entry), describe: () => state.describe() }
}

const emitWarning = ({ message, code }: StateWarning) => process.emitWarning(message, { type: 'StateWarning', code })

/** What is known of an entry's files: the newest, and the newest that was intact when last looked at. */
interface Generations {
  readonly newest: number
  readonly intact: number
}

class DirectoryState implements StateStore {
  readonly #directory: string
  readonly #pipeline: string
  readonly #warn: (warning: StateWarning) => void
  readonly #known = new Map<string, Generations>()
  #lease: Lease | undefined
  /** The last call that writes: each waits for the one before, whatever the caller does. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(root: string, pipeline: string, warn: (warning: StateWarning) => void) {
    this.#directory = join(root, fileName(pipeline))
    this.#pipeline = pipeline
    this.#warn = warn
  }

  describe(): string {
    return `directory ${this.#directory}`
  }

  async open(): Promise<void> {
    await this.#doing('open the state', async () => {
      await failpoint('state.open')
      await makeDirectory(this.#directory)
      this.#lease = await Lease.take(this.#directory, this.#pipeline)
      // what a killed process was writing
      for (const name of await readdir(this.#directory)) {
        if (name.endsWith('.tmp')) await discard(join(this.#directory, name))
      }
    })
  }

  load(entry: string): Promise<string | undefined> {
    return this.#serially(() => this.#doing(`load '${entry}'`, () => this.#load(entry)))
  }

  save(entry: string, text: string): Promise<void> {
    return this.#serially(() => this.#doing(`save '${entry}'`, () => this.#save(entry, text)))
  }

  clear(): Promise<void> {
    return this.#serially(() => this.#doing('clear the state', () => this.#clear()))
  }

  async close(): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    await this.#last
    if (lease !== undefined) await this.#doing('give the lease back', () => lease.release())
  }

  /** What is saved, for one who does not hold the lease: the pipeline may run. */
  look(entry: string): Promise<string | undefined> {
    return this.#doing(`look at '${entry}'`, async () => {
      for (;;) {
        if (!existsSync(this.#directory)) return undefined
        try {
          return await this.#read(entry)
        } catch (thrown) {
          // the pipeline has saved and discarded what we were about to read
          if (errno(thrown) !== 'ENOENT') throw thrown
        }
      }
    })
  }

  async #load(entry: string): Promise<string | undefined> {
    this.#requireOpen()
    await failpoint(entry, 'load')
    return this.#read(entry)
  }

  async #read(entry: string): Promise<string | undefined> {
    const generations = (await this.#list()).get(fileName(entry)) ?? []
    let damage: { file: string; reason: string } | undefined
    for (const generation of generations) {
      const file = this.#file(entry, generation)
      const read = this.#judge(decodeStateFile(await readFile(file)), entry, generation, file)
      if (read.status === 'corrupt') {
        damage ??= { file, reason: read.reason }
        continue
      }
      if (damage !== undefined) this.#fellBack(entry, damage, generation)
      this.#known.set(entry, { newest: generations[0]!, intact: generation })
      return read.text
    }
    if (damage === undefined) return undefined
    throw stateError('STATE_CORRUPT', {
      message: `The state '${entry}' of pipeline '${this.#pipeline}' is damaged: ${damage.reason} (${damage.file}). No intact earlier generation is there.`,
      where: { pipeline: this.#pipeline, file: damage.file },
    })
  }

  /** Refuses what is intact but is not for us. */
  #judge(read: StateFile, entry: string, generation: number, file: string) {
    const where = { pipeline: this.#pipeline, file }
    if (read.status === 'newer')
      throw stateError('STATE_NEWER', {
        message: `The state '${entry}' of pipeline '${this.#pipeline}' has format version ${read.version}, and this program reads up to version ${STATE_FORMAT} (${file}).`,
        where,
      })
    if (read.status === 'corrupt') return read
    const { header } = read
    if (header.pipeline !== this.#pipeline)
      throw stateError('STATE_FOREIGN', {
        message: `The state in ${this.#directory} belongs to pipeline '${header.pipeline}', not to '${this.#pipeline}'.`,
        where,
      })
    if (header.entry !== entry || header.generation !== generation)
      return { status: 'corrupt', reason: `it holds generation ${header.generation} of '${header.entry}'` } as const
    return read
  }

  #fellBack(entry: string, { file, reason }: { file: string; reason: string }, generation: number): void {
    const message = `The newest state '${entry}' of pipeline '${this.#pipeline}' is damaged: ${reason} (${file}). Generation ${generation} is used instead; check the disk.`
    this.#warn({ code: 'STATE_FELL_BACK', message, pipeline: this.#pipeline, entry, file, reason, generation })
  }

  async #save(entry: string, text: string): Promise<void> {
    await this.#requireLease()
    const before = await this.#generationsFor(entry)
    const generation = before.newest + 1
    const temporary = await this.#writeTemporary(entry, generation, text)
    const file = this.#file(entry, generation)
    try {
      await failpoint(entry, 'rename')
      await publish(temporary, file)
    } catch (error) {
      await discard(temporary)
      // gone: the process that took the lease over has tidied up
      if (errno(error) === 'ENOENT') await this.#requireLease()
      if (errno(error) === 'EEXIST') throw this.#conflict(`somebody else has saved generation ${generation}`)
      throw error
    }
    // the lease was ours after the file appeared, so it was ours when it did
    if (!(await this.#lease!.isHeld())) {
      await discard(file)
      throw this.#conflict('another process has taken the lease over')
    }
    this.#known.set(entry, { newest: generation, intact: generation })
    await failpoint(entry, 'dirsync')
    await syncDirectory(this.#directory)
    await failpoint(entry, 'previous')
    // only now is the generation before the last one of no use any more
    await this.#discardGenerations(entry, generation, before.intact)
  }

  /** What the save builds on. Somebody else's save since then is a conflict. */
  async #generationsFor(entry: string): Promise<Generations> {
    const newest = (await this.#list()).get(fileName(entry))?.[0] ?? 0
    const known = this.#known.get(entry) ?? { newest, intact: newest }
    if (known.newest === newest) return known
    throw this.#conflict(`generation ${known.newest} of '${entry}' was expected, and the newest is ${newest}`)
  }

  /** Writes and flushes; leaves nothing behind when that fails. */
  async #writeTemporary(entry: string, generation: number, text: string): Promise<string> {
    const temporary = `${this.#file(entry, generation)}.${randomUUID()}.tmp`
    await failpoint(entry, 'write')
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(encodeStateFile({ pipeline: this.#pipeline, entry, generation }, text))
      await failpoint(entry, 'fsync')
      await handle.sync()
      await handle.close()
    } catch (error) {
      await handle.close().catch(() => {})
      await discard(temporary)
      throw error
    }
    return temporary
  }

  async #discardGenerations(entry: string, ...kept: number[]): Promise<void> {
    for (const generation of (await this.#list()).get(fileName(entry)) ?? []) {
      if (!kept.includes(generation)) await discard(this.#file(entry, generation))
    }
  }

  async #clear(): Promise<void> {
    await this.#requireLease()
    for (const [name, generations] of await this.#list()) {
      // the oldest first: a crash in between must not bring an older generation to light
      for (const generation of generations.toReversed()) await unlink(join(this.#directory, `${name}.${generation}`))
    }
    this.#known.clear()
    await syncDirectory(this.#directory)
  }

  /** The generations of each entry (by file name), the newest first. */
  async #list(): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    for (const name of await readdir(this.#directory)) {
      const match = /^([a-z0-9_%~-]+)\.([1-9]\d{0,14})$/.exec(name)
      if (match === null) continue
      const list = found.get(match[1]!)
      if (list === undefined) found.set(match[1]!, [Number(match[2])])
      else list.push(Number(match[2]))
    }
    for (const list of found.values()) list.sort((a, b) => b - a)
    return found
  }

  #file(entry: string, generation: number): string {
    return join(this.#directory, `${fileName(entry)}.${generation}`)
  }

  #requireOpen(): Lease {
    if (this.#lease !== undefined) return this.#lease
    throw stateError('STATE_NOT_OPEN', { message: `The state of pipeline '${this.#pipeline}' is not open.` })
  }

  async #requireLease(): Promise<void> {
    if (!(await this.#requireOpen().isHeld()))
      throw this.#conflict('another process has taken the lease over, or its lock file was removed')
  }

  #conflict(reason: string) {
    return stateError('STATE_CONFLICT', {
      message: `The state of pipeline '${this.#pipeline}' in ${this.#directory} is no longer this process's: ${reason}.`,
      where: { pipeline: this.#pipeline, file: this.#directory },
    })
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }

  async #doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw fileError(error, what, this.#directory)
    }
  }
}
