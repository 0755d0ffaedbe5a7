import {
  type EncodedRecord,
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
import { kafkaConnectorError } from './errors.ts'

/** Some columns of a table as a table of their own. */
interface Part {
  readonly table: Table
  readonly columns: readonly number[]
  readonly encoder: Encoder
}

export interface TargetSpec {
  readonly keyFields: readonly string[]
  readonly keyPrefix: string
  readonly keyInValue: boolean
  /** Does a record without a key format have the key that the value format gives? */
  readonly ownKeys: boolean
}

/** A table with its topic, and how its records are written. One for each shape. */
export class KafkaTarget {
  readonly topic: TopicTarget
  readonly table: Table
  readonly #encoder: Encoder
  /** The value's columns, where they are not all of them. */
  readonly #value: Omit<Part, 'encoder'> | undefined
  /** The key by `key.format`, in place of the one that the value format gives. */
  readonly #key: Part | undefined
  readonly #ownKeys: boolean

  private constructor(
    topic: TopicTarget,
    table: Table,
    encoder: Encoder,
    value: Omit<Part, 'encoder'> | undefined,
    key: Part | undefined,
    ownKeys: boolean,
  ) {
    this.topic = topic
    this.table = table
    this.#encoder = encoder
    this.#value = value
    this.#key = key
    this.#ownKeys = ownKeys
  }

  static async make(
    topic: TopicTarget,
    table: Table,
    formats: { readonly key: Format | undefined; readonly value: Format },
    { keyFields, keyPrefix, keyInValue, ownKeys }: TargetSpec,
  ): Promise<KafkaTarget> {
    const columns = keyFields.map((name) => columnOf(table, name))
    const keyTable = formats.key === undefined ? undefined : part(table, columns, keyPrefix)
    const key =
      keyTable === undefined ? undefined : { table: keyTable, columns, encoder: await formats.key!.encoder(keyTable) }
    const rest = table.columns.map((_, at) => at).filter((at) => !columns.includes(at))
    const value = keyInValue ? undefined : { table: part(table, rest, ''), columns: rest }
    return new KafkaTarget(topic, table, await formats.value.encoder(value?.table ?? table), value, key, ownKeys)
  }

  /** The records of a change, in their order. */
  records(change: RowChange | Truncate): readonly OutgoingRecord[] {
    if (this.#key === undefined || change.kind === 'truncate') return this.#written(change)
    if (change.kind !== 'update') return this.#written(change, this.#keyOf(change.kind, rowOf(change), change.origin))
    const { table, before, after, origin } = change
    const key = this.#keyOf('update', after, origin)
    const old = before === undefined ? undefined : this.#oldKey(before, origin)
    if (before === undefined || old === undefined || sameKey(old, key)) return this.#written(change, key)
    // whoever reads by key has the row under the old one
    return [
      ...this.#written({ kind: 'delete', table, before, origin }, old),
      ...this.#written({ kind: 'insert', table, after, origin }, key),
    ]
  }

  #written(
    change: RowChange | Truncate,
    key: EncodedRecord['key'] | undefined = this.#ownKeys ? undefined : null,
  ): readonly OutgoingRecord[] {
    const { topic } = this.topic
    const records = this.#encoder.encode(this.#projected(change))
    if (records.length === 1) return [outgoing(topic, records[0]!, key)]
    return records.map((record) => outgoing(topic, record, key))
  }

  #projected(change: RowChange | Truncate): RowChange | Truncate {
    const value = this.#value
    // only formats of inserted rows come here, and they refuse the rest themselves
    if (value === undefined || change.kind !== 'insert') return change
    return { ...change, table: value.table, after: cellsOf(change.after, value.columns) }
  }

  /** The key that an old row had, where the source shows enough of it. */
  #oldKey(before: Row, origin: Origin): Key | undefined {
    const known = this.#key!.columns.every((at) => before[at] !== undefined)
    return known ? this.#keyOf('update', before, origin) : undefined
  }

  #keyOf(kind: RowChange['kind'], row: Row, origin: Origin): Key {
    const { table, columns, encoder } = this.#key!
    const name = tableName(this.table)
    const hidden = columns.find((at) => row[at] === undefined)
    if (hidden !== undefined)
      throw kafkaConnectorError('KAFKA_KEY_NOT_SENT', {
        message: `The source has not sent column '${this.table.columns[hidden]!.name}' of ${name} with ${kind === 'delete' ? 'a delete' : `an ${kind}`}, and 'key.fields' needs it.`,
        hint: `ALTER TABLE ${name} REPLICA IDENTITY FULL;`,
        where: { table: name, option: 'key.fields' },
      })
    const [record, ...more] = encoder.encode({ kind: 'insert', table, after: cellsOf(row, columns), origin })
    const bytes = record?.key
    if (bytes !== null && bytes !== undefined && more.length === 0) return bytes
    throw kafkaConnectorError('KAFKA_KEY_FORMAT', {
      message: `The key format gave ${record === undefined ? 'no record' : 'no single key'} for a row of ${name}.`,
    })
  }
}

type Key = Uint8Array | string

/** Keys of one format: both are texts, or both are bytes. */
const sameKey = (one: Key, other: Key): boolean =>
  typeof one === 'string' || typeof other === 'string' ? one === other : Buffer.compare(one, other) === 0

const rowOf = (change: Exclude<RowChange, { readonly kind: 'update' }>): Row =>
  change.kind === 'delete' ? change.before : change.after

function columnOf(table: Table, name: string): number {
  const at = table.columns.findIndex((column) => column.name === name)
  if (at >= 0) return at
  throw kafkaConnectorError('KAFKA_KEY_FIELD', {
    message: `Could not find the field '${name}' in the table schema for usage in the key format. A key field must be a regular, physical column. The following columns can be selected in the 'key.fields' option: [${table.columns.map((column) => column.name).join(', ')}] (table ${tableName(table)}).`,
    where: { table: tableName(table), option: 'key.fields' },
  })
}

/** `key`: all columns of it, since a key format writes the key of what it is given. */
function part(table: Table, columns: readonly number[], prefix: string): Table {
  return {
    ...table,
    columns: columns.map((at) => ({ ...table.columns[at]!, name: table.columns[at]!.name.slice(prefix.length) })),
    key: columns.map((_, at) => at),
  }
}

const cellsOf = (row: Row, columns: readonly number[]): Row => columns.map((at) => row[at])

/** A format's record for Kafka. `key`: in place of the format's own; null: none. */
export function outgoing(
  topic: string,
  { key: own, value, headers }: EncodedRecord,
  key: EncodedRecord['key'] = own,
): OutgoingRecord {
  return headers === undefined ? { topic, key, value } : { topic, key, value, headers }
}
