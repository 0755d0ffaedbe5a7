import { Buffer } from 'node:buffer'

const newline = 10
/** Characters that are encoded in one go: a call for each line would cost as much as its bytes. */
const atOnce = 32 * 1024

/** Lines on their way to a file. Texts gather, and are encoded straight into it. */
export class LineBuffer {
  #bytes: Buffer
  #used = 0
  /** Lines that are not encoded yet. */
  #text = ''

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Bytes, or nearly: of a text that is not encoded yet, characters count. */
  get used(): number {
    return this.#used + this.#text.length
  }

  get filled(): Buffer {
    this.#encode()
    return this.#bytes.subarray(0, this.#used)
  }

  /** The whole buffer, for another turn. */
  get whole(): Buffer {
    return this.#bytes
  }

  addText(line: string): void {
    this.#text += `${line}\n`
    if (this.#text.length >= atOnce) this.#encode()
  }

  addBytes(line: Uint8Array): void {
    this.#encode()
    if (this.#used + line.length + 1 > this.#bytes.length) this.#grow(line.length + 1)
    this.#bytes.set(line, this.#used)
    this.#used += line.length
    this.#bytes[this.#used++] = newline
  }

  #encode(): void {
    const text = this.#text
    if (text === '') return
    this.#text = ''
    // a UTF-16 unit takes three bytes at most
    if (this.#used + text.length * 3 > this.#bytes.length) this.#grow(Buffer.byteLength(text))
    this.#used += this.#bytes.write(text, this.#used)
  }

  #grow(room: number): void {
    const needed = this.#used + room
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
