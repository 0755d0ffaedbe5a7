import type { Table } from '@cdc/core'

/** How names that Avro does not allow are changed. */
export type NameAdjustment = 'none' | 'avro' | 'avro_unicode'

/** The topic that Debezium would write a table's changes to; schema names begin with it too. */
export function topicName(prefix: string, { schema, name }: Pick<Table, 'schema' | 'name'>): string {
  return `${prefix}.${schema}.${name}`.replace(/[^A-Za-z0-9._-]/g, '_')
}

const adjusters: Readonly<Record<NameAdjustment, (part: string) => string>> = {
  none: (part) => part,
  avro: (part) => part.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_'),
  // the underscore is escaped too, so that no two names fall together
  avro_unicode: (part) =>
    part.replace(/^\d|[^A-Za-z0-9]/g, (one) => `_u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
}

/** A schema's name: each of its dotted parts by itself. */
export function adjustedSchemaName(name: string, mode: NameAdjustment): string {
  return mode === 'none' ? name : name.split('.').map(adjusters[mode]).join('.')
}

/** A field's name. */
export function adjustedFieldName(name: string, mode: NameAdjustment): string {
  return adjusters[mode](name)
}
