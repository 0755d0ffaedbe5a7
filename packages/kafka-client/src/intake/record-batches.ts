import {
  type Batch,
  CdcError,
  type Change,
  isTableChange,
  type Origin,
  type SourceContext,
  sameShape,
  type Table,
  type Transaction,
  tableName,
} from '@cdc/core'
import type { KafkaBatch, KafkaRecord } from '../port.ts'
import type { ReadPlace } from './read-place.ts'
import type { RecordReader } from './record-reader.ts'
import { placeOf, recordId } from './topic-position.ts'
import type { UnreadableRecords } from './unreadable-records.ts'

/** What an estimate of a change adds to the bytes of its record. */
const overhead = 200

export interface BatchParts {
  readonly connector: string
  readonly context: Pick<SourceContext, 'limits' | 'wants' | 'shapes'>
  readonly reader: RecordReader
  readonly place: ReadPlace
  readonly unreadable: UnreadableRecords
}

/** Makes batches of records. Each record is a transaction of its own, as in Flink. */
export class RecordBatches {
  readonly #parts: BatchParts
  readonly #shapes = new Map<string, Table>()
  #changes: Change[] = []
  #bytes = 0

  constructor(parts: BatchParts) {
    this.#parts = parts
  }

  /** All that came of one partition in one piece, with the place after it. Ends early when the signal aborts. */
  async *take(batch: KafkaBatch, signal: AbortSignal): AsyncGenerator<Batch> {
    const { place, context, reader, unreadable } = this.#parts
    const { rows, bytes } = context.limits
    const partition = placeOf(batch)
    for (const record of batch.records) {
      let changes: readonly Change[]
      try {
        // as nearly always, nothing is to be waited for
        const wanted = reader.prepare(record)
        if (wanted !== undefined) await wanted
        changes = reader.read(record, batch)
        if (reader.leftOut !== undefined) await unreadable.keep(reader.leftOut, record, batch)
      } catch (error) {
        await unreadable.take(CdcError.from(error), record, batch)
        changes = []
      }
      const size = sizeOf(record) + overhead * changes.length
      const full = this.#changes.length + changes.length > rows || this.#bytes + size > bytes
      if (full && this.#changes.length > 0) {
        if (signal.aborted) return
        yield this.#batch()
      }
      place.move(batch, record.offset + 1n)
      this.#addAll(changes, record, partition)
      this.#bytes += size
    }
    place.move(batch, batch.nextOffset)
    if (!signal.aborted) yield this.#batch()
  }

  /** What was not given is forgotten: it is read again. */
  #batch(): Batch {
    const [changes, bytes] = [this.#changes, this.#bytes]
    this.#changes = []
    this.#bytes = 0
    return { changes, position: this.#parts.place.position, bytes }
  }

  #addAll(changes: readonly Change[], record: KafkaRecord, partition: string): void {
    const [first] = changes
    if (first === undefined) return
    const { connector, place } = this.#parts
    const { database, commitTime } = first.origin.transaction
    const transaction: Transaction = {
      connector,
      database,
      id: recordId(partition, record.offset),
      commitTime: commitTime === 0n ? microseconds(record) : commitTime,
      commit: place.records,
    }
    let order = 0
    for (const change of changes) {
      if (!this.#isWanted(change)) continue
      const origin: Origin = { transaction, offset: record.offset, order: order++ }
      if (isTableChange(change)) this.#announce(change.table, origin)
      this.#changes.push({ ...change, origin })
    }
  }

  #isWanted(change: Change): boolean {
    if (change.kind === 'message') return this.#parts.context.wants.message
    return isTableChange(change) && change.kind !== 'schema'
  }

  /** The shape of a table before its first row that has it. */
  #announce(table: Table, origin: Origin): void {
    const name = tableName(table)
    const said = this.#shapes.get(name)
    if (said === table) return
    this.#shapes.set(name, table)
    if (said !== undefined && sameShape(said, table)) return
    const before = said ?? this.#parts.context.shapes.get(name)
    const previous = before === undefined || sameShape(before, table) ? {} : { previous: before }
    this.#changes.push({ kind: 'schema', table, ...previous, origin })
  }
}

const microseconds = ({ timestamp }: KafkaRecord) => (timestamp < 0n ? 0n : timestamp * 1000n)

const sizeOf = ({ key, value }: KafkaRecord) => (key?.length ?? 0) + (value?.length ?? 0)
