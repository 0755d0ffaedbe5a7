import type { Cell } from '@cdc/core'
import type { ConnectSchema } from './connect-schema.ts'

export type Present = Exclude<Cell, null | undefined>

/** How the cells of one type are written, in one configuration. Every text is JSON. */
export interface Codec {
  /** As of a column that can be null; whoever makes a field of it decides that. */
  readonly schema: ConnectSchema
  /** undefined: it cannot be held in this mode. */
  write(cell: Present): string | undefined
  /** What stands for a cell that was not sent, in a column that cannot be null (`before` of a delete). */
  readonly filler: string
  /** Debezium says "optional" even of columns that cannot be null: it forgets the flag on geometric types. */
  readonly alwaysOptional?: true
  /** What stands for a large value that was not sent since it has not changed. Absent: nothing can. */
  readonly placeholder?: string
  /** Only where defaults go into schemas: the default of a column whose default is computed (`now()`). */
  readonly zero?: string
  /** Reads the text of a constant default into a cell. */
  readonly parse?: (text: string) => Present
}

export const asIs = (text: string): Present => text

/** The modes that decide how values look, with Debezium's names for what they may be. */
export interface ValueModes {
  readonly decimal: 'precise' | 'double' | 'string'
  readonly decimalFormat: 'BASE64' | 'NUMERIC'
  readonly time:
    | 'adaptive'
    | 'adaptive_time_microseconds'
    | 'connect'
    | 'isostring'
    | 'microseconds'
    | 'nanoseconds'
    | 'structured'
  readonly interval: 'numeric' | 'string'
  readonly binary: 'bytes' | 'base64' | 'base64-url-safe' | 'hex'
  readonly hstore: 'json' | 'map'
  /** Scale of money as a precise decimal. */
  readonly moneyDigits: number
  /** Are types that Debezium does not know written, as their text's bytes, or left out? */
  readonly unknown: boolean
  /** May arrays be nested? A schema has one level only. */
  readonly nested: boolean
  /** What stands for an unchanged large value. */
  readonly placeholder: { readonly text: string; readonly bytes: Buffer }
}
