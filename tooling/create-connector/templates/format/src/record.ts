import { error } from './errors.ts'

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** A row by the names of columns. One that is not there was not sent, which is something else than null. */
export type WrittenRow = Readonly<Record<string, Json>>

/** FILL IN: what is in a record. */
export interface Written {
  readonly kind: 'insert' | 'update' | 'delete' | 'truncate'
  readonly before?: WrittenRow
  readonly after?: WrittenRow
}

const kinds: readonly unknown[] = ['insert', 'update', 'delete', 'truncate']

/** Throws NEW_CONNECTOR_RECORD for anything else. */
export function parse(bytes: Uint8Array): Written {
  let read: Written | undefined
  try {
    read = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // is said below: the parser's own message would quote the record
  }
  if (kinds.includes(read?.kind) && isRow(read!.before) && isRow(read!.after)) return read!
  const message = `${bytes.length} bytes are no record of this format.`
  throw error('NEW_CONNECTOR_RECORD', { message })
}

const isRow = (row: unknown) => row === undefined || (typeof row === 'object' && row !== null)
