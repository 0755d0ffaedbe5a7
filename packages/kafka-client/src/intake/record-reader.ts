import {
  type CdcError,
  type Change,
  type ConfiguredFormat,
  type Decoder,
  type Format,
  type FormatContext,
  isTableChange,
  type Row,
  type SourceContext,
} from '@cdc/core'
import type { KafkaRecord, TopicPartition } from '../port.ts'
import { intakeError } from './errors.ts'
import type { RowLayout } from './row-layout.ts'

export interface ReaderSpec {
  readonly format: ConfiguredFormat
  /** undefined: keys are not read by a format of their own. */
  readonly keyFormat: ConfiguredFormat | undefined
  /** undefined: the format itself tells tables and columns. */
  readonly layout: RowLayout | undefined
  /** Is a value the last row of its key, and no value the end of it? Else the value format says what happened. */
  readonly upsert: boolean
}

/** Reads the changes that one record tells. */
export class RecordReader {
  readonly #spec: ReaderSpec
  readonly #formats: readonly Format[]
  readonly #value: Decoder
  readonly #key: Decoder | undefined
  /** Does the value format read tombstones? Formats of Flink's leave them out. */
  readonly #tombstones: boolean
  #left: CdcError | undefined

  private constructor(spec: ReaderSpec, formats: readonly Format[], value: Decoder, key: Decoder | undefined) {
    this.#spec = spec
    this.#formats = formats
    this.#value = value
    this.#key = key
    this.#tombstones = spec.format.holds === 'upsert'
  }

  static async make(spec: ReaderSpec, { pipeline, logger, report }: SourceContext): Promise<RecordReader> {
    let reader: RecordReader | undefined
    const leftOut = (failure: CdcError) => {
      if (reader !== undefined) reader.#left = failure
    }
    const context = (role: FormatContext['role']): FormatContext => ({ pipeline, logger, report, role, leftOut })
    const { layout } = spec
    const value = spec.format.create(context('value'))
    const key = layout?.keyTable === undefined ? undefined : spec.keyFormat?.create(context('key'))
    const formats = key === undefined ? [value] : [value, key]
    const decoder = await value.decoder(layout?.valueTable)
    reader = new RecordReader(spec, formats, decoder, await key?.decoder(layout!.keyTable))
    return reader
  }

  /** Why a format left out the record that was read last, where it did (`ignore-parse-errors`). */
  get leftOut(): CdcError | undefined {
    return this.#left
  }

  /** To be awaited before `read` of the same record, where it is a promise: a schema has to be asked for. */
  prepare({ key, value }: KafkaRecord): Promise<void> | undefined {
    const wanted = this.#value.prepare?.(this.#key === undefined ? key : null, value)
    const keyWanted = this.#key?.prepare?.(key, null)
    if (wanted === undefined || keyWanted === undefined) return wanted ?? keyWanted
    return Promise.all([wanted, keyWanted]).then(() => undefined)
  }

  /** Throws an error of kind data for what cannot be read. The changes have no place yet. */
  read(record: KafkaRecord, from: TopicPartition): readonly Change[] {
    this.#left = undefined
    const { layout, upsert } = this.#spec
    const { key, value } = record
    if (value === null && upsert) return [this.#gone(record, from)]
    if (value === null && !this.#tombstones) return []
    const changes = this.#value.decode(this.#key === undefined ? key : null, value)
    if (layout === undefined) return changes
    const keyRow = layout.needsKey && changes.length > 0 ? this.#keyRow(record) : undefined
    const row = (cells: Row) => layout.row(cells, keyRow, record, from)
    return changes.map((change) => {
      const whole = laidOut(change, layout, row)
      if (!upsert || whole.kind !== 'insert') return whole
      return { kind: 'update', table: whole.table, after: whole.after, origin: whole.origin }
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#formats.map((format) => format.close?.()))
  }

  #gone(record: KafkaRecord, from: TopicPartition): Change {
    const layout = this.#spec.layout!
    return {
      kind: 'delete',
      table: layout.table,
      before: layout.row(undefined, this.#keyRow(record), record, from),
      origin: nowhere,
    }
  }

  #keyRow({ key }: KafkaRecord): Row {
    if (key === null) throw intakeError('KAFKA_KEY_ABSENT', { message: 'The record has no key.' })
    const [change] = this.#key!.decode(key, null)
    if (change?.kind === 'delete') return change.before
    if (change?.kind === 'insert') return change.after
    throw intakeError('KAFKA_RECORD_MALFORMED', { message: 'The key format found no row in the key of the record.' })
  }
}

const nowhere: Change['origin'] = {
  transaction: { connector: 'kafka', database: '', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
}

/** The change with the rows of the whole table. */
function laidOut(change: Change, { table }: RowLayout, row: (cells: Row) => Row): Change {
  switch (change.kind) {
    case 'insert':
      return { ...change, table, after: row(change.after) }
    case 'update': {
      const before = change.before === undefined ? {} : { before: row(change.before) }
      return { ...change, table, ...before, after: row(change.after) }
    }
    case 'delete':
      return { ...change, table, before: row(change.before) }
    default:
      return isTableChange(change) ? { ...change, table } : change
  }
}
