import type { EncodedRecord, Encoder, RowChange, Truncate } from '@cdc/core'
import type { Clock } from '../clock.ts'
import type { Settings } from '../settings.ts'
import { type Event, eventsOf, type Headers, noHeaders, tableRecord } from './events.ts'
import type { HandledAt } from './handled-at.ts'
import { type TableParts, type Wrapping, wrapping } from './table-parts.ts'
import type { TransactionOrder } from './transaction-order.ts'

/** What all encoders of one instance of the format share. */
export interface EncodeContext {
  readonly settings: Settings
  readonly clock: Clock
  readonly handled: HandledAt
  readonly order: TransactionOrder
  readonly headers: Headers
}

/** Writes changes of one table as Debezium's envelopes. */
export class EnvelopeEncoder implements Encoder {
  readonly oneLine = true
  readonly #parts: TableParts
  readonly #context: EncodeContext
  readonly #wrapping: Wrapping

  constructor(parts: TableParts, context: EncodeContext) {
    this.#parts = parts
    this.#context = context
    this.#wrapping = wrapping(parts.envelopeSchema(context.settings), context.settings.value.schemas)
  }

  encode(change: RowChange | Truncate): readonly EncodedRecord[] {
    const { settings, headers } = this.#context
    const parts = this.#parts
    const events = eventsOf(change, parts, settings)
    const [first] = events
    // nearly all changes are one event and one record
    if (events.length === 1 && first!.op !== 'd')
      return [tableRecord(parts.wrapped(first!.key), this.#value(first!), headers)]
    return events.flatMap((event) => {
      const key = parts.wrapped(event.key)
      const own = event.headers === noHeaders ? headers : { ...event.headers, ...headers }
      const record = tableRecord(key, this.#value(event), own)
      return event.op === 'd' && settings.tombstones ? [record, tableRecord(key, null, own)] : [record]
    })
  }

  #value({ op, before, after, origin }: Event): string {
    const { settings, order, handled } = this.#context
    const { rows, source, collection } = this.#parts
    const old = before === undefined ? 'null' : `${rows.openOld(before)}}`
    const now = after === undefined ? 'null' : `${rows.open(after, before)}}`
    const transaction = settings.transactions ? order.next(origin, collection) : 'null'
    const { open, close } = this.#wrapping
    return `${open}{"before":${old},"after":${now},"source":${source.text(origin)},"transaction":${transaction},"op":"${op}",${handled.fields()}}${close}`
  }
}
