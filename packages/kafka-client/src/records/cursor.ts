import type { Buffer } from 'node:buffer'
import type { Header } from '../port.ts'

const noHeaders: readonly Header[] = []

/** Reads what records are made of (https://kafka.apache.org/documentation/#record). */
export class Cursor {
  readonly #data: Buffer
  at: number

  constructor(data: Buffer, at: number) {
    this.#data = data
    this.at = at
  }

  /** Zigzag. Exact up to 2^52. */
  varint(): number {
    const data = this.#data
    let byte = data[this.at++]!
    let raw = byte & 0x7f
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      byte = data[this.at++]!
      raw += (byte & 0x7f) * factor
    }
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
  }

  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    const begin = this.at
    this.at += length
    return this.#data.subarray(begin, this.at)
  }

  headers(): readonly Header[] {
    const count = this.varint()
    if (count === 0) return noHeaders
    return Array.from({ length: count }, (): Header => [this.bytes()?.toString() ?? '', this.bytes()])
  }
}
