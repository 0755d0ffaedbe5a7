import type { TopicRecord } from './golden-records.ts'
import { Branch, parseTree, type Tree, treeText } from './json-tree.ts'

/** Where differences reach into a record. */

const payload = (tree: Tree | undefined): Branch | undefined => {
  const whole = tree instanceof Branch ? (tree.get('payload') ?? tree) : undefined
  return whole instanceof Branch ? whole : undefined
}

/** The value without its schema. */
export const payloadOf = (record: TopicRecord) => payload(record.value)

/** The rows in a record: before and after, or the row alone. */
export function rowsOf(record: TopicRecord): Branch[] {
  const value = payloadOf(record)
  if (value === undefined) return []
  if (value.get('op') === undefined) return [value]
  return [value.get('before'), value.get('after')].filter((one) => one instanceof Branch)
}

/** The operation of an envelope, without quotes. */
export function opOf(record: TopicRecord): string {
  return String(payloadOf(record)?.get('op') ?? '').replaceAll('"', '')
}

/** The structs of rows in a value's schema. */
export function rowSchemas(record: TopicRecord): Branch[] {
  const schema = record.value instanceof Branch ? record.value.get('schema') : undefined
  if (!(schema instanceof Branch)) return []
  const fields = schema.get('fields') as Branch[]
  const structs = fields.filter((field) => ['"before"', '"after"'].includes(String(field.get('field'))))
  return structs.length > 0 ? structs : [schema]
}

/** Replaces a cell, where it is what is expected. */
export function mendCell(record: TopicRecord, column: string, from: string | RegExp, to: string): boolean {
  let done = false
  for (const row of rowsOf(record)) {
    const cell = row.get(column)
    if (cell === undefined) continue
    const text = treeText(cell)
    if (typeof from === 'string' ? text !== from : !from.test(text)) continue
    row.set(column, parseTree(to))
    done = true
  }
  return done
}

/** Replaces the schema of a field in every row; `field` comes last in it. undefined: takes it out. */
export function mendField(record: TopicRecord, column: string, change: (text: string) => string | undefined): boolean {
  let done = false
  for (const struct of rowSchemas(record)) {
    // schemas are shared between records
    const fields = (struct.get('fields') as Branch[]).flatMap((field) => {
      if (field.get('field') !== JSON.stringify(column)) return [field]
      const [before, after] = [treeText(field), change(treeText(field))]
      done ||= before !== after
      return after === undefined ? [] : [parseTree(after)]
    })
    struct.set('fields', fields)
  }
  return done
}

export const isTopic = (record: TopicRecord, table: string) => record.topic === `srv1.public.${table}`

/** The id of the row in a record. */
export const idOf = (record: TopicRecord) => String(rowsOf(record)[0]?.get('id') ?? '')
