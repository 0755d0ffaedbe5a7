import { type Column, type DataType, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'

/** The full name that Flink gives every record that it derives. */
export const FLINK_RECORD = 'org.apache.flink.avro.generated.record'

export interface DeriveOptions {
  /** Flink's `timestamp_mapping.legacy`: timestamps without a zone are `timestamp-millis`. */
  readonly legacy: boolean
  readonly fieldName: (column: string) => string
}

/** One field of a derived record: its schema without and with null. */
export interface DerivedField {
  readonly position: number
  readonly name: string
  readonly nullable: boolean
  readonly schema: string
}

/**
 * The schema of a table's rows as Flink derives it (AvroSchemaConverter.convertToSchema): the record's name is always
 * the same, columns outside the key can be null. What Flink refuses (TIMESTAMP(6), TIMESTAMP_LTZ under the legacy
 * mapping, TIME(6)) is written as its newer mapping does.
 */
export function derivedFields(table: Table, positions: readonly number[], options: DeriveOptions): DerivedField[] {
  const seen = new Map<string, string>()
  return positions.map((position) => {
    const column = table.columns[position]!
    const name = options.fieldName(column.name)
    assertName(table, column, name, seen)
    const nullable = !table.key.includes(position)
    return { position, name, nullable, schema: typeSchema(column.type, options.legacy) }
  })
}

export function recordSchema(fields: readonly DerivedField[], full = FLINK_RECORD): string {
  const dot = full.lastIndexOf('.')
  const [space, name] = [full.slice(0, dot), full.slice(dot + 1)]
  return `{"type":"record","name":"${name}","namespace":"${space}","fields":[${fields.map(fieldSchema).join(',')}]}`
}

function fieldSchema({ name, nullable, schema }: DerivedField): string {
  return nullable
    ? `{"name":"${name}","type":["null",${schema}],"default":null}`
    : `{"name":"${name}","type":${schema}}`
}

/** Flink's shape of a change: `before`, `after` and `op`, all of which can be null, as can the whole. */
export function changeSchema(fields: readonly DerivedField[]): string {
  const all = fields.map(fieldSchema).join(',')
  const row = (name: string) => `{"type":"record","name":"record_${name}","fields":[${all}]}`
  const field = (name: string, type: string) => `{"name":"${name}","type":["null",${type}],"default":null}`
  const inside = [field('before', row('before')), field('after', row('after')), field('op', '"string"')].join(',')
  return `["null",{"type":"record","name":"record","namespace":"org.apache.flink.avro.generated","fields":[${inside}]}]`
}

const validName = /^[A-Za-z_][A-Za-z0-9_]*$/

function assertName(table: Table, { name: column }: Column, name: string, seen: Map<string, string>): void {
  const where = { table: tableName(table), column }
  if (!validName.test(name))
    throw error('AVRO_NAME', {
      message: `Avro allows no field such as '${name}' (column "${column}" of table ${where.table}): letters, digits and underscores only, and no digit first.`,
      where,
    })
  const other = seen.get(name)
  if (other !== undefined)
    throw error('AVRO_NAME', {
      message: `Columns "${other}" and "${column}" of table ${where.table} would both be the field '${name}'.`,
      hint: 'Set field.name.adjustment.mode: avro_unicode, which keeps them apart.',
      where,
    })
  seen.set(name, column)
}

const withLogical = (type: string, logical: string) => `{"type":"${type}","logicalType":"${logical}"}`
const unit = (precision: number) => (precision <= 3 ? 'millis' : 'micros')

/** A type without null. */
function typeSchema(type: DataType, legacy: boolean): string {
  switch (type.kind) {
    case 'boolean':
      return '"boolean"'
    case 'int16':
    case 'int32':
      return '"int"'
    case 'int64':
      return '"long"'
    case 'float32':
      return '"float"'
    case 'float64':
      return '"double"'
    case 'bytes':
      return '"bytes"'
    case 'decimal':
      return decimalSchema(type.precision, type.scale ?? 0)
    case 'date':
      return withLogical('int', 'date')
    case 'time':
      return (type.precision ?? 6) <= 3 ? withLogical('int', 'time-millis') : withLogical('long', 'time-micros')
    case 'timestamp': {
      const precision = type.precision ?? 6
      // Flink's legacy mapping has no microseconds, so there is nothing to be like
      return withLogical('long', `${legacy && precision <= 3 ? '' : 'local-'}timestamp-${unit(precision)}`)
    }
    case 'timestamptz':
      return withLogical('long', `timestamp-${unit(type.precision ?? 6)}`)
    case 'array':
      return `{"type":"array","items":["null",${typeSchema(type.element, legacy)}]}`
    default:
      return '"string"'
  }
}

/** A numeric without a scale of its own, or with one that Avro does not allow, is text. */
function decimalSchema(precision: number | undefined, scale: number): string {
  if (precision === undefined || scale < 0 || scale > precision) return '"string"'
  return `{"type":"bytes","logicalType":"decimal","precision":${precision},"scale":${scale}}`
}
