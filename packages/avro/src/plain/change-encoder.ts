import type { EncodedRecord, Encoder, Row, Table, Update } from '@cdc/core'
import { tableName } from '@cdc/core'
import { record, type truncated } from '@cdc/row-records'
import { error } from '../errors.ts'
import type { AvroType } from '../schema/avro-type.ts'
import type { AvroWriter } from '../wire/avro-writer.ts'
import { withNull } from './cell-codec.ts'
import { type RecordShape, RecordWriter } from './record-codec.ts'

/** Writes Flink's shape of a change: before, after and op, in the order that the schema has them. */
export class ChangeWriter {
  readonly #writer: AvroWriter
  readonly #frame: Uint8Array
  readonly #top: number | undefined
  readonly #parts: readonly ((before: Row | undefined, after: Row | undefined, op: string) => void)[]

  /** Throws AVRO_TYPE where the schema is none of a change of this table. */
  constructor(writer: AvroWriter, frame: Uint8Array, schema: AvroType, shape: RecordShape) {
    const top = withNull(schema)
    if (top?.type.kind !== 'record') throw noChange(shape.table, 'it is no record')
    this.#writer = writer
    this.#frame = frame
    this.#top = top.present
    this.#parts = (top.type.fields ?? []).map(({ name, type }) => {
      const inner = withNull(type)
      if (inner?.none === undefined) throw noChange(shape.table, `its field '${name}' cannot be null`)
      const { none, present } = inner
      if (name === 'op')
        return (_before, _after, op) => {
          writer.long(present!)
          writer.string(op)
        }
      if (name !== 'before' && name !== 'after') return () => writer.long(none)
      const rows = new RecordWriter(inner.type, shape)
      return (before, after) => {
        const row = name === 'before' ? before : after
        writer.long(row === undefined ? none : present!)
        if (row !== undefined) rows.write(writer, row, name === 'after' ? before : undefined)
      }
    })
  }

  write(before: Row | undefined, after: Row | undefined, op: 'c' | 'u' | 'd'): Uint8Array {
    this.#writer.begin()
    this.#writer.raw(this.#frame)
    if (this.#top !== undefined) this.#writer.long(this.#top)
    for (const part of this.#parts) part(before, after, op)
    return this.#writer.end()
  }
}

function noChange(table: Table, why: string) {
  return error('AVRO_TYPE', {
    message: `The schema for changes of table ${tableName(table)} is none of before, after and op: ${why}.`,
    where: { table: tableName(table), option: 'schema' },
  })
}

export interface ChangeWriters {
  readonly table: Table
  readonly changes: ChangeWriter
  /** null: the table has no key. */
  key(row: Row, old?: Row): Uint8Array | null
}

/** An update is one `u`, or the `d` and `c` that Flink writes: so in any case where it moves its row to another key. */
export function changeEncoder(
  writers: ChangeWriters,
  split: boolean,
  onTruncate: ReturnType<typeof truncated>,
): Encoder {
  const { changes } = writers
  return {
    encode(change) {
      switch (change.kind) {
        case 'insert':
          return [record(writers.key(change.after), changes.write(undefined, change.after, 'c'))]
        case 'update':
          return updated(writers, change, split)
        case 'delete':
          return [record(writers.key(change.before), changes.write(change.before, undefined, 'd'))]
        case 'truncate':
          return onTruncate(change)
      }
    },
  }
}

function updated(writers: ChangeWriters, { before, after }: Update, split: boolean): readonly EncodedRecord[] {
  const { changes, table } = writers
  if (before === undefined)
    throw error('AVRO_OLD_ROW_MISSING', {
      message: `An update of ${tableName(table)} came without its old row, which Flink's shape needs.`,
      hint: `ALTER TABLE ${tableName(table)} REPLICA IDENTITY FULL; or envelope: debezium.`,
      where: { table: tableName(table) },
    })
  const [old, key] = [writers.key(before, after), writers.key(after, before)]
  const moved = old !== null && key !== null && Buffer.compare(old, key) !== 0
  if (!split && !moved) return [record(key, changes.write(before, after, 'u'))]
  const whole = after.map((cell, position) => (cell === undefined ? before[position] : cell))
  return [record(old, changes.write(before, undefined, 'd')), record(key, changes.write(undefined, whole, 'c'))]
}
