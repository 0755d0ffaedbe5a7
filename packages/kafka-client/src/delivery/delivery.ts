import { failpoint, type Position, type SinkContext } from '@cdc/core'
import type { KafkaClient, Producer, ProducerRecord } from '../port.ts'
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

  /** Adds a record; sends on their way those before it when there are enough of them. Resolves soon. */
  add(record: ProducerRecord, size: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#exact && this.#begun === undefined) this.#begin()
    if (!this.#writer.isFull(size)) {
      this.#writer.add(record, size)
      return undefined
    }
    return this.#writer.send(signal).then(() => this.#writer.add(record, size))
  }

  /** Looks at the clock between two batches: what is open in the source may take longer than Kafka waits. */
  async checkTime(open: 'transaction' | 'table' | undefined, signal: AbortSignal): Promise<void> {
    const { transactionTimeout, split } = this.#settings
    if (open === undefined || this.#begun === undefined) return
    if (performance.now() - this.#begun < PATIENCE * transactionTimeout) return
    if (open === 'table' || split) return this.#commit(undefined, signal)
    throw deliveryError('KAFKA_TRANSACTION_TOO_LONG', {
      message: `A transaction of the source is open for ${Math.round(PATIENCE * transactionTimeout)} ms, which is ${PATIENCE} of transaction.timeout.ms, and is not at its end.`,
      where: { sink: this.#context.sink },
    })
  }

  /** Everything added is acknowledged (exactly once: committed) when it resolves, with the position. */
  async flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    if (this.#exact) {
      if (position !== undefined || this.#begun !== undefined) await this.#commit(position, signal)
      return
    }
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
    // in one send with the last of the records
    if (position !== undefined) this.#writer.add(this.#positions.record(position), 0)
    await this.#writer.send(signal)
    await this.#writer.settle()
    await failpoint('sink.commit')
    await this.#producer!.commit(signal)
    await failpoint('sink.committed')
    this.#begun = undefined
  }
}
