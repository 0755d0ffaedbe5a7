import type { AddedField } from '../settings.ts'
import { quoted } from '../text/json-text.ts'
import { type ConnectField, type ConnectSchema, optional } from './connect-schema.ts'
import type { Event } from './events.ts'
import { sourceSchema, timeTexts } from './source-block.ts'
import type { TableParts } from './table-parts.ts'
import { transactionSchema } from './table-parts.ts'

const envelopeFields: Readonly<Record<string, ConnectSchema>> = {
  op: optional('string'),
  ts_ms: optional('int64'),
  ts_us: optional('int64'),
  ts_ns: optional('int64'),
}

/** The schema of an added field; undefined: the envelope has none of that name. */
function addedSchema({ struct, field }: AddedField): ConnectSchema | undefined {
  if (struct === undefined && field in envelopeFields) return envelopeFields[field]
  const fields = (struct === 'transaction' ? transactionSchema : sourceSchema).fields!
  const found = fields.find((one) => one.name === field)?.schema
  return found === undefined ? undefined : { ...found, optional: true }
}

/** Can it be added: has the envelope such a field? */
export const isOfEnvelope = (field: AddedField) =>
  /^(?:(?:source|transaction)\.)?[^.]+$/.test(field.path) && addedSchema(field) !== undefined

export function addedSchemas(fields: readonly AddedField[]): ConnectField[] {
  return fields.flatMap((one) => {
    const schema = addedSchema(one)
    return schema === undefined ? [] : [{ name: one.name, schema }]
  })
}

/** What `unwrap` adds of the envelope to one event, as JSON by name. Fields that the envelope lacks are left out. */
export function addedValues(
  fields: readonly AddedField[],
  event: Event,
  parts: TableParts,
  now: number,
  transaction: string,
): [name: string, json: string][] {
  if (fields.length === 0) return []
  const { ms, us, ns } = timeTexts(now)
  const own: Record<string, string> = { op: quoted(event.op), ts_ms: ms, ts_us: us, ts_ns: ns }
  const source = topLevel(parts.source.text(event.origin))
  const block = topLevel(transaction)
  return fields.flatMap((one): [string, string][] => {
    if (addedSchema(one) === undefined) return []
    if (one.struct === 'transaction') return [[one.name, block.get(one.field) ?? 'null']]
    if (one.struct === undefined && one.field in own) return [[one.name, own[one.field]!]]
    return [[one.name, source.get(one.field) ?? 'null']]
  })
}

/** The fields of a flat object that was written here, with their JSON untouched. */
function topLevel(text: string): Map<string, string> {
  const pairs = text.matchAll(/"(\w+)":("(?:[^"\\]|\\.)*"|[^,}]+)/g)
  return new Map(Array.from(pairs, ([, name, value]) => [name!, value!]))
}
