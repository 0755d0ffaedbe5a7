import type { EncodedRecord, Encoder, RowChange, Truncate } from '@cdc/core'
import {
  type Clock,
  type Event,
  type EventKeys,
  eventsOf,
  type Headers,
  type Settings,
  type TransactionOrder,
  tableRecord,
  transactionSchema,
} from '@cdc/debezium-json/envelope'
import { textToAvro } from '../encode/json-writer.ts'
import { AvroWriter } from '../wire/avro-writer.ts'
import type { EnvelopeParts } from './envelope-parts.ts'

/** What all encoders of one instance of the format share. */
export interface EnvelopeContext {
  readonly settings: Settings
  readonly clock: Clock
  readonly order: TransactionOrder
  readonly headers: Headers
}

/** The bytes before a key and a value: what names their schemas. */
export interface Frames {
  readonly key: Uint8Array | undefined
  readonly value: Uint8Array
}

const transactionToAvro = textToAvro(transactionSchema)

/** The branches of the unions in the envelope. */
const ABSENT = 0
const PRESENT = 1

/** Writes changes of one table as Debezium's envelopes, as Confluent's AvroConverter does. */
export class EnvelopeEncoder implements Encoder {
  readonly #parts: EnvelopeParts
  readonly #context: EnvelopeContext
  readonly #frame: Uint8Array
  readonly #writer = new AvroWriter()
  readonly #keys: EventKeys<Uint8Array>

  constructor(parts: EnvelopeParts, context: EnvelopeContext, frames: Frames) {
    this.#parts = parts
    this.#context = context
    this.#frame = frames.value
    this.#keys = parts.keys(this.#writer, frames.key)
  }

  encode(change: RowChange | Truncate): readonly EncodedRecord[] {
    const { settings, headers } = this.#context
    const events = eventsOf(change, this.#keys, settings)
    const [first] = events
    // nearly all changes are one event and one record
    if (events.length === 1 && first!.op !== 'd') return [tableRecord(first!.key ?? null, this.#value(first!), headers)]
    return events.flatMap((event) => {
      const key = event.key ?? null
      const own = { ...event.headers, ...headers }
      const record = tableRecord(key, this.#value(event), own)
      return event.op === 'd' && settings.tombstones ? [record, tableRecord(key, null, own)] : [record]
    })
  }

  #value({ op, before, after, origin }: Event<Uint8Array>): Uint8Array {
    const { settings, order } = this.#context
    const { rows, source, collection } = this.#parts
    const writer = this.#writer
    writer.begin()
    writer.raw(this.#frame)
    writer.byte(before === undefined ? ABSENT : PRESENT << 1)
    if (before !== undefined) rows.writeOld(writer, before)
    writer.byte(after === undefined ? ABSENT : PRESENT << 1)
    if (after !== undefined) rows.write(writer, after, before)
    source.write(writer, origin)
    if (settings.transactions) transactionToAvro(writer, order.next(origin, collection))
    else writer.byte(ABSENT)
    writer.string(op)
    this.#handled(writer)
    return writer.end()
  }

  /** When the event was handled: in milliseconds, microseconds and nanoseconds. */
  #handled(writer: AvroWriter): void {
    const now = this.#context.clock()
    writer.byte(PRESENT << 1)
    writer.long(Math.floor(now / 1000))
    writer.byte(PRESENT << 1)
    writer.long(now)
    writer.byte(PRESENT << 1)
    writer.nanos(now)
  }
}
