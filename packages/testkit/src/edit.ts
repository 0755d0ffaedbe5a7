import type { Change, Delete, Insert, Message, SchemaChange, Truncate, Update } from '@cdc/core'

type Unplaced<C> = C extends Change ? Omit<C, 'origin'> : never

/** A change that has not happened yet, so it has no origin. What generators make and databases are told to do. */
export type Edit = Unplaced<Insert | Update | Delete | Truncate | SchemaChange | Message>

/** The same, of a table. */
export type TableEdit = Unplaced<Insert | Update | Delete | Truncate | SchemaChange>

/** Edits that are to become visible together. */
export type EditTransaction = readonly Edit[]

/** Is it an edit of a table? */
export function isTableEdit(edit: Edit): edit is TableEdit {
  return edit.kind !== 'message'
}
