import { type Change, isTableChange, type Table, tableName } from '@cdc/core'
import { error } from './errors.ts'
import { wholeMatch } from './select-tables.ts'

/**
 * A function between source and sinks. Gets the changes of one batch in order and gives what is to be written
 * instead. It sees `schema` changes too, and must change shapes and rows alike. Called again for the same changes
 * after a rewind, so it depends on nothing but its argument.
 */
export type Transform = (changes: readonly Change[]) => readonly Change[]

/** `from`: a regular expression for the whole of `schema.table`. `to`: the new name, with `$1` for its groups. */
export interface Route {
  readonly from: string
  readonly to: string
}

/** Renames tables on their way; the first route that matches wins, a table that none matches keeps its name. */
export function routeTables(routes: readonly Route[]): Transform {
  const compiled = routes.map(({ from, to }) => ({ from: wholeMatch(from), to }))
  const routed = new WeakMap<Table, Table>()
  const route = (table: Table): Table => {
    let result = routed.get(table)
    if (result === undefined) {
      result = rename(table, compiled)
      routed.set(table, result)
    }
    return result
  }
  return (changes) => changes.map((change) => (isTableChange(change) ? routeChange(change, route) : change))
}

function routeChange<C extends Change & { table: Table }>(change: C, route: (table: Table) => Table): C {
  const table = route(change.table)
  const previous = change.kind === 'schema' ? change.previous : undefined
  if (table === change.table) return change
  return { ...change, table, ...(previous === undefined ? {} : { previous: route(previous) }) }
}

function rename(table: Table, routes: readonly { from: RegExp; to: string }[]): Table {
  const name = tableName(table)
  const found = routes.find(({ from }) => from.test(name))
  if (found === undefined) return table
  const target = name.replace(found.from, found.to)
  const dot = target.indexOf('.')
  if (dot <= 0 || dot === target.length - 1) {
    const message = `The route from '${found.from.source.slice(4, -2)}' turns '${name}' into '${target}', which is not schema.table.`
    throw error('PIPELINE_INVALID', { message, hint: 'Write `to` as schema.table.', where: { table: name } })
  }
  return { ...table, schema: target.slice(0, dot), name: target.slice(dot + 1) }
}
