/**
 * Random numbers that depend on nothing but a seed and the number of a row, so that a row comes out the same
 * whenever it is made again. The generator is sfc32 (Chris Doty-Humphrey, PractRand).
 */
export class RowRandom {
  readonly #seed: number
  #a = 0
  #b = 0
  #c = 0
  #counter = 0

  constructor(seed: number) {
    this.#seed = Math.imul(seed | 0, 0x9e3779b1) ^ Math.floor(seed / 0x1_0000_0000)
  }

  /** Begins a row. */
  start(row: number): void {
    this.#a = this.#seed
    this.#b = row | 0
    this.#c = Math.floor(row / 0x1_0000_0000)
    this.#counter = 1
    for (let round = 0; round < 12; round++) this.word()
  }

  /** A whole number from 0 to 2^32 - 1. */
  word(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  /** From 0 to below 1, with all 53 bits. */
  fraction(): number {
    return ((this.word() >>> 5) * 0x400_0000 + (this.word() >>> 6)) / 0x20_0000_0000_0000
  }

  /** A whole number from `min` to `max`, both included; their distance is below 2^53. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1))
  }

  /** The same for any distance. */
  bigint(min: bigint, max: bigint): bigint {
    const range = max - min + 1n
    let value = 0n
    // 64 bits more than the range has, so that the modulo favours nothing that one could see
    for (let bound = 1n; bound < range << 64n; bound <<= 32n) value = (value << 32n) | BigInt(this.word())
    return min + (value % range)
  }
}
