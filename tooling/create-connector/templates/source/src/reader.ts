import { setTimeout as wait } from 'node:timers/promises'
import {
  type Batch,
  type Change,
  type Origin,
  type Position,
  type Source,
  type SourceContext,
  sameShape,
  type Table,
  tableName,
} from '@cdc/core'
import type { Values } from './options.ts'
import { formatPosition, parsePosition } from './position.ts'
import { type Event, Upstream } from './upstream.ts'

/** FILL IN: the tables that your system has. Cells are in the canonical form of their type: docs/04-types.md. */
const table: Table = {
  schema: 'public',
  name: 'events',
  columns: [
    { name: 'number', type: { kind: 'int64' }, native: 'bigint' },
    { name: 'text', type: { kind: 'string' }, native: 'text' },
  ],
  key: [0],
}

/** One life of the source: opened, read, closed. Each event is a transaction of its own. */
export class Reader implements Source {
  readonly #values: Values
  readonly #context: SourceContext
  readonly #upstream: Upstream
  readonly #closed = new AbortController()

  constructor(values: Values, context: SourceContext) {
    this.#values = values
    this.#context = context
    this.#upstream = new Upstream(values)
  }

  async open(): Promise<void> {
    await this.#upstream.open()
  }

  async *read(after: Position | undefined, aborted: AbortSignal): AsyncGenerator<Batch> {
    const signal = AbortSignal.any([aborted, this.#closed.signal])
    const { rows, bytes } = this.#context.limits
    let last = after === undefined ? 0 : parsePosition(after)
    let announced = false
    while (!signal.aborted) {
      const events = await this.#upstream.next(last, rows)
      const changes: Change[] = []
      let size = 0
      for (const event of events) {
        // all changes of a transaction share one object
        const origin = originOf(event)
        // the shape of a table comes before its first row, after every start
        if (!announced) changes.push(this.#schema(origin))
        announced = true
        changes.push({ kind: 'insert', table, after: [BigInt(event.number), event.text], origin })
        size += 100 + event.text.length
        last = event.number
        if (size >= bytes) break
      }
      // FILL IN: a batch with a position ends on a commit; a part of a larger transaction has `open: 'transaction'`
      if (changes.length > 0) yield { changes, position: formatPosition(last), bytes: size }
      if (events.length > 0) continue
      if (!this.#values.follow) return
      await wait(this.#values['poll-interval'], undefined, { signal }).catch(() => undefined)
    }
  }

  /** FILL IN: everything up to here is durable at the sinks and will not be asked for again. */
  async acknowledge(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#upstream.close()
  }

  #schema(origin: Origin): Change {
    const known = this.#context.shapes.get(tableName(table))
    return { kind: 'schema', table, ...(known && !sameShape(known, table) ? { previous: known } : {}), origin }
  }
}

function originOf({ number }: Event): Origin {
  const commit = BigInt(number)
  const transaction = {
    connector: 'new-connector',
    database: 'events',
    id: String(number),
    // FILL IN: when it was committed, in microseconds since 1970
    commitTime: BigInt(Date.now()) * 1000n,
    commit,
  }
  return { transaction, offset: commit, order: 0 }
}
