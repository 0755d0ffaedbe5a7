import type { Boundary, BoundaryEncoder, EncodedRecord, Message } from '@cdc/core'
import type { BoundaryRecords, ConnectSchema } from '@cdc/debezium-json/envelope'
import { textToAvro } from '../encode/json-writer.ts'
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
  readonly #schemas: ReadonlyMap<Kind, BoundarySchemas>
  readonly #writer = new AvroWriter()

  constructor(records: BoundaryRecords, schemas: ReadonlyMap<Kind, BoundarySchemas>) {
    this.#records = records
    this.#schemas = schemas
  }

  encode(change: Message | Boundary): readonly EncodedRecord[] {
    return this.#records.encode(change).map((record) => this.#avro(record))
  }

  heartbeat(): readonly EncodedRecord[] {
    return this.#records.heartbeat().map((record) => this.#avro(record))
  }

  #avro(record: EncodedRecord): EncodedRecord {
    const { key, value, keyFrame, valueFrame } = this.#schemas.get(record.destination as Kind)!
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
