import { Buffer } from 'node:buffer'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { CdcError, failpoint } from '@cdc/core'
import type { Pack } from './compression.ts'
import { filesError } from './errors.ts'
import { coded } from './file-errors.ts'
import type { Handles } from './handles.ts'
import { LineBuffer } from './line-buffer.ts'
import { type ManifestFile, tailLength } from './manifest.ts'

/** What all files of a sink share. */
export interface OutputContext {
  readonly folder: string
  readonly handles: Handles
  readonly pack: Pack | undefined
  /** Bytes that were handed over and are not in a file yet. */
  inFlight: number
  /** Called when some of them are. */
  taken: (() => void) | undefined
  /** The first fault of a write in the background. */
  fault: CdcError | undefined
  /** Buffers for another turn. */
  readonly spare: Buffer[]
}

const smallest = 64 * 1024
const spares = 16
/** So much is written before the disk is told to begin with it, so that a flush finds little left to do. */
const backlog = 16 * 1024 * 1024

/** A file that is being written: lines gather in memory and go out in large pieces, one after the other. */
export class OutputFile {
  readonly series: string
  /** What it will be called when it is finished, below the folder. */
  readonly name: string
  readonly begun: number
  /** What it is called now, below the folder. */
  file: string
  /** Nothing more is added to it. */
  full = false
  /** When a line was last added, in milliseconds since 1970. */
  lastLine: number
  readonly #context: OutputContext
  #buffer: LineBuffer | undefined
  #queue: Promise<void> = Promise.resolve()
  #exists: boolean
  #size: number
  #onTheWay = 0
  #backlog = 0
  #syncing: Promise<void> = Promise.resolve()
  #inode: number | undefined
  #good: number
  #tail: Buffer

  /** `known`: it is in the manifest, with `tail` as its last bytes. */
  constructor(context: OutputContext, file: Omit<ManifestFile, 'tail'>, tail?: Buffer) {
    this.#context = context
    this.series = file.series
    this.name = file.name
    this.file = file.file
    this.begun = file.begun
    this.lastLine = Date.now()
    this.#exists = tail !== undefined
    this.#size = file.size
    this.#good = file.size
    this.#tail = tail ?? Buffer.alloc(0)
  }

  /** Is it followed by another one of the series when it is finished? Else it is written on for ever. */
  get rolls(): boolean {
    return this.series.includes('${sequence}')
  }

  get path(): string {
    return join(this.#context.folder, this.file)
  }

  /** Bytes in the file. Those on their way count where it is known how many they will be. */
  get size(): number {
    return this.#context.pack === undefined ? this.#size + this.#onTheWay : this.#size
  }

  /** Bytes that the manifest says are good. */
  get good(): number {
    return this.#good
  }

  get buffered(): number {
    return this.#buffer?.used ?? 0
  }

  /** Has it more than the manifest knows? */
  get dirty(): boolean {
    return this.#size > this.#good || this.buffered > 0
  }

  get exists(): boolean {
    return this.#exists
  }

  /** Where lines are added. */
  get buffer(): LineBuffer {
    this.#buffer ??= new LineBuffer(this.#context.spare.pop() ?? Buffer.allocUnsafeSlow(smallest))
    return this.#buffer
  }

  /** Sends what has gathered on its way. A fault is kept in the context. */
  writeOut(): void {
    const buffer = this.#buffer
    if (buffer === undefined || buffer.used === 0) return
    this.#buffer = undefined
    this.lastLine = Date.now()
    const context = this.#context
    const bytes = buffer.filled
    context.inFlight += bytes.length
    this.#onTheWay += bytes.length
    // packing goes on in other threads, for several pieces side by side
    const packed = context.pack?.(bytes)
    packed?.catch(() => undefined)
    this.#queue = this.#queue
      .then(async () => {
        if (context.fault === undefined) await this.#write(packed === undefined ? bytes : await packed)
      })
      .catch((error: unknown) => {
        context.fault ??= CdcError.from(error)
      })
      .finally(() => {
        context.inFlight -= bytes.length
        context.taken?.()
        this.#onTheWay -= bytes.length
        if (context.spare.length < spares && buffer.whole.length <= 4 * 1024 * 1024) context.spare.push(buffer.whole)
      })
  }

  /** When everything that was sent on its way is written, or has failed. */
  async settled(): Promise<void> {
    await this.#queue
    await this.#syncing
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await failpoint('files.write')
    const { path } = this
    await coded('write to', path, () =>
      this.#context.handles.use(path, !this.#exists, async (handle, inode) => {
        this.#exists = true
        this.#inode ??= inode
        for (let from = 0; from < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, from, bytes.length - from)
          from += bytesWritten
          this.#size += bytesWritten
        }
      }),
    )
    this.#tail = tailOf(this.#tail, bytes)
    this.#backlog += bytes.length
    if (this.#backlog < backlog) return
    this.#backlog = 0
    // writing goes on meanwhile; the flush syncs again, and closing waits
    this.#syncing = this.sync().catch((error: unknown) => {
      this.#context.fault ??= CdcError.from(error)
    })
  }

  /** Makes what was written durable. */
  async sync(): Promise<void> {
    const { path } = this
    await coded('sync', path, () => this.#context.handles.use(path, false, (handle) => handle.datasync()))
  }

  /** Is it still the file that was written, and only by us? */
  verify(): void {
    const { path } = this
    const found = statSync(path, { throwIfNoEntry: false })
    const same = found?.ino === this.#inode
    if (same && found?.size === this.#size) return
    const what =
      found === undefined
        ? 'is gone'
        : !same
          ? 'was replaced by another one'
          : `has ${found.size} bytes, and ${this.#size} were written`
    const code = same && found !== undefined && found.size > this.#size ? 'FILES_CONFLICT' : 'FILE_CHANGED'
    throw filesError(code, { message: `The file ${path} ${what}.`, where: { file: path } })
  }

  /** All that is written is in the manifest now. */
  commit(): void {
    this.#good = this.#size
  }

  /** What the manifest is to say of it, once it has its name. */
  entry(file: string): ManifestFile {
    const { series, name, begun } = this
    return { series, file, name, size: this.#size, tail: crc32(this.#tail), begun }
  }
}

function tailOf(before: Buffer, bytes: Uint8Array): Buffer {
  const last = bytes.subarray(-tailLength)
  if (last.length === tailLength) return Buffer.from(last)
  return Buffer.concat([before, last]).subarray(-tailLength)
}
