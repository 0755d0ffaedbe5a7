import type { Column, Table } from '@cdc/core'
import type { SchemaSpec } from './schema.ts'
import { dataTypeOf, nativeOf } from './sql-type.ts'

/** The table that the rows belong to; `name` is `schema.table` or `table`. */
export function tableOf(name: string, { columns, key }: SchemaSpec): Table {
  const [schema, table] = name.includes('.') ? name.split('.') : ['public', name]
  return {
    schema: schema!,
    name: table!,
    columns: columns.map(
      ({ name, type, nullable, comment }): Column => ({
        name,
        type: dataTypeOf(type),
        native: nativeOf(type),
        nullable,
        ...(comment === undefined ? {} : { comment }),
      }),
    ),
    key,
  }
}
