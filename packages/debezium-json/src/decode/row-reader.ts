import { type CdcError, type Cell, type Column, type Row, type Table, tableName } from '@cdc/core'
import { columnCodec } from '../encode/column-codec.ts'
import type { ConnectSchema } from '../encode/connect-schema.ts'
import { messageKey } from '../encode/table-plan.ts'
import { error } from '../errors.ts'
import { adjustedFieldName } from '../names.ts'
import type { Settings } from '../settings.ts'
import { columnReader } from './column-reader.ts'
import { JsonNumber, type JsonObject, type JsonValue, parseJson } from './json-value.ts'
import { BadValue } from './scalar-readers.ts'
import { readerOf } from './value-reader.ts'

interface FieldReader {
  readonly name: string
  readonly column: string
  readonly read: (json: JsonValue) => Cell
  /** What stands for a cell that was not sent, as text. */
  readonly placeholder: string | undefined
}

/** Reads rows and keys of one table in one shape. */
export class RowReader {
  readonly table: Table
  readonly #fields: readonly (FieldReader | undefined)[]
  readonly #keyColumns: readonly number[]

  /** `schemas`: of the fields, by name, where the records have them; else they follow from the table and options. */
  constructor(table: Table, schemas: ReadonlyMap<string, ConnectSchema> | undefined, settings: Settings) {
    this.table = table
    this.#fields = table.columns.map((column) => fieldReader(column, schemas, settings))
    this.#keyColumns = messageKey(table)
  }

  /** A whole row. Fields that are not there, and placeholders of what was not sent, give undefined. */
  row(json: JsonObject): Row {
    return this.#fields.map((field) => {
      const value = field === undefined ? undefined : json.get(field.name)
      if (value === undefined || value === null) return value
      if (field!.placeholder !== undefined && canonical(value) === field!.placeholder) return undefined
      return this.#cell(field!, value)
    })
  }

  /** An old row: where the table tells what it holds, everything else was not sent. */
  oldRow(json: JsonObject): Row {
    const row = this.row(json)
    const { identity, identityColumns, key } = this.table
    if (identity === undefined || identity === 'full') return row
    const sent = new Set([...(identityColumns ?? []), ...(identity === 'index' ? [] : key)])
    return sent.size === 0 ? row : row.map((cell, position) => (sent.has(position) ? cell : undefined))
  }

  /** A row of which only the message key is known; undefined: the record has none. */
  keyRow(json: JsonValue): Row | undefined {
    if (!(json instanceof Map) || this.#keyColumns.length === 0) return undefined
    const row: Cell[] = this.table.columns.map(() => undefined)
    for (const position of this.#keyColumns) {
      const field = this.#fields[position]
      const value = field === undefined ? undefined : (json as JsonObject).get(field.name)
      row[position] = value === undefined || value === null ? value : this.#cell(field!, value)
    }
    return row
  }

  #cell(field: FieldReader, value: JsonValue): Cell {
    try {
      return field.read(value)
    } catch (failure) {
      throw failure instanceof BadValue ? this.#bad(field.column, failure.message) : failure
    }
  }

  #bad(column: string, wanted: string): CdcError {
    const table = tableName(this.table)
    return error('RECORD_VALUE', {
      message: `The value of column "${column}" of table ${table} is not ${wanted}.`,
      where: { table, column },
    })
  }
}

function fieldReader(
  column: Column,
  schemas: ReadonlyMap<string, ConnectSchema> | undefined,
  settings: Settings,
): FieldReader | undefined {
  const name = adjustedFieldName(column.name, settings.fieldNames)
  const { modes } = settings.value
  const codec = columnCodec(column, modes)
  const schema = schemas?.get(name) ?? codec?.schema
  if (schema === undefined) return undefined
  const placeholder = codec?.placeholder
  return {
    name,
    column: column.name,
    read: columnReader(column, schema, modes),
    placeholder: placeholder === undefined ? undefined : canonical(parseJson(placeholder, 'value')),
  }
}

/** A text that is the same for the same JSON; only of what can be a placeholder, which is short. */
function canonical(json: JsonValue): string | undefined {
  if (typeof json === 'string') return json
  if (json instanceof JsonNumber) return `#${json.text}`
  if (Array.isArray(json)) return json.length > 200 ? undefined : `[${json.map(canonical).join()}]`
  return json instanceof Map ? `{${[...json].map(([key, value]) => `${key}:${canonical(value)}`).join()}}` : undefined
}

/** The table that a value's schema describes. `keys` are the names of the message key's fields. */
export function tableOf(
  names: { readonly database: string; readonly schema: string; readonly name: string },
  fields: ReadonlyMap<string, ConnectSchema>,
  keys: readonly string[],
): Table {
  const columns = Array.from(fields, ([name, schema]): Column => {
    const { type, native } = readerOf(schema)
    return { name, type, native, nullable: schema.optional }
  })
  const key = keys.map((name) => columns.findIndex((column) => column.name === name))
  return { ...names, columns, key: key.includes(-1) ? [] : key }
}
