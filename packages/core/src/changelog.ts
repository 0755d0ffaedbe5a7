import type { RowChange, RowKind } from './change.ts'
import type { Row } from './value.ts'

/**
 * What kinds of rows a changelog holds. `append`: +I only. `upsert`: +I, +U, -D, and a delete or an old row needs
 * only its key. `retract`: all four, and every -U and -D is a whole row.
 */
export type ChangelogMode = 'append' | 'upsert' | 'retract'

const rank: Record<ChangelogMode, number> = { append: 0, upsert: 1, retract: 2 }

/** Can a sink that accepts `accepts` be fed with `emits`? Retract narrows to upsert; nothing widens. */
export function canFeed(emits: ChangelogMode, accepts: ChangelogMode): boolean {
  if (emits === 'append') return true
  if (accepts === 'append') return false
  return rank[emits] >= rank[accepts]
}

/** Calls `row` for each changelog row of a change: an update gives -U (when `before` is there) and +U. */
export function forEachRow(change: RowChange, row: (kind: RowKind, cells: Row) => void): void {
  if (change.kind === 'insert') row('+I', change.after)
  else if (change.kind === 'delete') row('-D', change.before)
  else {
    if (change.before !== undefined) row('-U', change.before)
    row('+U', change.after)
  }
}
