import { type Change, isTableChange, type Table, tableName } from '@cdc/core'
import { error } from './errors.ts'

/**
 * Which tables a sink takes: one or several patterns (comma list or array). Each is a regular expression that must
 * match the whole of `schema.table`. Changes that belong to no table pass.
 */
export function selectTables(
  patterns: string | readonly string[] | undefined,
): ((table: Table) => boolean) | undefined {
  if (patterns === undefined) return undefined
  const list = typeof patterns === 'string' ? splitList(patterns) : patterns
  const expressions = list.map((pattern) => wholeMatch(pattern))
  const known = new WeakMap<Table, boolean>()
  return (table) => {
    let taken = known.get(table)
    if (taken === undefined) {
      const name = tableName(table)
      taken = expressions.some((expression) => expression.test(name))
      known.set(table, taken)
    }
    return taken
  }
}

/** Splits at commas outside of brackets, so that `a{1,2}` and `(a,b)` stay whole. */
function splitList(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char)) depth--
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

export function wholeMatch(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch (cause) {
    const message = `'${pattern}' is not a regular expression: ${(cause as Error).message}`
    throw error('PIPELINE_INVALID', {
      message,
      hint: 'Write a regular expression for the whole of schema.table.',
      cause,
    })
  }
}

/** The changes of `changes` that `takes` wants; the same array when it wants all. */
export function keepTables(changes: readonly Change[], takes: (table: Table) => boolean): readonly Change[] {
  const keep = (change: Change) => !isTableChange(change) || takes(change.table)
  return changes.every(keep) ? changes : changes.filter(keep)
}
