import type { Boundary, Change, Message, RowChange, Truncate } from './change.ts'
import type { Context } from './context.ts'
import type { CdcError } from './errors.ts'
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
  /** True: no key or value that it gives has a line feed in it. Then nobody who writes lines need look for one. */
  readonly oneLine?: boolean
  /** May give none (a tombstone that is switched off) or several records (a key change). */
  encode(change: RowChange | Truncate): readonly EncodedRecord[]
}

/** Encodes what belongs to no table. */
export interface BoundaryEncoder {
  /**
   * Only where encoding may need what is not known before a first change of its kind (an id from a registry): to be
   * awaited before `encode` of the same change. `undefined`: everything is at hand, as nearly always.
   */
  prepare?(change: Message | Boundary): Promise<void> | undefined
  encode(change: Message | Boundary): readonly EncodedRecord[]
  /**
   * A record that says that the pipeline is alive, when one is due. Sinks ask before each flush with a position, so
   * that it becomes durable with that and never twice; the source's positions without changes make such flushes also
   * when nothing happens.
   */
  heartbeat?(): readonly EncodedRecord[]
}

export interface Decoder {
  /**
   * Only where decoding may need what has to be asked for (the schema of a record, by its id): to be awaited before
   * `decode` of the same record. `undefined`: everything is at hand, as nearly always.
   */
  prepare?(key: Uint8Array | null, value: Uint8Array | null): Promise<void> | undefined
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
  /** The topic that a table's records go to, or those of a kind that belong to no table. Absent: the sink has none. */
  topic?(of: Table | 'transaction' | 'message' | 'heartbeat'): string
  /** Another format writes the keys: those that this one gives are not used. */
  readonly keysApart?: boolean
  /**
   * Called by a decoder, before `decode` returns, for the record that it leaves out because it cannot be read
   * (`ignore-parse-errors`): the source knows its place, and may keep it.
   */
  leftOut?(failure: CdcError): void
}
