import { CdcError, type Claim, failpoint, type Position, type SinkContext } from '@cdc/core'
import { isGroupClaim } from '../group-claim.ts'
import type { KafkaClient, Producer } from '../port.ts'
import type { OutgoingRecord } from '../records/record-pack.ts'
import { deliveryError } from './errors.ts'
import { GroupPlace } from './group-place.ts'
import { PositionTopic } from './position-topic.ts'
import { RecordWriter } from './record-writer.ts'

export interface DeliverySettings {
  readonly guarantee: 'none' | 'at-least-once' | 'exactly-once'
  /** Bytes of one send: below the request and batch that producer and topics allow. */
  readonly pieceBytes: number
  /** Only for exactly-once, as is the rest. */
  readonly transactionalId: string
  /** Present where several processes share the source: what ends the transactional id of this one. */
  readonly process: string | undefined
  readonly positionTopic: string
  readonly replicationFactor: number | undefined
  /** `transaction.timeout.ms`. */
  readonly transactionTimeout: number
  /** Records by key may be repeated: what there is of a snapshot table is committed when it is flushed. */
  readonly keyed: boolean
  /** May a transaction of the source that takes too long be committed in parts? */
  readonly split: boolean
}

/** How long the end of a transaction that is given up may take. Milliseconds. */
const abandonWithin = 2_000

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
  /** Present where the position is a group's. */
  #place: GroupPlace | undefined
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

  get #shared(): boolean {
    return this.#exact && this.#settings.process !== undefined
  }

  /**
   * Takes over from any former process: after this nothing of it can be committed any more. Of processes that share
   * the source each has an id of its own, and it is the group that refuses who has lost its partitions.
   */
  async open(): Promise<void> {
    const { pieceBytes, replicationFactor } = this.#settings
    if (this.#exact) await this.#positions.ensure(this.#client.admin(), replicationFactor)
    const producer = this.#newProducer()
    this.#producer = producer
    this.#writer = new RecordWriter(producer, pieceBytes)
    if (this.#exact) await producer.init()
  }

  #newProducer(): Producer {
    const { transactionalId, process, transactionTimeout } = this.#settings
    const own = process === undefined ? transactionalId : `${transactionalId}-${process}`
    return this.#client.producer(this.#exact ? { transactionalId: own, transactionTimeout } : {})
  }

  async claim(claim: Claim): Promise<void> {
    if (!isGroupClaim(claim)) throw new TypeError(`A claim of kind '${claim.kind}' is none of a consumer group.`)
    const { transactionalId, transactionTimeout } = this.#settings
    const { sink } = this.#context
    const [client, positions] = [this.#client, this.#positions]
    this.#place = await GroupPlace.take({ client, claim, positions, transactionalId, transactionTimeout, sink })
  }

  async position(): Promise<Position | undefined> {
    if (this.#shared) return this.#place?.position()
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
    if (this.#shared && this.#begun !== undefined) await this.#abandon()
  }

  /** Others wait for the offsets of a transaction that is open, and readers for its records: ended at once, if that can be. */
  async #abandon(): Promise<void> {
    const successor = this.#newProducer()
    await successor.init(AbortSignal.timeout(abandonWithin)).catch(() => undefined)
    await successor.close()
  }

  #begin(): void {
    this.#producer!.begin()
    this.#begun = performance.now()
  }

  async #commit(position: Position | undefined, signal: AbortSignal): Promise<void> {
    if (this.#begun === undefined) {
      if (this.#shared && (position === undefined || !this.#place?.moves(position))) return
      this.#begin()
    }
    try {
      // in one send with the last of the records
      if (position !== undefined && !this.#shared) await this.#writer.add([this.#positions.record(position)], signal)
      await this.#writer.send(signal)
      await this.#writer.settle()
      if (position !== undefined) await this.#place?.move(this.#producer!, position, signal)
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
    // nobody else has this process's id
    if (fenced && this.#shared)
      throw deliveryError('KAFKA_TRANSACTION_EXPIRED', {
        message: `The transaction was open for longer than transaction.timeout.ms=${transactionTimeout}.`,
        where: { sink: this.#context.sink },
        cause: failure,
      })
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
