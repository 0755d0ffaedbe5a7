import { type Column, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'
import { adjustedFieldName, adjustedSchemaName, topicName } from '../names.ts'
import type { PartSettings, Settings } from '../settings.ts'
import { quoted } from '../text/json-text.ts'
import type { Codec } from './codec.ts'
import { columnCodec } from './column-codec.ts'
import type { ConnectField, ConnectSchema } from './connect-schema.ts'
import { defaultText } from './default-value.ts'

/** One column of a record's struct. Texts are JSON. */
export interface FieldPlan {
  /** Where its cell is in a row. */
  readonly position: number
  readonly column: string
  /** Name as it stands in the record. */
  readonly name: string
  /** `"name":`, with the comma of all but the first. */
  readonly head: string
  readonly codec: Codec
  readonly schema: ConnectSchema
  /** For a cell that is null. */
  readonly null: string
  /** For a cell that was not sent of an old row. */
  readonly missing: string
}

/** The columns of a table that are written, in the order of `positions`. */
export function fieldPlans(
  table: Table,
  positions: readonly number[],
  part: PartSettings,
  settings: Settings,
): FieldPlan[] {
  const plans: FieldPlan[] = []
  for (const position of positions) {
    const column = table.columns[position]!
    const codec = columnCodec(column, part.modes)
    if (codec !== undefined) plans.push(fieldPlan(table, column, position, codec, plans.length, part, settings))
  }
  assertNames(table, plans)
  return plans
}

function fieldPlan(
  table: Table,
  column: Column,
  position: number,
  codec: Codec,
  index: number,
  { replaceNull }: PartSettings,
  settings: Settings,
): FieldPlan {
  const canBeNull = column.nullable ?? !table.key.includes(position)
  const optional = codec.alwaysOptional ?? canBeNull
  const fallback = defaultText(column, codec)
  const name = adjustedFieldName(column.name, settings.fieldNames)
  const doc = settings.comments ? column.comment : undefined
  const schema: ConnectSchema = {
    ...codec.schema,
    optional,
    ...(doc === undefined ? {} : { doc }),
    ...(fallback === undefined ? {} : { default: fallback }),
  }
  const none = replaceNull && canBeNull ? (fallback ?? 'null') : 'null'
  return {
    position,
    column: column.name,
    name,
    head: `${index === 0 ? '' : ','}${quoted(name)}:`,
    codec,
    schema,
    null: none,
    missing: canBeNull ? none : (fallback ?? codec.filler),
  }
}

function assertNames(table: Table, plans: readonly FieldPlan[]): void {
  const seen = new Map<string, string>()
  for (const { name, column } of plans) {
    const other = seen.get(name)
    if (other !== undefined)
      throw error('NAME_CONFLICT', {
        message: `Columns "${other}" and "${column}" of table ${tableName(table)} would both be named "${name}".`,
        where: { table: tableName(table), column },
      })
    seen.set(name, column)
  }
}

/** The struct of a table's rows or keys. `optional` where it stands in an envelope. */
export function structSchema(
  table: Table,
  kind: 'Key' | 'Value',
  plans: readonly FieldPlan[],
  settings: Settings,
): ConnectSchema {
  const fields = plans.map(({ name, schema }): ConnectField => ({ name, schema }))
  return { type: 'struct', fields, optional: false, name: schemaName(table, kind, settings) }
}

export function schemaName(table: Table, kind: 'Key' | 'Value' | 'Envelope', settings: Settings): string {
  return adjustedSchemaName(`${topicName(settings.prefix, table)}.${kind}`, settings.schemaNames)
}

/**
 * The columns of the message key. Under REPLICA IDENTITY USING INDEX deletes hold the index's columns only: where the
 * primary key is not among them, the index is the key. (Debezium writes a key of zeros then.)
 */
export function messageKey({ key, unique, identity, identityColumns }: Table): readonly number[] {
  if (key.length === 0) return unique ?? []
  if (identity !== 'index' || identityColumns === undefined) return key
  return key.every((position) => identityColumns.includes(position)) ? key : identityColumns
}
