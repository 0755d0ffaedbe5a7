import { setImmediate as macrotask } from 'node:timers/promises'
import {
  type Batch,
  type Cell,
  type Change,
  type Origin,
  type Position,
  type SchemaChange,
  type Source,
  type SourceContext,
  sameShape,
  type Table,
  tableName,
} from '@cdc/core'
import type { Generator } from './generators.ts'
import { formatPosition, parsePosition } from './position.ts'
import { RowRandom } from './random.ts'
import { RateLimit } from './rate-limit.ts'

export interface DatagenSpec {
  readonly table: Table
  /** One a column. */
  readonly generators: readonly Generator[]
  /** All rows there are; Infinity: no end. */
  readonly rows: number
  readonly rowsPerSecond: number
  readonly seed: number
}

/** Timers and sockets get their turn at least so often, in milliseconds. */
const slice = 10

/** Rows of an unlimited source in one batch: enough to make the cost of a batch vanish. */
const largest = 4096

/** Each row is a transaction of its own, so that it is the same one however the rows fall into batches. */
export class DatagenSource implements Source {
  readonly #spec: DatagenSpec
  readonly #context: SourceContext
  readonly #random: RowRandom
  readonly #closed = new AbortController()
  /** The largest row so far, to keep batches within their limit. */
  #bytesPerRow = 0

  constructor(spec: DatagenSpec, context: SourceContext) {
    this.#spec = spec
    this.#context = context
    this.#random = new RowRandom(spec.seed)
  }

  async open(): Promise<void> {}

  async *read(after: Position | undefined, aborted: AbortSignal): AsyncGenerator<Batch> {
    const signal = AbortSignal.any([aborted, this.#closed.signal])
    let next = after === undefined ? 0 : parsePosition(after)
    let first = true
    let turn = performance.now()
    const rate = new RateLimit(this.#spec.rowsPerSecond)
    while (next < this.#spec.rows && !signal.aborted) {
      const count = await rate.take(Math.min(this.#batchRows(), this.#spec.rows - next), signal)
      if (count === 0) return
      yield this.#batch(next, count, first)
      next += count
      first = false
      if (performance.now() - turn > slice) {
        await macrotask()
        turn = performance.now()
      }
    }
  }

  async acknowledge(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed.abort()
  }

  #batchRows(): number {
    const { rows, bytes } = this.#context.limits
    // the first batch is one row, which shows how large they are
    const room = this.#bytesPerRow === 0 ? 1 : Math.floor(bytes / this.#bytesPerRow)
    return Math.max(1, Math.min(rows, room, largest))
  }

  #batch(from: number, count: number, first: boolean): Batch {
    const { table, generators } = this.#spec
    const now = Date.now()
    const commitTime = BigInt(now) * 1000n
    const changes: Change[] = first ? [this.#schemaChange(originOf(from, commitTime))] : []
    for (let row = from; row < from + count; row++) {
      this.#random.start(row)
      const after: Cell[] = []
      for (const generate of generators) after.push(generate(this.#random, row, now))
      changes.push({ kind: 'insert', table, after, origin: originOf(row, commitTime) })
    }
    const last = changes.at(-1)
    if (last?.kind === 'insert') this.#bytesPerRow = Math.max(this.#bytesPerRow, 100 + bytesOf(last.after))
    return { changes, position: formatPosition(from + count), bytes: count * this.#bytesPerRow }
  }

  #schemaChange(origin: Origin): SchemaChange {
    const { table } = this.#spec
    const known = this.#context.shapes.get(tableName(table))
    const previous = known === undefined || sameShape(known, table) ? {} : { previous: known }
    return { kind: 'schema', table, ...previous, origin }
  }
}

/** The number of a row is its place in the log. */
function originOf(row: number, commitTime: bigint): Origin {
  const offset = BigInt(row)
  return { transaction: { connector: 'datagen', database: 'datagen', commitTime, commit: offset }, offset, order: 0 }
}

/** What cells take of the heap, roughly. */
function bytesOf(cells: readonly Cell[]): number {
  let bytes = 0
  for (const cell of cells) {
    if (typeof cell === 'string') bytes += 16 + cell.length
    else if (cell instanceof Uint8Array) bytes += 100 + cell.length
    else if (Array.isArray(cell)) bytes += 16 + bytesOf(cell)
    else bytes += 16
  }
  return bytes
}
