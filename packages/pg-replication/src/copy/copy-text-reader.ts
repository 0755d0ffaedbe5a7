import { isAscii } from 'node:buffer'
import type { Row } from '@cdc/core'

import { decodeError } from '../decode-errors.ts'
import { rowOverhead } from '../values/cell-code.ts'
import { latin1, utf8Text } from '../values/text.ts'
import type { CopyColumn } from './copy-column.ts'
import { CopyRowReader } from './copy-row-reader.ts'
import { largeRow } from './large-row.ts'

const NEWLINE = 0x0a

/**
 * Bytes that become one string at a time. Above 128 KB V8 keeps strings in a space of their own, where they cost more
 * (`bench/copy.ts`: 245 ns a row at 256 KB, 155 at 64 KB), and it bounds what a kept cell can hold in memory.
 */
const PIECE = 64 * 1024

/** Rows longer than this are read cell by cell, each with a string of its own. */
const LARGE_ROW = 1024 * 1024

/**
 * Reads COPY text (manual, "COPY", "Text Format") as it comes from `COPY ... TO STDOUT` in UTF8: `push` each chunk,
 * then `end` once. Chunks may be cut anywhere. They may be filled anew after `push` returns.
 *
 * **Cells are slices of one string per 64 KB.** That is what makes reading fast, and it means that a text cell of 13
 * characters or more keeps its whole piece in memory. Fine for rows that live as long as their batch; whoever keeps
 * a cell longer (a key in a cache) must copy it: `Buffer.from(cell).toString()`.
 *
 * After a throw the reader is dead.
 */
export class CopyTextReader {
  readonly #columns: readonly CopyColumn[]
  readonly #rows: CopyRowReader
  readonly #overhead: number
  /** Copies of what came after the last whole row. */
  #torn: Buffer[] = []
  #count = 0
  #bytes = 0

  constructor(columns: readonly CopyColumn[]) {
    this.#columns = columns
    this.#rows = new CopyRowReader(columns)
    this.#overhead = rowOverhead(columns.map((column) => column.type))
  }

  /** Rows read so far. */
  get rows(): number {
    return this.#count
  }

  /** An estimate of the heap that all rows so far took, in bytes. Only grows: take differences. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * The rows that end in this chunk; none when it holds no end of a row.
   * @throws COPY_MALFORMED, VALUE_*
   */
  push(chunk: Buffer): Row[] {
    const rows: Row[] = []
    let from = 0
    if (this.#torn.length > 0) {
      const end = chunk.indexOf(NEWLINE)
      if (end < 0) {
        this.#torn.push(Buffer.from(chunk))
        return rows
      }
      const whole = Buffer.concat([...this.#torn, chunk.subarray(0, end + 1)])
      this.#torn = []
      this.#read(whole, 0, whole.length, rows)
      from = end + 1
    }
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (from < end) this.#read(chunk, from, end, rows)
    const left = Math.max(from, end)
    if (left < chunk.length) this.#torn.push(Buffer.from(chunk.subarray(left)))
    return rows
  }

  /** Nothing more comes. @throws COPY_TRUNCATED when the last row did not end */
  end(): void {
    if (this.#torn.length === 0) return
    const length = this.#torn.reduce((sum, part) => sum + part.length, 0)
    const message = `COPY ended in the middle of a row: after ${this.#count} rows ${length} bytes are left without a line end.`
    throw decodeError('COPY_TRUNCATED', { message })
  }

  /** Whole rows, in pieces. */
  #read(buffer: Buffer, from: number, to: number, rows: Row[]): void {
    const before = rows.length
    for (let start = from; start < to; ) {
      let end = to
      if (to - start > PIECE) {
        end = buffer.lastIndexOf(NEWLINE, start + PIECE - 1) + 1
        if (end <= start) end = buffer.indexOf(NEWLINE, start) + 1
      }
      if (end - start > LARGE_ROW)
        rows.push(largeRow(buffer, start, end - 1, this.#columns, this.#count + rows.length - before))
      else this.#rows.read(textOf(buffer, start, end), this.#count + rows.length - before, rows)
      start = end
    }
    const count = rows.length - before
    this.#count += count
    this.#bytes += to - from + count * this.#overhead
  }
}

function textOf(buffer: Buffer, from: number, to: number): string {
  return isAscii(buffer.subarray(from, to)) ? latin1(buffer, from, to) : utf8Text(buffer, from, to)
}
