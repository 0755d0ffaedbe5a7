import {
  type Encoder,
  type Format,
  type Origin,
  type Row,
  type RowChange,
  type Table,
  type Truncate,
  tableName,
} from '@cdc/core'
import type { OutgoingRecord, TopicTarget } from '@cdc/kafka-client'
import { upsertKafkaError } from './errors.ts'

/** Which columns of a table go into a key or a value, and what the table of them looks like to a format. */
interface Part {
  readonly table: Table
  readonly columns: readonly number[]
  readonly encoder: Encoder
  /** What of the format's record it is. */
  readonly role: 'key' | 'value'
}

/** A table with its topic, and how its keys and values are written. One for each shape. */
export class UpsertTarget {
  readonly topic: TopicTarget
  readonly table: Table
  readonly #key: Part
  readonly #value: Part

  private constructor(topic: TopicTarget, table: Table, key: Part, value: Part) {
    this.topic = topic
    this.table = table
    this.#key = key
    this.#value = value
  }

  static async make(
    topic: TopicTarget,
    table: Table,
    formats: { readonly key: Format; readonly value: Format },
    { keyPrefix, keyInValue }: { readonly keyPrefix: string; readonly keyInValue: boolean },
  ): Promise<UpsertTarget> {
    if (table.key.length === 0)
      throw upsertKafkaError('UPSERT_NO_KEY', {
        message: `'upsert-kafka' tables require to define a PRIMARY KEY constraint, and ${tableName(table)} has none.`,
        where: { table: tableName(table) },
      })
    const all = table.columns.map((_, column) => column)
    const rest = keyInValue ? all : all.filter((column) => !table.key.includes(column))
    const key = await partOf('key', formats.key, table, table.key, keyPrefix)
    return new UpsertTarget(topic, table, key, await partOf('value', formats.value, table, rest, ''))
  }

  /** At most a tombstone for the key that is gone, and the row. Throws before it gives any. */
  records(change: RowChange | Truncate): readonly OutgoingRecord[] {
    switch (change.kind) {
      case 'insert':
        return [this.#row(change.after, change.origin)]
      case 'delete':
        return [this.#tombstone(write(this.#key, change.before, change.origin))]
      case 'update':
        return this.#update(change)
      case 'truncate':
        throw upsertKafkaError('UPSERT_TRUNCATE', {
          message: `Table ${tableName(change.table)} was truncated, which topic '${this.topic.topic}' cannot say.`,
        })
    }
  }

  #update({ before, after, origin }: Update): readonly OutgoingRecord[] {
    const row = this.#row(after, origin)
    // nearly always: whether the key's bytes differ need not be asked
    if (before === undefined || this.#key.columns.every((at) => before[at] === after[at])) return [row]
    const old = write(this.#key, before, origin)
    return sameKey(old, row.key!) ? [row] : [this.#tombstone(old), row]
  }

  #row(row: Row, origin: Origin): OutgoingRecord {
    const { topic } = this.topic
    return { topic, key: write(this.#key, row, origin), value: write(this.#value, row, origin) }
  }

  #tombstone(key: Bytes): OutgoingRecord {
    return { topic: this.topic.topic, key, value: null }
  }
}

type Bytes = Uint8Array | string

/** Keys of one format: both are texts, or both are bytes. */
const sameKey = (one: Bytes, other: Bytes): boolean =>
  typeof one === 'string' || typeof other === 'string' ? one === other : Buffer.compare(one, other) === 0

type Update = Extract<RowChange, { readonly kind: 'update' }>

async function partOf(
  role: Part['role'],
  format: Format,
  table: Table,
  columns: readonly number[],
  prefix: string,
): Promise<Part> {
  const part: Table = {
    ...table,
    columns: columns.map((at) => {
      const column = table.columns[at]!
      if (column.name.startsWith(prefix)) return { ...column, name: column.name.slice(prefix.length) }
      throw upsertKafkaError('UPSERT_KEY_PREFIX', {
        message: `All fields in 'key.fields' must be prefixed with '${prefix}' when option 'key.fields-prefix' is set but field '${column.name}' of ${tableName(table)} is not prefixed.`,
        where: { table: tableName(table), column: column.name, option: 'key.fields-prefix' },
      })
    }),
    key: table.key.map((at) => columns.indexOf(at)).filter((at) => at >= 0),
  }
  return { table: part, columns, encoder: await format.encoder(part), role }
}

/** A row alone: what it was before and what became of it is the record's business, not the format's. */
function write({ table, columns, encoder, role }: Part, row: Row, origin: Origin): Bytes {
  const after = columns.length === row.length ? row : columns.map((column) => row[column])
  const [record, ...more] = encoder.encode({ kind: 'insert', table, after, origin })
  const bytes = record?.[role]
  if (bytes !== null && bytes !== undefined && more.length === 0) return bytes
  throw upsertKafkaError('UPSERT_FORMAT', {
    message: `The ${role} format gave ${record === undefined ? 'no record' : more.length > 0 ? 'several records' : `no ${role}`} for a row of ${tableName(table)}.`,
    where: { table: tableName(table) },
  })
}
