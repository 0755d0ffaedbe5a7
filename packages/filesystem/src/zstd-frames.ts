import { filesError } from './errors.ts'

const magic = 0xfd2fb528
const skippable = 0x184d2a50

/**
 * Finds where zstd frames end, since Node's decompressor takes one frame only. Fed with pieces of a file as they come.
 * The format: RFC 8878, section 3.1.
 */
export class ZstdFrames {
  /** Bytes of a header that is not whole yet. */
  #header = Buffer.alloc(0)
  /** Bytes of a block, or of the checksum, still to pass over. */
  #skip = 0
  #state: 'frame' | 'block' | 'last' = 'frame'
  #checksum = false

  /** How far from `from` this frame goes in these bytes, and whether it ends there. */
  next(bytes: Buffer, from: number): { readonly end: number; readonly complete: boolean } {
    let at = from
    for (;;) {
      const passed = Math.min(this.#skip, bytes.length - at)
      this.#skip -= passed
      at += passed
      if (this.#skip > 0) return { end: at, complete: false }
      if (this.#state === 'last') {
        this.#state = 'frame'
        return { end: at, complete: true }
      }
      const missing = this.#missing()
      if (missing > bytes.length - at) {
        this.#header = Buffer.concat([this.#header, bytes.subarray(at)])
        return { end: bytes.length, complete: false }
      }
      this.#header = Buffer.concat([this.#header, bytes.subarray(at, at + missing)])
      at += missing
      if (this.#missing() === 0) this.#take()
    }
  }

  /** How many more bytes the header needs, as far as can be told. */
  #missing(): number {
    const header = this.#header
    if (this.#state === 'block') return 3 - header.length
    if (header.length < 5) return 5 - header.length
    if (isSkippable(header)) return 8 - header.length
    if (header.readUInt32LE() !== magic) throw damaged()
    const flags = header[4]!
    const single = (flags & 0x20) !== 0
    const dictionary = [0, 1, 2, 4][flags & 3]!
    const size = [single ? 1 : 0, 2, 4, 8][flags >> 6]!
    return 5 + (single ? 0 : 1) + dictionary + size - header.length
  }

  #take(): void {
    const header = this.#header
    this.#header = Buffer.alloc(0)
    if (this.#state === 'frame') {
      if (isSkippable(header)) {
        this.#skip = header.readUInt32LE(4)
        this.#state = 'last'
        return
      }
      this.#checksum = (header[4]! & 4) !== 0
      this.#state = 'block'
      return
    }
    const block = header.readUIntLE(0, 3)
    const kind = (block >> 1) & 3
    if (kind === 3) throw damaged()
    const last = (block & 1) === 1
    this.#skip = (kind === 1 ? 1 : block >> 3) + (last && this.#checksum ? 4 : 0)
    this.#state = last ? 'last' : 'block'
  }
}

const isSkippable = (header: Buffer) => (header.readUInt32LE() & 0xfffffff0) >>> 0 === skippable

function damaged(): Error {
  return filesError('FILE_DAMAGED', { message: 'There is no zstd frame where one should begin.' })
}
