import type { Boundary, Change, Message, RowChange, Truncate } from './change.ts'
import type { Context } from './context.ts'
import type { Table } from './table.ts'

/** One record for a log or a file. A null value is a tombstone; a null key means that there is none. */
export interface EncodedRecord {
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly headers?: Readonly<Record<string, string | Uint8Array | null>>
  /** Which stream of records it belongs to. The sink turns this into a topic or a file. */
  readonly destination: 'table' | 'transaction' | 'message' | 'heartbeat'
}

/** Compiled once a table shape. Synchronous per change. */
export interface Encoder {
  /** May give none (a tombstone that is switched off) or several records (a key change). */
  encode(change: RowChange | Truncate): readonly EncodedRecord[]
}

/** Encodes what belongs to no table. */
export interface BoundaryEncoder {
  encode(change: Message | Boundary): readonly EncodedRecord[]
  /** Asked after each batch, also an empty one: a record that says that the pipeline is alive, when one is due. */
  heartbeat?(): readonly EncodedRecord[]
}

export interface Decoder {
  /** `undefined` key or value: the record has none. Throws a `data` error for what cannot be read. */
  decode(key: Uint8Array | null, value: Uint8Array | null): readonly Change[]
}

/** A way to write changes down. Compiling is async (a registry may be asked); encoding is not. */
export interface Format {
  encoder(table: Table): Promise<Encoder>
  boundaries?(): Promise<BoundaryEncoder>
  /** `table`: the shape that rows are to have, where the format cannot tell. */
  decoder(table?: Table): Promise<Decoder>
  close?(): Promise<void>
}

export interface FormatContext extends Context {
  /** Is it the record's key or its value that this format writes? */
  readonly role: 'key' | 'value'
}
