import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Transform, type TransformCallback } from 'node:stream'
import { createGunzip, createZstdDecompress, zstdDecompress } from 'node:zlib'
import { filesError } from './errors.ts'
import { coded, errno, fileError } from './file-errors.ts'
import { ZstdFrames } from './zstd-frames.ts'

const chunkSize = 256 * 1024

/** The bytes of a file from an offset on, unpacked where its name says that it is packed. */
export async function* unpacked(path: string, offset: number): AsyncGenerator<Buffer> {
  if (/\.gz(ip)?$/i.test(path)) yield* packed(path, offset, () => createGunzip({ chunkSize }))
  else if (/\.zstd?$/i.test(path)) yield* packed(path, offset, () => new Unzstd())
  else yield* plain(path, offset)
}

/** Is it packed? Then a place in it is found only by unpacking from the beginning. */
export const isPacked = (path: string) => /\.(gz(ip)?|zstd?)$/i.test(path)

async function* plain(path: string, offset: number): AsyncGenerator<Buffer> {
  const handle: FileHandle = await coded('open', path, () => open(path, 'r'))
  try {
    for (let at = offset; ; ) {
      // not reused: what is decoded may keep pieces of it
      const buffer = Buffer.allocUnsafeSlow(chunkSize)
      const { bytesRead } = await coded('read', path, () => handle.read(buffer, 0, chunkSize, at))
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

async function* packed(path: string, offset: number, unpack: () => Transform): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: chunkSize })
  const stream = unpack()
  file.on('error', (error) => stream.destroy(error))
  file.pipe(stream)
  let skip = offset
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (skip < chunk.length) yield chunk.subarray(skip)
      skip = Math.max(0, skip - chunk.length)
    }
  } catch (error) {
    if (errno(error) !== undefined) throw fileError(error, 'read', path)
    throw new Damaged(path, error)
  } finally {
    file.destroy()
    stream.destroy()
  }
}

/** Thrown where unpacking fails; a file that is still being written ends so too. */
export class Damaged extends Error {
  readonly coded: Error

  constructor(path: string, cause: unknown) {
    super('damaged')
    const number = (cause as NodeJS.ErrnoException).code ?? 'no zstd frame'
    const message = `The file ${path} cannot be unpacked: ${number}.`
    this.coded = filesError('FILE_DAMAGED', { message, where: { file: path }, cause })
  }
}

/** Unpacks frames that follow each other, of which Node's own takes the first only. */
class Unzstd extends Transform {
  readonly #frames = new ZstdFrames()
  #frame: ReturnType<typeof createZstdDecompress> | undefined
  #failed: Error | undefined

  constructor() {
    super({ readableHighWaterMark: chunkSize })
    if (zstdDecompress === undefined)
      throw filesError('COMPRESSION_UNKNOWN', { message: `Node.js ${process.version} has no zstd.` })
  }

  override _transform(bytes: Buffer, _: string, done: TransformCallback): void {
    this.#take(bytes).then(() => done(), done)
  }

  async #take(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      const { end, complete } = this.#frames.next(bytes, from)
      this.#frame ??= this.#begin()
      const frame = this.#frame
      if (end > from && !frame.write(bytes.subarray(from, end))) await this.#drained(frame)
      if (complete) await this.#end(frame)
      from = end
    }
  }

  #begin() {
    const frame = createZstdDecompress({ chunkSize })
    frame.on('data', (chunk: Buffer) => this.push(chunk))
    frame.on('error', (error) => {
      this.#failed = error
    })
    return frame
  }

  #drained(frame: Transform): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) reject(this.#failed)
      frame.once('drain', resolve)
      frame.once('error', reject)
    })
  }

  #end(frame: Transform): Promise<void> {
    this.#frame = undefined
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) reject(this.#failed)
      frame.once('end', resolve)
      frame.once('error', reject)
      frame.end()
    })
  }

  override _flush(done: TransformCallback): void {
    const torn = this.#frame === undefined ? null : Object.assign(new Error('torn'), { code: 'unexpected end of file' })
    this.#frame?.destroy()
    done(this.#failed ?? torn)
  }
}
