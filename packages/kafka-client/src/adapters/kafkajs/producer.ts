import { randomInt } from 'node:crypto'
import type { Message, Producer as Sender, Transaction } from 'kafkajs'
import { connectionError } from '../../errors/network-error.ts'
import { kafkaError } from '../../errors.ts'
import type { Acknowledged, Admin, Producer, ProducerOptions, ProducerRecord, SendRecords } from '../../port.ts'
import { codecNames } from '../../records/codecs.ts'
import { groupByPartition } from '../../records/group-by-partition.ts'
import type { PartitionQueue } from '../../records/partition-queue.ts'
import { noteRecord } from '../../records/record-at-fault.ts'
import type { RecordList } from '../../records/record-list.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { Deadline } from '../deadline.ts'
import { Cluster } from '../platformatic/cluster.ts'
import { type Delivered, SendQueue } from '../send-queue.ts'
import { makeKafka } from './kafka.ts'

const messageTooLarge = 'KAFKA_RECORD_TOO_LARGE'

/**
 * See `Producer` of the port. Concurrent sends of kafkajs lose their order, so one request is under way at a time, for
 * one partition: what failed is then known.
 */
export class KafkajsProducer implements Producer {
  readonly #settings: KafkaSettings
  readonly #admin: Admin
  readonly #sender: Sender
  readonly #transactionalId: string | undefined
  readonly #queue = new SendQueue((records, signal) => this.#deliver(records, signal))
  readonly #counts = new Map<string, { readonly count: number; readonly at: number }>()
  #connected: Promise<void> | undefined
  #initialised = false
  #transaction: Transaction | undefined
  #open = false

  constructor(settings: KafkaSettings, options: ProducerOptions, admin: Admin) {
    this.#settings = settings
    this.#admin = admin
    this.#transactionalId = options.transactionalId
    this.#sender = makeKafka(settings).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      metadataMaxAge: settings.metadataMaxAge,
      transactionTimeout: options.transactionTimeout ?? settings.transactionTimeout,
      ...(options.transactionalId === undefined ? {} : { transactionalId: options.transactionalId }),
    })
  }

  send(records: SendRecords, signal?: AbortSignal): Promise<readonly Acknowledged[]> {
    return this.#queue.send(records, signal)
  }

  /** kafkajs takes over the id at its first transaction: an empty one, which asks nothing more of the broker. */
  init(signal?: AbortSignal): Promise<undefined> {
    if (this.#transactionalId === undefined) throw new TypeError('init: the producer has no transactional id.')
    return this.#queue.call(async () => {
      await this.#within(
        this.#settings.apiTimeout,
        `take over transactional id '${this.#transactionalId}'`,
        signal,
        async () => {
          await this.#findCoordinator()
          await this.#connect()
          const empty = await this.#sender.transaction()
          await empty.abort()
        },
      )
      this.#initialised = true
      return undefined
    })
  }

  begin(): void {
    if (this.#queue.dead !== undefined) throw this.#queue.dead
    if (!this.#initialised) throw new TypeError('begin: the producer has not been initialised.')
    if (this.#open) throw new TypeError('begin: the producer has an open transaction.')
    this.#open = true
  }

  commit(signal?: AbortSignal): Promise<void> {
    return this.#end('commit', signal)
  }

  abort(signal?: AbortSignal): Promise<void> {
    return this.#end('abort', signal)
  }

  async close(): Promise<void> {
    this.#queue.end(kafkaError('KAFKA_CLOSED', { message: 'The producer is closed.' }))
    // it may be trying again in vain, which it does not give up for a disconnect
    await Promise.race([
      this.#sender.disconnect().catch(() => undefined),
      new Promise((done) => setTimeout(done, 1_000)),
    ])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #end(how: 'commit' | 'abort', signal: AbortSignal | undefined): Promise<void> {
    return this.#queue.call(async () => {
      if (!this.#open) throw new TypeError(`${how}: the producer has no open transaction.`)
      const transaction = this.#transaction
      if (transaction !== undefined)
        await this.#within(this.#settings.apiTimeout, `${how} transaction '${this.#transactionalId}'`, signal, () =>
          transaction[how](),
        )
      this.#transaction = undefined
      this.#open = false
    })
  }

  async #deliver(records: RecordList, signal: AbortSignal | undefined): Promise<Delivered> {
    if (records.length === 0) return { queues: [], acknowledged: [] }
    if (this.#transactionalId !== undefined && !this.#open)
      throw new TypeError('send: the producer has no open transaction.')
    await this.#within(this.#settings.deliveryTimeout, 'connect', signal, () => this.#connect())
    const counts = await this.#partitionCounts([...records.topics()], signal)
    if (this.#open)
      this.#transaction ??= await this.#within(this.#settings.apiTimeout, 'begin a transaction', signal, () =>
        this.#sender.transaction(),
      )
    const queues = groupByPartition(records, (topic) => counts.get(topic)!, randomInt(0x7fffffff), this.#settings)
    const acknowledged: Acknowledged[] = []
    for (const queue of queues) while (!queue.finished) await this.#sendNext(queue, acknowledged, signal)
    return { queues, acknowledged }
  }

  async #sendNext(queue: PartitionQueue, acknowledged: Acknowledged[], signal: AbortSignal | undefined): Promise<void> {
    const { topic, partition } = queue
    const end = queue.nextEnd()
    const count = end - queue.done
    const what = `write to topic '${topic}', partition ${partition}`
    try {
      const messages = queue.places
        .slice(queue.done, end)
        .map((place) => messageOf(queue.list.record(place), partition))
      const compression = codecNames.indexOf(this.#settings.compression)
      const [answer] = await this.#within(this.#settings.deliveryTimeout, what, signal, () =>
        (this.#transaction ?? this.#sender).send({ topic, messages, acks: -1, compression }),
      )
      const baseOffset = BigInt(answer?.baseOffset ?? -1)
      const last = acknowledged.findLast((one) => one.topic === topic && one.partition === partition)
      if (baseOffset < (last === undefined ? 0n : last.baseOffset + BigInt(last.count)))
        throw kafkaError('KAFKA_ACKNOWLEDGEMENT', {
          message: `Kafka acknowledged offset ${baseOffset} when asked to ${what}.`,
        })
      acknowledged.push({ topic, partition, baseOffset, count })
      queue.done = end
    } catch (error) {
      if (!isTooLarge(error)) throw error
      if (count === 1) {
        noteRecord(error as object, queue.places[queue.done]!)
        throw error
      }
      queue.halve(end)
    }
  }

  /** kafkajs keeps the coordinator's reason for a no to itself. */
  async #findCoordinator(): Promise<void> {
    const cluster = new Cluster(this.#settings)
    try {
      const deadline = new Deadline(this.#settings.apiTimeout, 'find the coordinator')
      await cluster.retry(deadline, () => cluster.coordinator('transaction', this.#transactionalId!))
    } finally {
      await cluster.close()
    }
  }

  #connect(): Promise<void> {
    this.#connected ??= this.#sender.connect()
    return this.#connected
  }

  async #partitionCounts(topics: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, number>> {
    const fresh = Date.now() - this.#settings.metadataMaxAge
    const asked = topics.filter((topic) => (this.#counts.get(topic)?.at ?? 0) < fresh)
    const found = await this.#admin.describe(asked, signal)
    for (const topic of asked) {
      const count = found.get(topic)?.partitions.length
      if (count === undefined) throw kafkaError('KAFKA_TOPIC_MISSING', { message: `Topic '${topic}' does not exist.` })
      this.#counts.set(topic, { count, at: Date.now() })
    }
    return new Map(topics.map((topic) => [topic, this.#counts.get(topic)!.count]))
  }

  async #within<T>(time: number, what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const deadline = new Deadline(time, what, signal)
    try {
      return await deadline.race(work())
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw error
      throw connectionError(error, what)
    }
  }
}

function messageOf({ key, value, headers, timestamp }: ProducerRecord, partition: number): Message {
  const grouped: Record<string, Buffer[]> = Object.create(null)
  for (const [name, text] of headers ?? []) {
    grouped[name] ??= []
    // kafkajs has no header without a value
    grouped[name].push(text ?? Buffer.alloc(0))
  }
  return {
    partition,
    key,
    value,
    ...(headers === undefined ? {} : { headers: grouped }),
    ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === messageTooLarge
}
