import type { Boundary, BoundaryEncoder, EncodedRecord, Message } from '@cdc/core'
import type { BoundaryRecords, ConnectSchema } from '@cdc/debezium-json/envelope'
import { textToAvro } from '../encode/json-writer.ts'
import { error } from '../errors.ts'
import { AvroWriter } from '../wire/avro-writer.ts'

type Kind = 'message' | 'transaction' | 'heartbeat'

/** The schemas of one kind of record, and what names them. */
export interface BoundarySchemas {
  readonly key: ConnectSchema
  readonly value: ConnectSchema
  readonly keyFrame: Uint8Array
  readonly valueFrame: Uint8Array
}

/** Logical messages, bounds of transactions and heartbeats: debezium-json's, in Avro's bytes. They are few. */
export class AvroBoundaryEncoder implements BoundaryEncoder {
  readonly #records: BoundaryRecords
  readonly #schemas: Map<Kind, BoundarySchemas>
  readonly #messages: () => Promise<BoundarySchemas>
  readonly #writer = new AvroWriter()

  /** `messages` is asked with the first message: most databases never have one, and need no schemas for them. */
  constructor(
    records: BoundaryRecords,
    schemas: ReadonlyMap<Kind, BoundarySchemas>,
    messages: () => Promise<BoundarySchemas>,
  ) {
    this.#records = records
    this.#schemas = new Map(schemas)
    this.#messages = messages
  }

  prepare({ kind }: Message | Boundary): Promise<void> | undefined {
    if (kind !== 'message' || this.#schemas.has('message')) return undefined
    return this.#messages().then((schemas) => void this.#schemas.set('message', schemas))
  }

  encode(change: Message | Boundary): readonly EncodedRecord[] {
    return this.#records.encode(change).map((record) => this.#avro(record))
  }

  heartbeat(): readonly EncodedRecord[] {
    return this.#records.heartbeat().map((record) => this.#avro(record))
  }

  #avro(record: EncodedRecord): EncodedRecord {
    const schemas = this.#schemas.get(record.destination as Kind)
    if (schemas === undefined)
      throw error('AVRO_SCHEMA_NOT_FETCHED', { message: 'A message came whose schemas were not asked for before.' })
    const { key, value, keyFrame, valueFrame } = schemas
    return {
      ...record,
      key: this.#part(key, keyFrame, record.key as string),
      value: this.#part(value, valueFrame, record.value as string),
    }
  }

  #part(schema: ConnectSchema, frame: Uint8Array, text: string): Uint8Array {
    this.#writer.begin()
    this.#writer.raw(frame)
    textToAvro(schema)(this.#writer, text)
    return this.#writer.end()
  }
}
