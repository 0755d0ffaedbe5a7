import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CdcError } from '@cdc/core'
import { makeDirectory, syncDirectory } from '../state/durable-file.ts'
import { errno } from '../state/file-errors.ts'
import { fileName } from '../state/file-name.ts'
import { deadLetterError } from './errors.ts'
import { type DeadLetter, decodeLetter, encodeLetter } from './letter.ts'

const suffix = '.jsonl'
const lineFeed = 10

/** The file of one sink of a pipeline, below the directory of dead letters. */
export function deadLetterPath(directory: string, pipeline: string, sink: string): string {
  return join(directory, fileName(pipeline), `${fileName(sink)}${suffix}`)
}

/** Appends to the dead-letter file of one sink. One process at a time: whoever holds the pipeline's state. */
export class DeadLetterFile {
  readonly path: string
  readonly #directories: readonly string[]
  #file: FileHandle | undefined
  #waiting: { readonly line: string; readonly done: (error?: unknown) => void }[] = []
  #writing: Promise<void> | undefined

  constructor(directory: string, pipeline: string, sink: string) {
    this.path = deadLetterPath(directory, pipeline, sink)
    this.#directories = [directory, join(directory, fileName(pipeline))]
  }

  /** Makes file and directories where they are missing, and cuts off a line that a crash left half written. */
  async open(): Promise<void> {
    try {
      for (const directory of this.#directories) await makeDirectory(directory)
      // rows are in it: for nobody else's eyes
      this.#file = await open(this.path, 'a+', 0o600)
      await cutTornLine(this.#file)
      await syncDirectory(this.#directories[1]!)
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  /** Resolves when the letter is on the disk. Letters that come while one is written share the next fsync. */
  append(letter: DeadLetter): Promise<void> {
    const line = encodeLetter(letter)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, done: (error) => (error === undefined ? resolve() : reject(error)) })
      this.#writing ??= this.#write()
    })
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file?.close()
    this.#file = undefined
  }

  /** Never throws: each letter's own promise tells. */
  async #write(): Promise<void> {
    // one turn later, so that those which come together go together
    await undefined
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      let failure: unknown
      try {
        await this.#file!.appendFile(batch.map(({ line }) => line).join(''))
        await this.#file!.datasync()
      } catch (cause) {
        failure = this.#failed(cause)
      }
      for (const { done } of batch) done(failure)
    }
    this.#writing = undefined
  }

  #failed(cause: unknown): CdcError {
    const number = errno(cause)
    if (number === undefined) return CdcError.from(cause)
    const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(number)
    return deadLetterError(full ? 'DEAD_LETTERS_DISK_FULL' : 'DEAD_LETTERS_NOT_WRITTEN', {
      message: `The dead-letter file ${this.path} cannot be written: ${number}.`,
      where: { file: this.path },
      cause,
    })
  }
}

async function cutTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  const step = 65_536
  for (let end = size; end > 0; end -= step) {
    const start = Math.max(0, end - step)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
    const last = buffer.subarray(0, bytesRead).lastIndexOf(lineFeed)
    if (last < 0) continue
    if (start + last + 1 < size) await file.truncate(start + last + 1)
    return
  }
  if (size > 0) await file.truncate(0)
}

/** Every letter of a pipeline, by sink in the order in which they came; each once. Safe while the pipeline runs. */
export async function readDeadLetters(directory: string, pipeline: string): Promise<DeadLetter[]> {
  const folder = join(directory, fileName(pipeline))
  const letters: DeadLetter[] = []
  for (const name of await filesIn(folder)) letters.push(...(await readLetters(join(folder, name))))
  return letters
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(suffix)).sort()
  } catch (cause) {
    if (errno(cause) === 'ENOENT') return []
    throw unreadable(folder, `it cannot be listed (${errno(cause) ?? 'error'})`, cause)
  }
}

/** The letters of one file; [] where it is not there. Of repeats the first is kept, in its place. */
export async function readLetters(path: string): Promise<DeadLetter[]> {
  const letters = new Map<string, DeadLetter>()
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (cause) {
    if (errno(cause) === 'ENOENT') return []
    throw unreadable(path, `it cannot be opened (${errno(cause) ?? 'error'})`, cause)
  }
  try {
    let line = 0
    for await (const text of wholeLines(handle)) {
      line++
      const letter = readLine(path, line, text)
      if (!letters.has(letter.id)) letters.set(letter.id, letter)
    }
  } finally {
    await handle.close()
  }
  return [...letters.values()]
}

/** Leaves out what has no line feed yet: it is being written, or a crash has torn it. */
async function* wholeLines(file: FileHandle): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let at = data.indexOf(lineFeed); at >= 0; at = data.indexOf(lineFeed)) {
      yield data.toString('utf8', 0, at)
      data = data.subarray(at + 1)
    }
    rest = data
  }
}

function readLine(path: string, line: number, text: string): DeadLetter {
  try {
    return decodeLetter(text)
  } catch (cause) {
    throw unreadable(`${path}, line ${line}`, (cause as Error).message, cause)
  }
}

function unreadable(where: string, why: string, cause: unknown): CdcError {
  return deadLetterError('DEAD_LETTERS_UNREADABLE', { message: `${where} is no dead letter: ${why}.`, cause })
}

/**
 * Takes letters out of the file of a sink, by id. Only while the pipeline stands still (its state's lease is held by
 * the caller): atomic, so that a crash leaves the old file or the new one.
 */
export async function removeDeadLetters(
  directory: string,
  pipeline: string,
  sink: string,
  ids: ReadonlySet<string>,
): Promise<number> {
  const path = deadLetterPath(directory, pipeline, sink)
  const letters = await readLetters(path)
  const left = letters.filter(({ id }) => !ids.has(id))
  if (left.length === letters.length) return 0
  const folder = join(directory, fileName(pipeline))
  if (left.length === 0) await rm(path)
  else {
    const temporary = `${path}.tmp`
    const file = await open(temporary, 'w', 0o600)
    try {
      for (const letter of left) await file.appendFile(encodeLetter(letter))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  }
  await syncDirectory(folder)
  return letters.length - left.length
}
