import { statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { readIfThere, replaceFile, stampOf } from './durable.ts'
import { filesError } from './errors.ts'
import { coded } from './file-errors.ts'
import { decodeManifest, encodeManifest, type Manifest } from './manifest.ts'

/** The manifest of one sink on the disk, and who wrote it last. */
export class ManifestStore {
  readonly file: string
  readonly #pipeline: string
  readonly #sink: string
  /** The file as this instance last read or wrote it. */
  #stamp: string | undefined

  constructor(file: string, pipeline: string, sink: string) {
    this.file = file
    this.#pipeline = pipeline
    this.#sink = sink
  }

  /** undefined when there is none. Throws when it cannot be trusted, or is another sink's. */
  async read(): Promise<Manifest | undefined> {
    const { file } = this
    this.#stamp = this.#currentStamp()
    const bytes = await coded('read the manifest', file, () => readIfThere(file))
    if (bytes === undefined) return undefined
    const manifest = decodeManifest(bytes, file)
    if (manifest.pipeline === this.#pipeline && manifest.sink === this.#sink) return manifest
    const message = `The manifest ${file} belongs to sink '${manifest.sink}' of pipeline '${manifest.pipeline}', and this is sink '${this.#sink}' of pipeline '${this.#pipeline}'.`
    throw filesError('MANIFEST_FOREIGN', { message, where: { file } })
  }

  /** Throws FILES_CONFLICT when it is no longer as this instance left it. */
  checkOwn(): void {
    if (this.#currentStamp() === this.#stamp) return
    const message = `The manifest ${this.file} was written by another process since this one last did.`
    throw filesError('FILES_CONFLICT', { message, where: { file: this.file } })
  }

  /** Replaces it, unless somebody else has done so. */
  async write(manifest: Manifest): Promise<void> {
    this.checkOwn()
    const bytes = encodeManifest(manifest)
    this.#stamp = await coded('write the manifest', this.file, () => replaceFile(this.file, bytes))
  }

  async remove(): Promise<void> {
    await coded('remove the manifest', this.file, () => rm(this.file, { force: true }))
  }

  #currentStamp(): string | undefined {
    const found = statSync(this.file, { bigint: true, throwIfNoEntry: false })
    return found && stampOf(found)
  }
}
