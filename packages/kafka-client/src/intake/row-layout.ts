import type { Row, Table } from '@cdc/core'
import { type SchemaSpec, tableOf } from '@cdc/flink-schema'
import type { KafkaRecord, TopicPartition } from '../port.ts'
import { metadataReader } from './metadata-columns.ts'

export interface LayoutSpec {
  readonly schema: SchemaSpec
  readonly tableName: string
  /** The columns of the record's key, as the table names them; none where keys are not read. */
  readonly keyFields: readonly string[]
  /** What their names begin with, and the key format's fields do not. */
  readonly keyPrefix: string
  /** `value.fields-include: ALL`. */
  readonly keyInValue: boolean
}

/** The cells of one column, from the row in the value, the row in the key, and the record itself. */
type CellReader = (
  value: Row | undefined,
  key: Row | undefined,
  record: KafkaRecord,
  from: TopicPartition,
) => Row[number]

/** How a row of the table is put together from what the formats read of keys and values. */
export class RowLayout {
  /** What is emitted: every column. */
  readonly table: Table
  /** What the value format reads. */
  readonly valueTable: Table
  /** What the key format reads, under its own names. undefined: keys are not read. */
  readonly keyTable: Table | undefined
  /** Are there columns that stand in the key alone? Else values tell everything. */
  readonly needsKey: boolean
  readonly #cells: readonly CellReader[]
  readonly #asValue: boolean

  constructor({ schema, tableName, keyFields, keyPrefix, keyInValue }: LayoutSpec) {
    const table = tableOf(tableName, schema)
    this.table = table
    const places = schema.columns.map((_, at) => at).filter((at) => schema.columns[at]!.metadata === undefined)
    const keys = keyFields.map((name) => schema.columns.findIndex((column) => column.name === name))
    const values = keyInValue ? places : places.filter((at) => !keys.includes(at))
    this.needsKey = !keyInValue && keys.length > 0
    this.valueTable = part(table, values, '')
    this.keyTable = keys.length === 0 ? undefined : { ...part(table, keys, keyPrefix), key: keys.map((_, at) => at) }
    this.#asValue = values.length === schema.columns.length
    this.#cells = schema.columns.map((column, at): CellReader => {
      if (column.metadata !== undefined) {
        const read = metadataReader(column)
        return (_, __, record, from) => read(record, from)
      }
      const [inValue, inKey] = [values.indexOf(at), keys.indexOf(at)]
      // as in Flink, a column that is in both is read from the value; a tombstone has only its key
      if (inKey < 0) return (value) => value?.[inValue]
      if (inValue < 0) return (_, key) => key?.[inKey]
      return (value, key) => (value === undefined ? key?.[inKey] : value[inValue])
    })
  }

  /** A whole row. Without a value only what the key tells, and the metadata. */
  row(value: Row | undefined, key: Row | undefined, record: KafkaRecord, from: TopicPartition): Row {
    if (this.#asValue && value !== undefined) return value
    return this.#cells.map((cell) => cell(value, key, record, from))
  }
}

/** A table of some of the columns. Its key is the table's, where all of it is among them. */
function part(table: Table, places: readonly number[], prefix: string): Table {
  const key = table.key.map((at) => places.indexOf(at))
  return {
    ...table,
    columns: places.map((at) => {
      const column = table.columns[at]!
      return prefix === '' ? column : { ...column, name: column.name.slice(prefix.length) }
    }),
    key: key.includes(-1) ? [] : key,
  }
}
