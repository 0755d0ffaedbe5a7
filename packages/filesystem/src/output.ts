import { renameSync } from 'node:fs'
import { rm, truncate } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { failpoint, type Logger, type Position } from '@cdc/core'
import type { Pack } from './compression.ts'
import { syncFolder } from './durable.ts'
import { filesError } from './errors.ts'
import { coded } from './file-errors.ts'
import { prepareFolder } from './folder.ts'
import { Handles } from './handles.ts'
import type { Manifest } from './manifest.ts'
import { ManifestStore } from './manifest-store.ts'
import { manifestName, sinkMark, unfinishedName } from './naming.ts'
import { type OutputContext, OutputFile } from './output-file.ts'
import { recover } from './recovery.ts'
import { SeriesNames } from './series-names.ts'

/** When a file is finished. Bytes and milliseconds. */
export interface RollingPolicy {
  readonly size: number
  readonly age: number
  readonly idle: number
}

export interface OutputSetup {
  readonly folder: string
  readonly pipeline: string
  readonly sink: string
  /** How many folders below `folder` the files lie. */
  readonly depth: number
  readonly pack: Pack | undefined
  readonly mostOpen: number
  readonly rolling: RollingPolicy
  /** Format and kind of line. */
  readonly lines: string
  readonly logger: Logger
}

/** Bytes of lines that go to a file in one piece. */
const pieceSize = 512 * 1024
/** Bytes on their way to files before a writer waits, until half of them are there. */
const mostInFlight = 8 * 1024 * 1024
const syncsAtOnce = 8

/** The files of one sink: the open ones, and the manifest that says how far they are good. */
export class Output {
  readonly #setup: OutputSetup
  readonly #store: ManifestStore
  readonly #mark: string
  readonly #context: OutputContext
  readonly #piece: number
  #manifest: Manifest
  /** The file of each series that lines are added to. */
  readonly #open = new Map<string, OutputFile>()
  /** Those that are full and wait for a flush to be finished. */
  #full: OutputFile[] = []
  readonly #names: SeriesNames
  /** Folders with names that are not durable yet. */
  readonly #folders = new Set<string>()

  constructor(setup: OutputSetup) {
    const { folder, pipeline, sink, pack, mostOpen, lines } = setup
    this.#setup = setup
    this.#store = new ManifestStore(join(folder, manifestName(pipeline, sink)), pipeline, sink)
    this.#mark = sinkMark(pipeline, sink)
    this.#context = {
      folder,
      pack,
      handles: new Handles(mostOpen),
      inFlight: 0,
      taken: undefined,
      fault: undefined,
      spare: [],
    }
    this.#piece = Math.min(pieceSize, setup.rolling.size)
    this.#manifest = { pipeline, sink, generation: 0, position: null, lines, files: [], renames: [], sequences: {} }
    this.#names = new SeriesNames(folder, this.#store)
  }

  get position(): Position | undefined {
    return this.#manifest.position ?? undefined
  }

  /** Finds where the files stand and cuts back what was not flushed. */
  async open(): Promise<void> {
    const { folder, depth, logger } = this.#setup
    await prepareFolder(folder)
    const { manifest, tails } = await recover({
      folder,
      depth,
      logger,
      store: this.#store,
      mark: this.#mark,
      empty: this.#manifest,
    })
    this.#manifest = { ...manifest, lines: this.#setup.lines }
    this.#names.learn(manifest.sequences)
    for (const entry of manifest.files) {
      const file = new OutputFile(this.#context, entry, tails.get(entry.file)!)
      const other = manifest.lines !== this.#setup.lines
      if (other && !file.rolls) throw formatChanged(file.path, manifest.lines, this.#setup.lines)
      if (other || this.#open.has(file.series)) this.#retire(file)
      else this.#open.set(file.series, file)
    }
  }

  /** The file that the next line of a series goes to. */
  async fileOf(series: string): Promise<OutputFile> {
    const known = this.#open.get(series)
    if (known !== undefined) return known
    const name = await this.#names.next(series)
    const begun = Date.now()
    const file = new OutputFile(this.#context, { series, name, file: unfinishedName(name, this.#mark), size: 0, begun })
    this.#open.set(series, file)
    for (let below = posix.dirname(name); ; below = posix.dirname(below)) {
      this.#folders.add(join(this.#setup.folder, below))
      if (below === '.') return file
    }
  }

  /** After lines were added: sends them on their way when there are enough of them. True: wait for `drain`. */
  added(file: OutputFile): boolean {
    if (file.buffered < this.#piece) return false
    file.writeOut()
    if (file.size >= this.#setup.rolling.size && file.rolls && !file.full) this.#retire(file)
    return this.#context.inFlight > mostInFlight
  }

  /** Waits until files have taken a good part of what is on its way. Throws what writing has thrown. */
  async drain(): Promise<void> {
    const waiter = Promise.withResolvers<void>()
    this.#context.taken = () => {
      if (this.#context.inFlight <= mostInFlight / 2) waiter.resolve()
    }
    this.#context.taken()
    await waiter.promise
    this.#checkFault()
  }

  #checkFault(): void {
    if (this.#context.fault !== undefined) throw this.#context.fault
  }

  #retire(file: OutputFile): void {
    file.full = true
    if (this.#open.get(file.series) === file) this.#open.delete(file.series)
    this.#full.push(file)
  }

  /** Makes everything durable with the position, in one atomic step. `finish`: no file stays open. */
  async commit(position: Position, finish = false): Promise<void> {
    this.#checkFault()
    const files = [...this.#full, ...this.#open.values()]
    for (const file of files) file.writeOut()
    await Promise.all(files.map((file) => file.settled()))
    this.#checkFault()
    const written = files.filter((file) => file.dirty)
    for (const file of files) if (!file.full && file.rolls && (finish || this.#isDone(file))) this.#retire(file)
    if (written.length === 0 && this.#full.length === 0 && position === this.position) return
    await this.#syncAll(written)
    const renames = this.#renames()
    await failpoint('sink.commit')
    await this.#writeManifest(position, renames)
    // at once: whatever fails from here on, nothing that the manifest speaks of may be cut off
    for (const file of written) file.commit()
    await failpoint('sink.committed')
    await this.#rename(renames)
  }

  #isDone(file: OutputFile): boolean {
    const { size, age, idle } = this.#setup.rolling
    if (!file.exists) return false
    const now = Date.now()
    return file.size >= size || now - file.begun >= age || now - file.lastLine >= idle
  }

  async #syncAll(files: readonly OutputFile[]): Promise<void> {
    await failpoint('files.sync')
    for (let from = 0; from < files.length; from += syncsAtOnce) {
      const some = files.slice(from, from + syncsAtOnce)
      await Promise.all(some.map((file) => file.sync()))
    }
    for (const file of files) file.verify()
    for (const folder of this.#folders) await coded('sync the folder', folder, () => syncFolder(folder))
    this.#folders.clear()
  }

  /** Finished files get their names, and so do those that are written on under their own name. */
  #renames(): (readonly [OutputFile, string])[] {
    const goingOn = [...this.#open.values()].filter((file) => !file.rolls)
    return [...this.#full, ...goingOn]
      .filter((file) => file.exists && file.file !== file.name)
      .map((file) => [file, file.file])
  }

  async #writeManifest(position: Position, renames: readonly (readonly [OutputFile, string])[]): Promise<void> {
    const { pipeline, sink, lines } = this.#setup
    const named = new Set(renames.map(([file]) => file))
    const manifest: Manifest = {
      pipeline,
      sink,
      generation: this.#manifest.generation + 1,
      position,
      lines,
      files: [...this.#open.values()]
        .filter((file) => file.exists)
        .map((file) => file.entry(named.has(file) ? file.name : file.file)),
      renames: renames.map(([file, from]) => [from, file.name]),
      sequences: this.#names.sequences((series) => this.#open.has(series)),
    }
    await this.#store.write(manifest)
    this.#manifest = manifest
  }

  async #rename(renames: readonly (readonly [OutputFile, string])[]): Promise<void> {
    for (const file of this.#full) await this.#context.handles.close(file.path)
    this.#full = []
    for (const [file, from] of renames) {
      const [old, path] = [join(this.#setup.folder, from), join(this.#setup.folder, file.name)]
      await this.#context.handles.close(old)
      await failpoint('files.rename')
      await coded('rename', old, async () => renameSync(old, path))
      file.file = file.name
      this.#folders.add(dirname(path))
    }
  }

  /** Finishes files whose time has come while nothing happens. Only between flushes: it does nothing with lines. */
  async rollIdle(): Promise<void> {
    const files = [...this.#open.values()]
    const { position } = this
    if (position === undefined || files.some((file) => file.dirty)) return
    if (files.some((file) => file.rolls && this.#isDone(file))) await this.commit(position)
  }

  /**
   * Leaves the files as they were flushed. Where nothing is left over, they are finished; what was not flushed is cut
   * off. Never throws: the next start does what could not be done now.
   */
  async close(healthy: boolean): Promise<void> {
    const files = [...this.#full, ...this.#open.values()]
    await Promise.all(files.map((file) => file.settled()))
    const dirty = files.filter((file) => file.dirty)
    const { position } = this
    try {
      if (healthy && dirty.length === 0 && position !== undefined) await this.commit(position, true)
      await this.#context.handles.closeAll()
      if (dirty.length > 0) await this.#dropUnflushed(dirty)
    } catch (error) {
      this.#setup.logger.debug({ error: String(error) }, 'Files were left for the next start to tidy up')
    } finally {
      await this.#context.handles.closeAll()
    }
  }

  async #dropUnflushed(files: readonly OutputFile[]): Promise<void> {
    // they are another process's by now
    this.#store.checkOwn()
    for (const file of files) {
      if (file.good > 0) await truncate(file.path, file.good)
      else if (file.exists) await rm(file.path, { force: true })
    }
  }
}

function formatChanged(file: string, before: string, now: string): Error {
  const message = `The file ${file} holds lines of ${before}, and this pipeline writes ${now}.`
  return filesError('FORMAT_CHANGED', { message, where: { file } })
}
