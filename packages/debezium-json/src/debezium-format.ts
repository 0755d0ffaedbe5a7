import type { BoundaryEncoder, Decoder, Encoder, Format, FormatContext, Table } from '@cdc/core'
import { type Clock, microsecondClock } from './clock.ts'
import { RecordDecoder } from './decode/record-decoder.ts'
import { BoundaryRecords } from './encode/boundary-records.ts'
import { type EncodeContext, EnvelopeEncoder } from './encode/envelope-encoder.ts'
import { HandledAt } from './encode/handled-at.ts'
import { hasLabels, LabelLearning } from './encode/label-learning.ts'
import { contextHeaders, TableParts } from './encode/table-parts.ts'
import { TransactionOrder } from './encode/transaction-order.ts'
import { UnwrapEncoder } from './encode/unwrap-encoder.ts'
import { runId } from './run-id.ts'
import type { Settings } from './settings.ts'

/** Debezium's change events in JSON. Encoders of one instance number the events of transactions together. */
export class DebeziumFormat implements Format {
  readonly #settings: Settings
  readonly #context: FormatContext
  readonly #shared: EncodeContext

  /** `clock` is for tests: what tells when an event was handled. */
  constructor(settings: Settings, context: FormatContext, clock: Clock = microsecondClock(), run = runId()) {
    this.#settings = settings
    this.#context = context
    this.#shared = {
      settings,
      clock,
      handled: new HandledAt(clock),
      order: new TransactionOrder(),
      headers: contextHeaders(settings, run),
    }
  }

  async encoder(table: Table): Promise<Encoder> {
    const { key, value } = this.#settings
    const make = (shape: Table) => this.#compile(shape)
    return (key.schemas || value.schemas) && hasLabels(table) ? new LabelLearning(table, make) : make(table)
  }

  #compile(table: Table): Encoder {
    const parts = new TableParts(table, this.#settings, this.#context.logger)
    const { unwrap } = this.#settings
    return unwrap === undefined
      ? new EnvelopeEncoder(parts, this.#shared)
      : new UnwrapEncoder(parts, this.#shared, unwrap)
  }

  async boundaries(): Promise<BoundaryEncoder> {
    return new BoundaryRecords(this.#shared)
  }

  async decoder(table?: Table): Promise<Decoder> {
    return new RecordDecoder(this.#settings, table)
  }
}
