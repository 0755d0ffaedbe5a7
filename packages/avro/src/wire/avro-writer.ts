/** Records are cut from chunks of this size; a larger record gets a chunk of its own. */
const CHUNK = 64 * 1024

/** Within these a zigzagged number is a whole double. */
const SAFE = 2 ** 52

/**
 * Writes Avro's binary encoding (Avro 1.12, "Binary Encoding"). What `end` has handed out is never written to again, so
 * records can be kept. One record at a time.
 */
export class AvroWriter {
  #buffer = Buffer.allocUnsafeSlow(CHUNK)
  #start = 0
  #at = 0

  /** Begins a record. What was begun and not ended (its encoder threw) is dropped. */
  begin(): void {
    this.#at = this.#start
  }

  /** The bytes since `begin`. */
  end(): Buffer {
    const bytes = this.#buffer.subarray(this.#start, this.#at)
    this.#start = this.#at
    return bytes
  }

  byte(value: number): void {
    if (this.#at === this.#buffer.length) this.#grow(1)
    this.#buffer[this.#at++] = value
  }

  boolean(value: boolean): void {
    this.byte(value ? 1 : 0)
  }

  /** Avro's int, and any long that is a safe integer. */
  long(value: number): void {
    if (this.#at + 10 > this.#buffer.length) this.#grow(10)
    const buffer = this.#buffer
    if (value < 64 && value >= -64) {
      buffer[this.#at++] = value >= 0 ? value << 1 : (~value << 1) | 1
      return
    }
    if (value >= SAFE || value <= -SAFE) {
      this.bigLong(BigInt(value))
      return
    }
    let rest = value >= 0 ? value * 2 : value * -2 - 1
    let at = this.#at
    while (rest >= 0x80000000) {
      buffer[at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      buffer[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    buffer[at++] = rest
    this.#at = at
  }

  /** A long of nanoseconds, given in microseconds since 1970 (not before): no double holds it, and a bigint is slow. */
  nanos(micros: number): void {
    if (this.#at + 10 > this.#buffer.length) this.#grow(10)
    const high = Math.floor(micros / 0x200000)
    // 2000: a thousand, and twice for the sign
    const low = (micros - high * 0x200000) * 2000
    const carry = Math.floor(low / 0x200000)
    const first = low - carry * 0x200000
    let rest = high * 2000 + carry
    const buffer = this.#buffer
    if (rest === 0) {
      this.long(micros * 1000)
      return
    }
    let at = this.#at
    buffer[at++] = (first & 0x7f) | 0x80
    buffer[at++] = ((first >>> 7) & 0x7f) | 0x80
    buffer[at++] = (first >>> 14) | 0x80
    while (rest >= 0x80) {
      buffer[at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    buffer[at++] = rest
    this.#at = at
  }

  bigLong(value: bigint): void {
    const small = Number(value)
    if (small < SAFE && small > -SAFE) {
      this.long(small)
      return
    }
    if (this.#at + 10 > this.#buffer.length) this.#grow(10)
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest >= 0x80n) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.#at++] = Number(rest)
  }

  float(value: number): void {
    if (this.#at + 4 > this.#buffer.length) this.#grow(4)
    // as Float.floatToIntBits: one NaN only
    this.#at = this.#buffer.writeFloatLE(value, this.#at)
  }

  double(value: number): void {
    if (this.#at + 8 > this.#buffer.length) this.#grow(8)
    this.#at = this.#buffer.writeDoubleLE(value, this.#at)
  }

  string(text: string): void {
    const { length } = text
    if (length < 48) {
      if (this.#at + length + 1 > this.#buffer.length) this.#grow(length + 1)
      const buffer = this.#buffer
      let at = this.#at
      buffer[at++] = length << 1
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 0x7f) {
          this.#longString(text)
          return
        }
        buffer[at++] = code
      }
      this.#at = at
      return
    }
    this.#longString(text)
  }

  #longString(text: string): void {
    const bytes = Buffer.byteLength(text)
    this.long(bytes)
    if (this.#at + bytes > this.#buffer.length) this.#grow(bytes)
    this.#at += this.#buffer.write(text, this.#at, bytes)
  }

  /** Avro's bytes: with their length. */
  bytes(bytes: Uint8Array): void {
    this.long(bytes.length)
    this.raw(bytes)
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#buffer.length) this.#grow(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** A whole number, given as digits with a sign, as the bytes of a decimal: big-endian two's complement, the shortest. */
  unscaled(digits: string): void {
    if (digits.length < 15) this.#smallUnscaled(Number(digits))
    else this.#largeUnscaled(BigInt(digits))
  }

  #smallUnscaled(value: number): void {
    let bytes = 1
    for (let bound = 128; value >= bound || value < -bound; bound *= 256) bytes++
    if (this.#at + bytes + 1 > this.#buffer.length) this.#grow(bytes + 1)
    const buffer = this.#buffer
    buffer[this.#at++] = bytes << 1
    let rest = value < 0 ? value + 256 ** bytes : value
    for (let at = this.#at + bytes - 1; at >= this.#at; at--) {
      buffer[at] = rest % 256
      rest = Math.floor(rest / 256)
    }
    this.#at += bytes
  }

  #largeUnscaled(value: bigint): void {
    let bytes = 1
    for (let bound = 128n; value >= bound || value < -bound; bound <<= 8n) bytes++
    const unsigned = BigInt.asUintN(bytes * 8, value)
    this.bytes(Buffer.from(unsigned.toString(16).padStart(bytes * 2, '0'), 'hex'))
  }

  /** Room for so many bytes more: what was begun moves to a new chunk. */
  #grow(more: number): void {
    const begun = this.#buffer.subarray(this.#start, this.#at)
    const grown = Buffer.allocUnsafeSlow(Math.max(CHUNK, (begun.length + more) * 2))
    grown.set(begun)
    this.#buffer = grown
    this.#start = 0
    this.#at = begun.length
  }
}
