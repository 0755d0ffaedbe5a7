import { randomInt } from 'node:crypto'
import { kafkaError } from '../../errors.ts'
import type { Acknowledged, Member, PartitionOffset, Producer, ProducerOptions, SendRecords } from '../../port.ts'
import { groupByPartition } from '../../records/group-by-partition.ts'
import type { RecordList } from '../../records/record-list.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { Deadline } from '../deadline.ts'
import { type Delivered, SendQueue } from '../send-queue.ts'
import { Cluster } from './cluster.ts'
import { Delivery } from './delivery.ts'
import { type ProducerIdentity, Transactions } from './transactions.ts'

/** See `Producer` of the port. Sequence numbers and retries are ours; connections and codecs are the client's. */
export class PlatformaticProducer implements Producer {
  readonly #settings: KafkaSettings
  readonly #cluster: Cluster
  readonly #transactions: Transactions
  readonly #transactional: boolean
  readonly #sequences = new Map<string, number>()
  readonly #queue = new SendQueue((records, signal) => this.#deliver(records, signal))
  readonly #closed: () => void
  #identity: ProducerIdentity | undefined
  #open = false

  constructor(settings: KafkaSettings, { transactionalId, transactionTimeout }: ProducerOptions, closed: () => void) {
    this.#closed = closed
    this.#settings = settings
    this.#cluster = new Cluster(settings)
    this.#transactional = transactionalId !== undefined
    this.#transactions = new Transactions(
      this.#cluster,
      transactionalId ?? null,
      transactionTimeout ?? settings.transactionTimeout,
    )
  }

  send(records: SendRecords, signal?: AbortSignal): Promise<readonly Acknowledged[]> {
    return this.#queue.send(records, signal)
  }

  init(signal?: AbortSignal): Promise<ProducerIdentity> {
    if (!this.#transactional) throw misuse('init', 'has no transactional id')
    return this.#queue.call(async () => {
      this.#identity = await this.#transactions.init(signal)
      return this.#identity
    })
  }

  begin(): void {
    if (this.#queue.dead !== undefined) throw this.#queue.dead
    if (!this.#transactional || this.#identity === undefined) throw misuse('begin', 'has not been initialised')
    if (this.#open) throw misuse('begin', 'has an open transaction')
    this.#open = true
  }

  sendOffsets = (
    group: Member | { readonly groupId: string },
    offsets: readonly PartitionOffset[],
    signal?: AbortSignal,
  ): Promise<void> =>
    this.#queue.call(() => {
      this.#mustBeOpen('sendOffsets')
      return this.#transactions.addOffsets(group, offsets, signal)
    })

  commit(signal?: AbortSignal): Promise<void> {
    return this.#end(true, signal)
  }

  abort(signal?: AbortSignal): Promise<void> {
    return this.#end(false, signal)
  }

  async close(): Promise<void> {
    this.#queue.end(kafkaError('KAFKA_CLOSED', { message: 'The producer is closed.' }))
    this.#closed()
    await this.#cluster.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #end(commit: boolean, signal: AbortSignal | undefined): Promise<void> {
    return this.#queue.call(async () => {
      this.#mustBeOpen(commit ? 'commit' : 'abort')
      await this.#transactions.end(commit, signal)
      this.#open = false
      const renewed = await this.#transactions.renew(signal)
      if (renewed === undefined) return
      this.#identity = renewed
      this.#sequences.clear()
    })
  }

  #mustBeOpen(call: string): void {
    if (!this.#open) throw misuse(call, 'has no open transaction')
  }

  async #deliver(records: RecordList, signal: AbortSignal | undefined): Promise<Delivered> {
    if (records.length === 0) return { queues: [], acknowledged: [] }
    if (this.#transactional) this.#mustBeOpen('send')
    const patience = () => new Deadline(this.#settings.deliveryTimeout, 'acknowledge the records', signal)
    const deadline = patience()
    this.#identity ??= await this.#transactions.init(signal)
    const names = [...records.topics()]
    const topics = await this.#cluster.retry(deadline, () => this.#cluster.topics(names, 'write to'))
    const count = (topic: string) => topics.get(topic)!.partitions.length
    const queues = groupByPartition(records, count, randomInt(0x7fffffff), this.#settings)
    if (this.#transactional) await this.#transactions.addPartitions(queues, deadline)
    const delivery = new Delivery(this.#cluster, this.#identity, this.#sequences, this.#transactions.id)
    return { queues, acknowledged: await delivery.run(queues, patience) }
  }
}

function misuse(call: string, why: string): Error {
  return new TypeError(`${call}: the producer ${why}.`)
}
