import { CdcError, failpoint, type Position, type SinkContext } from '@cdc/core'
import type { KafkaClient, Producer } from '../port.ts'
import type { OutgoingRecord } from '../records/record-pack.ts'
import { deliveryError } from './errors.ts'
import { PositionTopic } from './position-topic.ts'
import { RecordWriter } from './record-writer.ts'

export interface DeliverySettings {
  readonly guarantee: 'none' | 'at-least-once' | 'exactly-once'
  /** Bytes of one send: below the request and batch that producer and topics allow. */
  readonly pieceBytes: number
  /** Only for exactly-once, as is the rest. */
  readonly transactionalId: string
  readonly positionTopic: string
  readonly replicationFactor: number | undefined
  /** `transaction.timeout.ms`. */
  readonly transactionTimeout: number
  /** Records by key may be repeated: what there is of a snapshot table is committed when it is flushed. */
  readonly keyed: boolean
  /** May a transaction of the source that takes too long be committed in parts? */
  readonly split: boolean
}

/** Of the time that a Kafka transaction may stay open, what may go by before it is ended. */
const PATIENCE = 0.8

/**
 * Writes records and, exactly once, the position that they lead to in the same Kafka transaction. One instance a life
 * of a sink; after a throw it is dead, as its producer is.
 */
export class Delivery {
  readonly #client: KafkaClient
  readonly #settings: DeliverySettings
  readonly #context: SinkContext
  readonly #positions: PositionTopic
  #producer: Producer | undefined
  #writer!: RecordWriter
  /** When the Kafka transaction that is open was begun. */
  #begun: number | undefined

  constructor(client: KafkaClient, settings: DeliverySettings, context: SinkContext) {
    this.#client = client
    this.#settings = settings
    this.#context = context
    this.#positions = new PositionTopic(client, settings.positionTopic, context.pipeline, context.sink)
  }

  get #exact(): boolean {
    return this.#settings.guarantee === 'exactly-once'
  }

  /** Takes over from any former process: after this nothing of it can be committed any more. */
  async open(): Promise<void> {
    const { transactionalId, transactionTimeout, pieceBytes, replicationFactor } = this.#settings
    if (this.#exact) await this.#positions.ensure(this.#client.admin(), replicationFactor)
    const producer = this.#client.producer(this.#exact ? { transactionalId, transactionTimeout } : {})
    this.#producer = producer
    this.#writer = new RecordWriter(producer, pieceBytes)
    if (this.#exact) await producer.init()
  }

  async position(): Promise<Position | undefined> {
    return this.#exact ? this.#positions.read(this.#client.admin()) : undefined
  }

  /** From here on no send is larger than this. Bytes. */
  narrow(pieceBytes: number): void {
    this.#writer.narrow(pieceBytes)
  }

  /** Adds records; sends on their way those before them when there are enough. A promise only where one has to wait. */
  add(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<void> | undefined {
    if (this.#exact && this.#begun === undefined) this.#begin()
    const waiting = this.#writer.add(records, signal)
    return waiting?.catch((failure: unknown) => this.#failed(failure))
  }

  /** Looks at the clock between two batches: what is open in the source may take longer than Kafka waits. */
  async checkTime(open: 'transaction' | 'table' | undefined, signal: AbortSignal): Promise<void> {
    const { transactionTimeout, split } = this.#settings
    if (open === undefined || this.#begun === undefined) return
    if (performance.now() - this.#begun < PATIENCE * transactionTimeout) return
    if (open === 'table' || split) return this.#commit(undefined, signal)
    throw this.#tooLong(`${PATIENCE * transactionTimeout} ms, which is ${PATIENCE} of transaction.timeout.ms,`)
  }

  /**
   * Everything added is acknowledged (exactly once: committed) when it resolves, with the position. Without one the
   * rows of a snapshot table stay in the open transaction as long as that can wait, since a log would have them twice
   * when the table is begun again.
   */
  async flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    const { keyed } = this.#settings
    if (this.#exact && (position !== undefined || (keyed && this.#begun !== undefined)))
      return this.#commit(position, signal)
    await this.#writer.send(signal)
    if (this.#settings.guarantee === 'at-least-once') await this.#writer.settle()
  }

  async close(): Promise<void> {
    await this.#producer?.close()
  }

  #begin(): void {
    this.#producer!.begin()
    this.#begun = performance.now()
  }

  async #commit(position: Position | undefined, signal: AbortSignal): Promise<void> {
    if (this.#begun === undefined) this.#begin()
    try {
      // in one send with the last of the records
      if (position !== undefined) await this.#writer.add([this.#positions.record(position)], signal)
      await this.#writer.send(signal)
      await this.#writer.settle()
      await failpoint('sink.commit')
      await this.#producer!.commit(signal)
    } catch (failure) {
      this.#failed(failure)
    }
    await failpoint('sink.committed')
    this.#begun = undefined
  }

  /** Who wrote nothing for too long is fenced as by another process; it is told apart by our own clock. */
  #failed(failure: unknown): never {
    const { transactionTimeout } = this.#settings
    const fenced = CdcError.is(failure) && failure.code === 'KAFKA_PRODUCER_FENCED'
    const age = this.#begun === undefined ? 0 : performance.now() - this.#begun
    if (!fenced || age < transactionTimeout) throw failure
    throw this.#tooLong(`${Math.round(age)} ms, longer than transaction.timeout.ms,`, failure)
  }

  #tooLong(how: string, cause?: unknown): CdcError {
    return deliveryError('KAFKA_TRANSACTION_TOO_LONG', {
      message: `A transaction of the source, or a table of its snapshot, is open for ${how} and is not at its end.`,
      where: { sink: this.#context.sink },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}
