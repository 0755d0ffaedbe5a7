import {
  type Batch,
  CdcError,
  type Change,
  type Claim,
  type Format,
  failpoint,
  isRowChange,
  type Position,
  type RowChange,
  type Sink,
  type SinkContext,
  sameShape,
  type Table,
  type Truncate,
  tableName,
} from '@cdc/core'
import { type OutgoingRecord, TopicWriter } from '@cdc/kafka-client'
import { HeldRecords } from './held-records.ts'
import { UpsertTarget } from './target.ts'
import type { SinkSpec } from './upsert-kafka.ts'

/** Turns changes into records by key; `TopicWriter` delivers them. */
export class UpsertKafkaSink implements Sink {
  readonly #spec: SinkSpec
  readonly #context: SinkContext
  readonly #writer: TopicWriter
  readonly #targets = new WeakMap<Table, UpsertTarget>()
  /** The last target of each table, by name, to take its encoders on. */
  readonly #latest = new Map<string, UpsertTarget>()
  readonly #held = new HeldRecords()
  #formats: { readonly key: Format; readonly value: Format } | undefined

  constructor(spec: SinkSpec, context: SinkContext) {
    this.#spec = spec
    this.#context = context
    this.#writer = new TopicWriter(spec.writer, context)
  }

  async open(): Promise<void> {
    const { keyFormat, valueFormat } = this.#spec
    await this.#writer.open()
    this.#formats = {
      key: keyFormat.create(this.#writer.formatContext('key', false)),
      value: valueFormat.create(this.#writer.formatContext('value', true)),
    }
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
      if (change.kind === 'schema') await this.#targetOf(change.table, databaseOf(change))
      else if (isRowChange(change) || change.kind === 'truncate') {
        const target = this.#targets.get(change.table) ?? (await this.#targetOf(change.table, databaseOf(change)))
        const waiting = this.#take(target, change, signal)
        if (waiting !== undefined) await waiting
      }
    }
    if (this.#held.age >= this.#spec.holdTime) await this.#send(signal)
    await this.#writer.checkTime(batch.position === undefined ? batch.open : undefined, signal)
  }

  async flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    await failpoint('sink.flush')
    await this.#send(signal)
    await this.#writer.flush(position, signal)
  }

  async close(): Promise<void> {
    await Promise.all([this.#formats?.key.close?.(), this.#formats?.value.close?.()])
    await this.#writer.close()
  }

  /** A promise only where the caller has to wait. */
  #take(target: UpsertTarget, change: RowChange | Truncate, signal: AbortSignal): Promise<void> | undefined {
    let records: readonly OutgoingRecord[]
    try {
      records = target.records(change)
      // before the first of them is on its way
      for (const record of records) this.#writer.check(target.topic, target.table, record)
    } catch (failure) {
      return this.#reject(change, CdcError.from(failure).at({ table: tableName(change.table) }))
    }
    if (this.#spec.holdRows === 0) return this.#writer.put(records, signal)
    for (const record of records) this.#held.add(record)
    return this.#held.size >= this.#spec.holdRows ? this.#send(signal) : undefined
  }

  /** A change that cannot become a record is set aside where the user tolerates that. */
  async #reject(change: RowChange | Truncate, error: CdcError): Promise<void> {
    if (error.kind !== 'data' || this.#context.reject === undefined) throw error
    await this.#context.reject(change, error)
  }

  async #send(signal: AbortSignal): Promise<void> {
    if (this.#held.size > 0) await this.#writer.put(this.#held.take(), signal)
  }

  /** The topic and the encoders of a shape: the last ones where an equal shape has come as a new object. */
  async #targetOf(table: Table, database: string): Promise<UpsertTarget> {
    const name = tableName(table)
    const latest = this.#latest.get(name)
    const same = latest !== undefined && sameShape(latest.table, table)
    const target = same ? latest : await this.#make(table, database)
    this.#targets.set(table, target)
    this.#latest.set(name, target)
    return target
  }

  async #make(table: Table, database: string): Promise<UpsertTarget> {
    const topic = await this.#writer.target(this.#writer.topicOf(table, database))
    return UpsertTarget.make(topic, table, this.#formats!, this.#spec)
  }
}

const databaseOf = (change: Change) => change.origin.transaction.database
