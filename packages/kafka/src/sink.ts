import {
  type Batch,
  type Boundary,
  type BoundaryEncoder,
  CdcError,
  type Claim,
  type EncodedRecord,
  type Format,
  failpoint,
  isRowChange,
  type Message,
  type Position,
  type RowChange,
  type Sink,
  type SinkContext,
  sameShape,
  type Table,
  type Truncate,
  tableName,
} from '@cdc/core'
import { type OutgoingRecord, type TopicTarget, TopicWriter } from '@cdc/kafka-client'
import type { SinkSpec } from './kafka.ts'
import { KafkaTarget, outgoing } from './target.ts'

/** Turns changes into records of a format; `TopicWriter` delivers them. */
export class KafkaSink implements Sink {
  readonly #spec: SinkSpec
  readonly #context: SinkContext
  readonly #writer: TopicWriter
  readonly #targets = new WeakMap<Table, KafkaTarget>()
  /** The last target of each table, by name, to take its encoders on. */
  readonly #latest = new Map<string, KafkaTarget>()
  /** The topics of what belongs to no table, by destination. */
  readonly #apart = new Map<string, TopicTarget>()
  #formats: { readonly key: Format | undefined; readonly value: Format } | undefined
  #boundaries: BoundaryEncoder | undefined
  #turn = 0

  constructor(spec: SinkSpec, context: SinkContext) {
    this.#spec = spec
    this.#context = context
    this.#writer = new TopicWriter(spec.writer, context)
  }

  async open(): Promise<void> {
    const { format, keyFormat, ownKeys } = this.#spec
    await this.#writer.open()
    const value = format.create(this.#writer.formatContext('value', keyFormat !== undefined || !ownKeys))
    this.#formats = { value, key: keyFormat?.create(this.#writer.formatContext('key', false)) }
    this.#boundaries = await value.boundaries?.()
  }

  claim(claim: Claim): Promise<void> {
    return this.#writer.claim(claim)
  }

  position(): Promise<Position | undefined> {
    return this.#writer.position()
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    await failpoint('sink.write')
    for (const change of batch.changes) {
      const { database } = change.origin.transaction
      if (change.kind === 'schema') await this.#targetOf(change.table, database)
      else if (isRowChange(change) || change.kind === 'truncate') {
        const target = this.#targets.get(change.table) ?? (await this.#targetOf(change.table, database))
        const waiting = this.#take(target, change, signal)
        if (waiting !== undefined) await waiting
      } else await this.#boundary(change, signal)
    }
    await this.#writer.checkTime(batch.position === undefined ? batch.open : undefined, signal)
  }

  async flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    await failpoint('sink.flush')
    if (position !== undefined) await this.#putApart(this.#boundaries?.heartbeat?.() ?? [], signal)
    await this.#writer.flush(position, signal)
  }

  async close(): Promise<void> {
    await Promise.all([this.#formats?.key?.close?.(), this.#formats?.value.close?.()])
    await this.#writer.close()
  }

  /** A promise only where the caller has to wait. */
  #take(target: KafkaTarget, change: RowChange | Truncate, signal: AbortSignal): Promise<void> | undefined {
    let records: readonly OutgoingRecord[]
    try {
      records = this.#placed(target.topic, target.records(change))
      // before the first of them is on its way
      for (const record of records) this.#writer.check(target.topic, target.table, record)
    } catch (failure) {
      return this.#reject(change, CdcError.from(failure).at({ table: tableName(change.table) }))
    }
    return this.#writer.put(records, signal)
  }

  /** `sink.partitioner`. A key decides its partition under round-robin too, else the order of its records is lost. */
  #placed({ partitions }: TopicTarget, records: readonly OutgoingRecord[]): readonly OutgoingRecord[] {
    const { partitioner } = this.#spec
    if (partitioner === 'default') return records
    if (partitioner === 'fixed') return records.map((record) => ({ ...record, partition: 0 }))
    return records.map((record) => (record.key === null ? { ...record, partition: this.#turn++ % partitions } : record))
  }

  /** A change that cannot become a record is set aside where the user tolerates that. */
  async #reject(change: RowChange | Truncate, error: CdcError): Promise<void> {
    if (error.kind !== 'data' || this.#context.reject === undefined) throw error
    await this.#context.reject(change, error)
  }

  async #boundary(change: Message | Boundary, signal: AbortSignal): Promise<void> {
    if (this.#boundaries === undefined) return
    await this.#boundaries.prepare?.(change)
    await this.#putApart(this.#boundaries.encode(change), signal)
  }

  async #putApart(records: readonly EncodedRecord[], signal: AbortSignal): Promise<void> {
    for (const record of records) {
      // a format has no other records without a table
      if (record.destination === 'table') continue
      let target = this.#apart.get(record.destination)
      if (target === undefined) {
        target = await this.#writer.target(this.#writer.topicOf(record.destination))
        this.#apart.set(record.destination, target)
      }
      const out = outgoing(target.topic, record)
      this.#writer.check(target, undefined, out)
      await this.#writer.put([out], signal)
    }
  }

  /** The topic and the encoders of a shape: the last ones where an equal shape has come as a new object. */
  async #targetOf(table: Table, database: string): Promise<KafkaTarget> {
    const name = tableName(table)
    const latest = this.#latest.get(name)
    const same = latest !== undefined && sameShape(latest.table, table)
    const target = same ? latest : await this.#make(table, database)
    this.#targets.set(table, target)
    this.#latest.set(name, target)
    return target
  }

  async #make(table: Table, database: string): Promise<KafkaTarget> {
    const topic = await this.#writer.target(this.#writer.topicOf(table, database))
    return KafkaTarget.make(topic, table, this.#formats!, this.#spec)
  }
}
